//! The live commands in a terminal, as a person sees them: the real `lifeboot` at an emulated micro:bit.

#[cfg(feature = "deep")]
mod boards;

use crate::reported;
use lifeboot_core::Slot;
use lifeboot_tests::bench::{Bench, image, save, version};
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_tests::product::{self, MICROBIT};
use rexpect::session::{PtySession, spawn_command};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Milliseconds after which a terminal that does not show the expected text counts as hanging.
const HANGS: u64 = 120_000;

/// The command, without any settings of this machine's user. On a CI server `CI` is set, which turns colours on
/// whatever the terminal's name.
pub fn lifeboot(arguments: &[&str]) -> Command {
    let mut command = Command::new(product::host_tool().unwrap());
    let personal =
        |name: &str| name.starts_with("LIFEBOOT_") || ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"].contains(&name);
    for (name, _) in std::env::vars().filter(|(name, _)| personal(name)) {
        command.env_remove(name);
    }
    command.args(arguments).env("TERM", "xterm").current_dir(product::root());
    command
}

fn in_terminal(arguments: &[&str]) -> PtySession {
    spawn(lifeboot(arguments))
}

/// Starts a command in a terminal.
pub fn spawn(command: Command) -> PtySession {
    spawn_command(command, Some(HANGS)).unwrap()
}

/// Presses Ctrl-C, and checks that the command ends with success. Returns the rest of its output.
fn interrupt(mut session: PtySession) -> String {
    session.send_control('c').unwrap();
    ended(session, 0)
}

/// Checks that the command ends with this status. Returns the rest of its output.
fn ended(mut session: PtySession, expected: i32) -> String {
    let rest = session.exp_eof().unwrap();
    // The type of this is not the crate's own.
    let status = format!("{:?}", session.process().wait().unwrap());
    assert!(status.starts_with("Exited(") && status.ends_with(&format!(", {expected})")), "{status}: {rest}");
    rest
}

fn text(output: &Output) -> (String, String) {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8(bytes.clone()).unwrap());
    assert!(output.status.success(), "{out}{err}");
    (out, err)
}

pub fn elf(features: &[&str]) -> String {
    product::firmware(&MICROBIT, Slot::A, features).unwrap().display().to_string()
}

#[test]
fn a_monitor_shows_the_log_with_colours_and_ends_with_ctrl_c() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let (port, elf) = (bench.board.port(), elf(&[]));
    let mut session = in_terminal(&["monitor", "--port", &port, "--elf", &elf]);
    session.exp_string("the device runs 1.0.0 in slot A, confirmed").unwrap();
    // Level in colour, message, place; the time is the host's.
    session
        .exp_regex(r"\+[0-9]+\.[0-9]{3} \x1b\[34mDEBUG\x1b\[0m blinked [0-9]+ times  \x1b\[2mfirmware-example/src/blink.rs:[0-9]+\x1b\[0m")
        .unwrap();
    let rest = interrupt(session);
    assert!(rest.contains("interrupted: "), "{rest}");

    // Without a terminal there are plain lines, and in a script a text ends it.
    let plain =
        lifeboot(&["monitor", "--port", &port, "--elf", &elf, "--until", "blinked", "--for", "60"]).output().unwrap();
    let (out, _) = text(&plain);
    assert!(out.contains(" DEBUG blinked ") && !out.contains('\u{1b}'), "{out}");
    assert!(out.lines().last().unwrap().starts_with("the text was shown: "), "{out}");
}

#[test]
fn a_session_is_recorded_and_replayed_with_the_same_text() {
    let old = elf(&[]);
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let port = bench.board.port();
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("session.jsonl").display().to_string();
    let arguments =
        ["monitor", "--port", &port, "--elf", &old, "--until", "blinked", "--for", "60", "--record", &record];
    let (live, _) = text(&lifeboot(&arguments).output().unwrap());
    let (again, _) =
        text(&lifeboot(&["monitor", "--elf", &old, "--replay", &record, "--until", "blinked"]).output().unwrap());
    assert_eq!(live, again);
    // The file of another build is not accepted for it.
    let other = elf(&["panic-later"]);
    let (wrong, _) = text(&lifeboot(&["monitor", "--elf", &other, "--replay", &record]).output().unwrap());
    assert!(wrong.contains("and that is another build than ") && !wrong.contains("blinked"), "{wrong}");
    assert!(fs::read_to_string(&record).unwrap().starts_with("{\"lifeboot_recording\":1}\n"));
}

#[test]
fn a_push_shows_its_bar_and_the_logs_of_both_firmwares_above_it() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let (port, old, new) = (bench.board.port(), elf(&[]), elf(&["panic-later"]));
    let bad = save(&image(&MICROBIT, &["panic-later"], version(2), 0).unwrap(), "terminal-bad.img").unwrap();
    let bad = bad.display().to_string();
    let mut session = in_terminal(&["push", &bad, "--port", &port, "--monitor", "--elf", &old, "--elf", &new]);
    session.exp_regex(r"sending \[.*\] .* of .*/s, .* left").unwrap();
    session.exp_regex("blinked [0-9]+ times").unwrap();
    session.exp_string("the new firmware runs on trial").unwrap();
    session.exp_string("started from slot B, trial: true").unwrap();
    session.exp_string("panicked at firmware-example/src/main.rs").unwrap();
    let rest = session.exp_eof().unwrap();
    assert!(
        rest.contains("error") && rest.contains("the device rolled back: it did not confirm in any of its starts"),
        "{rest}"
    );

    // It is refused from now on, and the refusal says what to type; a shorter digest is not enough.
    let refused = lifeboot(&["push", &bad, "--port", &port]).output().unwrap();
    let words = String::from_utf8(refused.stderr).unwrap();
    let digest = words.split("--force ").nth(1).unwrap().trim().to_owned();
    assert_eq!((refused.status.code(), digest.len()), (Some(1), 32), "{words}");
    let short = lifeboot(&["push", &bad, "--port", &port, "--force", &digest[..8]]).output().unwrap();
    assert_eq!(short.status.code(), Some(2));
    let forced =
        lifeboot(&["push", &bad, "--port", &port, "--force", &digest, "--no-wait", "--json"]).output().unwrap();
    let (out, _) = text(&forced);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| reported::read("push", line)).collect();
    assert_eq!(lines.last().unwrap()["outcome"], "marked", "{out}");
    assert!(lines.iter().any(|line| line["event"] == "step"), "{out}");
}

#[test]
fn an_error_has_colours_in_a_terminal_unless_they_are_not_wanted() {
    let shown = |variables: &[(&str, &str)]| {
        let mut command = lifeboot(&["inspect", "none.img"]);
        command.envs(variables.iter().copied());
        ended(spawn(command), 1)
    };
    let coloured = "\x1b[1m\x1b[31merror\x1b[0m: cannot read none.img\r\n\x1b[1m\x1b[36m  because\x1b[0m: ";
    assert!(shown(&[]).starts_with(coloured), "{:?}", shown(&[]));
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let shown = shown(&[variable]);
        assert!(shown.starts_with("error: cannot read none.img\r\n  because: "), "{variable:?}: {shown:?}");
    }
}

/// The logs of a bootloader built for development and of the firmware, in one stream.
fn both_logs<B: Emulated>() {
    let (key, public) = product::demo_key("demo").unwrap();
    let bootloader = product::bootloader_with(&B::TARGET, &[public], &["defmt"]).unwrap();
    let elf = product::firmware(&B::TARGET, Slot::A, &[]).unwrap();
    let signed = |major| product::sign(&B::TARGET, &elf, version(major), 0, &key).unwrap();
    let board = B::power_on(&product::factory_flash(&B::TARGET, &bootloader, &signed(1)).unwrap()).unwrap();
    let new = save(&signed(2), &format!("terminal-both-{}.img", B::TARGET.feature)).unwrap();
    let [new, elf, bootloader] = [new, elf, bootloader].map(|path| path.display().to_string());
    let port = board.port();
    let arguments = ["push", &new, "--port", &port, "--monitor", "--elf", &elf, "--bootloader", &bootloader];
    let (out, _) = text(&lifeboot(&arguments).output().unwrap());
    let messages = [
        "INFO  bootloader reset by request  bootloader/src/log.rs:",
        "INFO  bootloader starts slot B on trial  bootloader/src/log.rs:",
        "INFO  firmware   started from slot B, trial: true  firmware-example/src/main.rs:",
    ];
    let mut rest = &out[..];
    for message in messages {
        let (_, behind) = rest.split_once(message).unwrap_or_else(|| panic!("no {message} in its place: {out}"));
        rest = behind;
    }
}

#[test]
fn the_bootloaders_log_comes_before_the_firmwares_on_thumbv6m() {
    both_logs::<Microbit>();
}

#[test]
fn a_watch_pushes_what_changes_and_says_what_comes_of_it() {
    // It would fail its self-test, but confirmed firmware is not tested.
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &["fail-self-test"], version(1), 0).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let watched = folder.path().join("app.elf");
    let put = |features: &[&str]| fs::copy(elf(features), &watched).unwrap();
    put(&["fail-self-test"]);
    product::demo_key("demo").unwrap();
    let key = product::output().unwrap().join("keys/demo.pem").display().to_string();
    let (port, path) = (bench.board.port(), watched.display().to_string());
    let mut session =
        in_terminal(&["watch", "--no-build", &path, "--key", &key, "--version", "1.2.3", "--port", &port]);
    session.exp_string("watch: the device runs it already: 1.0.0 in slot A, confirmed").unwrap();
    session.exp_string("watch: waiting for a change of ").unwrap();
    // What runs is monitored meanwhile.
    session.exp_regex("blinked [0-9]+ times").unwrap();

    put(&[]);
    session.exp_string("watch: pushing 1.2.3\r\n").unwrap();
    session.exp_string("started from slot B, trial: true").unwrap();
    session.exp_string("confirmed after ").unwrap();
    session.exp_string("watch: 1.2.3 runs and is confirmed").unwrap();
    session.exp_string("watch: waiting for a change of ").unwrap();

    put(&["panic-later"]);
    session.exp_string("watch: pushing 1.2.3+1\r\n").unwrap();
    session.exp_string("panicked at firmware-example/src/main.rs").unwrap();
    session
        .exp_string(
            "watch: not done: the device rolled back: it did not confirm in any of its starts; the last start ended by a \
             fault or a panic",
        )
        .unwrap();
    session.exp_string("watch: waiting for a change of ").unwrap();
    session.exp_regex("blinked [0-9]+ times").unwrap();

    put(&["panic-later", "fail-self-test"]);
    session.exp_string("watch: pushing 1.2.3+2\r\n").unwrap();
    session.exp_string("the self-test failed: going back").unwrap();
    session.exp_string("watch: not done: the device rolled back: the firmware or a host requested a rollback").unwrap();
    // Not the last rejected one, but still remembered.
    put(&["panic-later"]);
    session.exp_string("watch: the device has rejected this very build before: it did not confirm").unwrap();
    put(&["never-confirm"]);
    session.exp_string("watch: pushing 1.2.3+3").unwrap();
    // Also while it waits for the end of a trial.
    session.exp_string("the new firmware runs on trial").unwrap();
    let rest = interrupt(session);
    assert!(rest.contains("interrupted: 0 builds and 0 failed ones, 1 pushes confirmed and 2 failed"), "{rest}");
}

#[test]
fn a_watch_without_a_terminal_says_the_same_to_a_program() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    product::demo_key("demo").unwrap();
    let key = product::output().unwrap().join("keys/demo.pem").display().to_string();
    let (folder, port) = (tempfile::tempdir().unwrap(), bench.board.port());
    let sources = folder.path().display().to_string();
    let made = folder.path().join("app.elf");
    // Builds only where there is something to build.
    let line = format!("cp {} {}", folder.path().join("source").display(), made.display());
    let made = made.display().to_string();
    let relink = format!("cp {} \"$LIFEBOOT_RELINKED\"", product::firmware(&MICROBIT, Slot::B, &[]).unwrap().display());
    let arguments = [
        &["watch", "--build", &line, "--elf", &made, "--source", &sources, "--key", &key, "--port", &port][..],
        &["--relink", &relink],
    ]
    .concat();
    let mut watch =
        Running(lifeboot(&arguments).arg("--json").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let lines = watch.lines();
    let next = || lines.recv_timeout(Duration::from_millis(HANGS)).expect("the watch says nothing more");
    let until = |event: &str| while next()["event"] != event {};
    until("build_failed");
    until("watching");
    fs::copy(elf(&[]), folder.path().join("source")).unwrap();
    until("proving");
    until("runs_already");
    until("watching");
    // The shell's own kill: a small system has no other.
    let interrupt = Command::new("sh").args(["-c", &format!("kill -INT {}", watch.0.id())]).status().unwrap();
    assert!(interrupt.success());
    let last = lines.iter().last().expect("the watch says nothing in the end");
    assert_eq!(last, serde_json::json!({"builds": 1, "failed_builds": 1, "confirmed": 0, "failed_pushes": 0}));
    assert!(watch.0.wait().unwrap().success());
}

/// A running command, which is ended with the test.
struct Running(Child);

impl Running {
    /// Its output, a JSON object a line.
    fn lines(&mut self) -> Receiver<serde_json::Value> {
        let stdout = BufReader::new(self.0.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines() {
                // The receiver is gone if the test has failed.
                let _ = sender.send(reported::read("watch", &line.unwrap()));
            }
        });
        lines
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
