//! `lifeboot monitor`, on recordings of devices' output: what is shown of messages, text, noise, starts, and lost
//! connections, and with which ELF file.

/// Arbitrary input.
mod arbitrary;

/// Files that keep received bytes.
mod recordings;

use crate::admissions;
use crate::command_line::Folder;
use crate::program::*;
use crate::reported::lines;
use lifeboot_artifact::image_file::Release;
use lifeboot_artifact::{hex, sign};
use lifeboot_core::KeyIds;
use lifeboot_core::Slot;
use lifeboot_wire::{self as wire, Answer, Body, SlotContent, Status, frame};
use serde_json::{Value, json};
use std::fmt::Write as _;

const STARTED: u8 = 1;
const HOT: u8 = 2;
const PLAIN: u8 = 3;

/// Firmware that logs, in one of its builds; with a timestamp, if it has one.
fn firmware(build: u8, timestamp: bool) -> Vec<u8> {
    let mut program = Program::new(LARGE, Slot::A);
    program.put(RODATA, 0x10, &[build]);
    let symbol = |tag: &str, text: &str| {
        format!(r#"{{"package":"p","tag":"{tag}","data":"{text}","disambiguator":"1","crate_name":"c"}}"#)
    };
    program.symbols[LOG_STRING as usize - 1].0 = symbol("defmt_prim", "{=str}");
    let messages = [
        (STARTED, "defmt_info", "started from slot {=u8}"),
        (HOT, "defmt_warn", "{=u8} degrees"),
        (PLAIN, "defmt_println", "as it is"),
    ];
    for (number, tag, text) in messages {
        // Another build has other numbers.
        program.symbol(&symbol(tag, text), Some(DEFMT), u32::from(number) + u32::from(build) * 8, 1);
    }
    if timestamp {
        program.symbol(&symbol("defmt_timestamp", "{=u8:ms}"), Some(DEFMT), 0x70, 1);
    }
    program.symbol("_defmt_version_ = 4", None, 0, 0);
    program.symbol("_defmt_encoding_ = rzcobs", None, 0, 0);
    program.elf()
}

fn status(elf: &[u8], running: wire::Slot, trial: bool) -> Status {
    let release = Release {
        version: lifeboot_core::Version::default(),
        epoch: 0,
        lowest_bootloader: 1,
        schemas: (0, 0),
        revokes: KeyIds::NONE,
    };
    let image = sign::Program::read(elf, LARGE, false).unwrap().image(release, [0; 4]).unwrap();
    let version = wire::Version { major: 1, minor: 2, patch: 3, build: 0 };
    let digest = *image.header().digest.first_chunk().unwrap();
    Status {
        running,
        confirmed: Some(if trial { wire::Slot::A } else { running }),
        trial: trial.then_some(wire::Trial { slot: running, attempts: 2, power_attempts: 9 }),
        slots: [SlotContent::Image { version, epoch: 0, digest }; 2],
        ..admissions::status()
    }
}

/// A recording in the making.
struct Session(String);

impl Session {
    fn new() -> Session {
        Session("{\"lifeboot_recording\":1}\n".to_owned())
    }

    fn raw(mut self, milliseconds: u64, bytes: &[u8]) -> Session {
        writeln!(self.0, "{}", json!({"at_us": milliseconds * 1000, "bytes": hex(bytes)})).unwrap();
        self
    }

    fn event(mut self, milliseconds: u64, name: &str, value: Value) -> Session {
        writeln!(self.0, "{}", json!({"at_us": milliseconds * 1000, name: value})).unwrap();
        self
    }

    fn body(self, milliseconds: u64, body: Body) -> Session {
        self.raw(milliseconds, &framed(body))
    }

    fn status(self, milliseconds: u64, status: &Status) -> Session {
        self.body(milliseconds, Body::Status(status.clone()))
    }

    /// A device starts: the session's zero, and the logger's in front of its first message.
    fn start(self, milliseconds: u64, build: u8, slot: u8) -> Session {
        let log = [&[0], &*logged(&[STARTED + build * 8, 0, slot])].concat();
        self.raw(milliseconds, &[0]).body(milliseconds, Body::Log(&log))
    }

    fn log(self, milliseconds: u64, message: &[u8]) -> Session {
        self.body(milliseconds, Body::Log(&logged(message)))
    }
}

fn framed(body: Body) -> Vec<u8> {
    let (mut scratch, mut out) = ([0; 512], [0; 600]);
    let length = frame::encode(&Answer { number: 0, body }, &mut scratch, &mut out).unwrap();
    out[..length].to_vec()
}

fn logged(message: &[u8]) -> Vec<u8> {
    [rzcobs::encode(message), vec![0]].concat()
}

/// What is shown of a session.
fn shown(session: &Session, line: &str, files: &[(&str, &[u8])]) -> String {
    let folder = Folder::new();
    folder.put("session.jsonl", session.0.as_bytes());
    files.iter().for_each(|(name, bytes)| folder.put(name, bytes));
    folder.done(&format!("monitor --replay session.jsonl {line}"))
}

#[test]
fn messages_and_text_are_shown_with_their_times() {
    let elf = firmware(0, false);
    let session = Session::new()
        .status(10, &status(&elf, wire::Slot::A, false))
        .raw(20, b"panicked at 'none', src/main.rs:7\r\n")
        .log(30, &[HOT, 0, 70])
        .log(1040, &[PLAIN, 0])
        // Text runs into the next frame, and a prompt has no end.
        .raw(1050, &[b"a line\nand half".as_slice(), &framed(Body::Log(&logged(&[HOT, 0, 71])))].concat())
        .raw(3000, &[0xf0, 0x9f, 0xff, 7, 3, 0]);
    assert_eq!(
        shown(&session, "--elf a.elf", &[("a.elf", &elf)]),
        "    +0.010 ---   the device runs 1.2.3 in slot A, confirmed
    +0.030       panicked at 'none', src/main.rs:7
    +0.030 WARN  70 degrees
    +1.040       as it is
    +1.050       a line
    +1.050 WARN  71 degrees
    +1.050       and half
    +3.000 ---   5 bytes that are neither a frame nor text: noise, or another baud rate
the recording is over: 3 messages and 3 lines of text shown, 0 messages not readable
"
    );
}

#[test]
fn a_timestamp_of_the_firmware_counts_before_the_hosts_clock() {
    let elf = firmware(0, true);
    let session = Session::new().status(10, &status(&elf, wire::Slot::A, false)).log(20, &[HOT, 0, 250, 70]);
    let text = shown(&session, "--elf a.elf", &[("a.elf", &elf)]);
    assert!(text.contains("\n     0.250 WARN  70 degrees\n"), "{text}");
}

#[test]
fn the_file_of_what_runs_is_found_among_several_by_its_digest() {
    let (old, new) = (firmware(0, false), firmware(1, false));
    let session = Session::new()
        .status(10, &status(&old, wire::Slot::A, false))
        .log(20, &[HOT, 0, 70])
        // Messages of the start come before the device has reported its image.
        .start(2000, 1, 2)
        .log(2010, &[HOT + 8, 0, 71])
        .status(2200, &status(&new, wire::Slot::B, true))
        .log(2300, &[HOT + 8, 0, 72])
        // It panics, and the previous image is started again.
        .raw(3000, &[0])
        .log(3000, &[HOT + 8, 0, 99])
        .start(3300, 0, 1)
        .status(3400, &status(&old, wire::Slot::A, false));
    let files: [(&str, &[u8]); 2] = [("a.elf", &old), ("b.elf", &new)];
    assert_eq!(
        shown(&session, "--elf a.elf --elf b.elf", &files),
        "    +0.010 ---   the device runs 1.2.3 in slot A, confirmed
    +0.020 WARN  70 degrees
    +2.200 ---   the device has started: 1.2.3 in slot B, on trial
    +2.000 INFO  started from slot 2
    +2.010 WARN  71 degrees
    +2.300 WARN  72 degrees
    +3.000 WARN  99 degrees
    +3.400 ---   the device has started: 1.2.3 in slot A, confirmed
    +3.300 INFO  started from slot 1
the recording is over: 6 messages and 0 lines of text shown, 0 messages not readable
"
    );
    // One of them is not enough, which is reported instead of wrong messages.
    let text = shown(&session, "--elf a.elf", &files);
    assert!(text.contains("in slot B, on trial, digest ") && text.contains("another build than a.elf: "), "{text}");
    assert!(text.contains("---   3 messages of the firmware, 9 bytes: they belong to another build"), "{text}");
    assert!(text.ends_with("2 messages and 0 lines of text shown, 4 messages not readable\n"), "{text}");
    // Nor is none.
    let text = shown(&session, "", &files);
    assert!(text.contains("without its ELF file (--elf) nobody can read them"), "{text}");
}

#[test]
fn what_the_bootloader_has_logged_is_read_with_its_own_file() {
    let elf = firmware(0, false);
    let raw = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let bootloader: Vec<u8> = raw(&elf)
        .replace("_defmt_encoding_ = rzcobs\0", "_defmt_encoding_ = raw\0\0\0\0")
        .chars()
        .map(|byte| byte as u8)
        .collect();
    let files: [(&str, &[u8]); 2] = [("a.elf", &elf), ("boot.elf", &bootloader)];
    let session = |log| {
        Session::new()
            .status(10, &status(&elf, wire::Slot::A, false))
            .raw(2000, &[0])
            .body(2001, Body::BootLog(log))
            .start(2002, 0, 1)
            .status(2200, &status(&elf, wire::Slot::A, false))
    };
    let whole = session(&[HOT, 0, 9, PLAIN, 0]);
    assert_eq!(
        shown(&whole, "--elf a.elf --bootloader boot.elf", &files),
        "    +0.010 ---   the device runs 1.2.3 in slot A, confirmed
    +2.001 WARN  bootloader 9 degrees
    +2.001       bootloader as it is
    +2.200 ---   the device has started: 1.2.3 in slot A, confirmed
    +2.002 INFO  firmware   started from slot 1
the recording is over: 3 messages and 0 lines of text shown, 0 messages not readable
"
    );
    let cut = shown(&session(&[HOT, 0, 9, HOT]), "--elf a.elf --bootloader boot.elf", &files);
    assert!(
        cut.contains("bootloader 9 degrees") && cut.contains("1 message of the bootloader, 1 bytes: they are "),
        "{cut}"
    );
    let without = shown(&whole, "--elf a.elf", &files);
    assert!(without.contains("5 bytes: without its ELF file (--bootloader) nobody can read them"), "{without}");
}

#[test]
fn firmware_that_ends_before_it_can_be_asked_is_read_all_the_same() {
    let (old, new) = (firmware(0, false), firmware(1, false));
    let session = Session::new()
        .status(10, &status(&old, wire::Slot::A, false))
        .log(20, &[HOT, 0, 70])
        .start(2000, 1, 2)
        .log(2010, &[HOT + 8, 0, 99])
        .start(2300, 0, 1)
        .status(2400, &status(&old, wire::Slot::A, false));
    let text = shown(&session, "--elf a.elf --elf b.elf", &[("a.elf", &old), ("b.elf", &new)]);
    let expected = "
    +2.000 INFO  started from slot 2
    +2.010 WARN  99 degrees
    +2.400 ---   the device has started: 1.2.3 in slot A, confirmed
    +2.300 INFO  started from slot 1
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_device_that_says_nothing_of_itself_is_shown_as_far_as_it_makes_sense() {
    let elf = firmware(0, false);
    let session = Session::new().log(20, &[HOT, 0, 70]).log(30, &[HOT + 8, 0, 70]).raw(9000, b"alive\n");
    let text = shown(&session, "--elf a.elf", &[("a.elf", &elf)]);
    assert_eq!(
        text,
        "    +5.000 ---   the device does not say what it runs: messages are shown as the ELF file has them
    +0.020 WARN  70 degrees
    +0.030 ---   1 message of the firmware, 3 bytes: they are damaged, or belong to another build than the ELF file
    +9.000       alive
the recording is over: 1 messages and 1 lines of text shown, 1 messages not readable
"
    );
}

#[test]
fn lost_connections_and_bytes_are_told() {
    let elf = firmware(0, false);
    let known = status(&elf, wire::Slot::A, false);
    let mut damaged = framed(Body::Log(&logged(&[HOT, 0, 71])));
    damaged[3] ^= 0x80;
    let session = Session::new()
        .status(10, &known)
        .log(20, &[HOT, 0, 70])
        .event(500, "lost", json!("the connection to /dev/ttyACM0 is lost: unplugged"))
        .event(2500, "connected", json!(true))
        // It is not known yet whether it is the same device.
        .log(2600, &[HOT, 0, 71])
        .status(2700, &known)
        .raw(2800, &damaged)
        .log(2900, &[HOT, 0, 72]);
    assert_eq!(
        shown(&session, "--elf a.elf", &[("a.elf", &elf)]),
        "    +0.010 ---   the device runs 1.2.3 in slot A, confirmed
    +0.020 WARN  70 degrees
    +0.500 ---   the connection to /dev/ttyACM0 is lost: unplugged
    +1.500 ---   waiting for the port to come back, as long as it takes
    +2.500 ---   connected again
    +2.600 WARN  71 degrees
    +2.800 ---   12 bytes that are neither a frame nor text: noise, or another baud rate
    +2.900 WARN  72 degrees
the recording is over: 3 messages and 0 lines of text shown, 0 messages not readable
"
    );
}

#[test]
fn json_is_an_object_a_line_with_an_event() {
    let elf = firmware(0, false);
    let session = Session::new().status(10, &status(&elf, wire::Slot::A, false)).log(20, &[HOT, 0, 70]);
    let folder = Folder::new();
    folder.put("session.jsonl", session.0.as_bytes());
    folder.put("a.elf", &elf);
    let output = folder.run("monitor --replay session.jsonl --elf a.elf --json");
    assert_eq!(
        lines("monitor", &output),
        [
            json!({"event": "running", "at": 0.01, "firmware": "1.2.3 in slot A, confirmed"}),
            json!({"event": "log", "at": 0.02, "source": "firmware", "time": null, "level": "warn",
                "message": "70 degrees"}),
            json!({"messages": 1, "lines": 0, "unread": 0, "ended": "recording"}),
        ]
    );
}

#[test]
fn a_text_ends_it_and_one_that_does_not_come_is_an_error() {
    let elf = firmware(0, false);
    let session =
        Session::new().status(10, &status(&elf, wire::Slot::A, false)).log(20, &[HOT, 0, 70]).raw(30, b"more\n");
    let folder = Folder::new();
    folder.put("session.jsonl", session.0.as_bytes());
    folder.put("a.elf", &elf);
    let text = folder.done("monitor --elf a.elf --replay session.jsonl --until 70");
    assert!(
        text.ends_with(
            "70 degrees\nthe text was shown: 1 messages and 0 lines of text shown, 0 messages not readable\n"
        ),
        "{text}"
    );
    let text = folder.failed("monitor --elf a.elf --replay session.jsonl --until 71");
    assert!(text.starts_with("error: no line with \"71\" was shown\n  help: "), "{text}");
}

#[test]
fn a_devices_text_does_not_act_on_the_terminal() {
    let session = Session::new()
        .raw(20, b"\x1b]52;c;cm0gLXJm\x07 \x1b[2J \x1b[31mred\x1b[0m \x1b[8mhidden\rover\r\n")
        .event(500, "lost", json!("lost\nerror: \u{1b}[2J"))
        .raw(900, "\u{202e}txt.exe \u{9b}2J and more\n".as_bytes());
    let expected = "    +0.020       \\x1b]52;c;cm0gLXJm\\x07 \\x1b[2J red \\x1b[8mhidden\\rover\n    \
                    +0.500 ---   lost\\nerror: \\x1b[2J\n";
    let text = shown(&session, "", &[]);
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("\\u{202e}txt.exe \\u{9b}2J and more\n"), "{text}");
    let folder = Folder::new();
    folder.put("session.jsonl", session.0.as_bytes());
    // A terminal shows the colour, and nothing else acts on it.
    let output = folder.command("monitor --replay session.jsonl").env("CLICOLOR_FORCE", "1").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\\x1b[2J \u{1b}[31mred\u{1b}[0m \\x1b[8mhidden"), "{text:?}");
    let json = folder.done("monitor --replay session.jsonl --json");
    assert!(json.chars().all(|letter| letter == '\n' || !letter.is_control() && letter != '\u{202e}'), "{json:?}");
}

#[test]
fn a_bad_byte_does_not_silence_a_line() {
    let text = Session::new()
        .raw(20, b"sensor ready\r\n")
        .raw(300, b"temper\xffature 21\r\n")
        .raw(600, b"sensor ready again\r\n");
    let text = shown(&text, "", &[]);
    assert!(text.contains("+0.020       sensor ready\n"), "{text}");
    assert!(text.contains("       temper\u{fffd}ature 21\n"), "{text}");
    assert!(text.contains("       sensor ready again\n"), "{text}");
}
