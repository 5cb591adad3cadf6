//! The command `lifeboot gateway` between two emulated boards and a real fleet server: a good image and a bad one at the same time,
//! while the gateway is killed and the server restarted.

use lifeboot_artifact::swu;
use lifeboot_client::link::Retry;
use lifeboot_tests::bench::{Bench, image, runs, version};
use lifeboot_tests::emulator::{Emulated, Microbit, Stm32f4};
use lifeboot_tests::goosebit::Goosebit;
use lifeboot_tests::product;
use lifeboot_wire::Slot;
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The ids of the emulated chips: see `device_ids`.
const GOOD: &str = "0300000078563412";
const BAD: &str = "ac14e84447012c1edfe919b1";

/// How long anything here may take: the emulators share the processors with whatever else runs.
const SOON: Duration = Duration::from_secs(600);

/// The command; it is killed when it is dropped.
struct Gateway(Child);

impl Gateway {
    fn start(folder: &Path) -> Gateway {
        let mut command = Command::new(product::host_tool().unwrap());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LIFEBOOT_")) {
            command.env_remove(name);
        }
        let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
        command.args(["gateway", "--answer-timeout", "60", "--timeout", "600"]).current_dir(folder);
        Gateway(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It has ended, or ends now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait(folder: &Path, what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(began.elapsed() < SOON, "{what}:\n{}", log());
        thread::sleep(Duration::from_millis(200));
    }
}

fn state(server: &Goosebit, device: &str) -> (Value, Value) {
    let device = server.device(device).unwrap();
    (device["last_state"].clone(), device["sw_version"].clone())
}

#[test]
fn a_fleet_server_updates_two_boards_and_learns_how_each_ended() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut server = Goosebit::start(&folder.join("server")).unwrap();
    let good = Bench::<Microbit>::start(&image(&Microbit::TARGET, &[], version(1), 0).unwrap()).unwrap();
    let bad = Bench::<Stm32f4>::start(&image(&Stm32f4::TARGET, &[], version(1), 0).unwrap()).unwrap();
    fs::write(folder.join("tokens"), format!("{GOOD} secret1\n{BAD} secret2\n")).unwrap();
    // goosebit 0.2.12 writes its hardware "default" several times if its first devices come at once, and fails on that later.
    let text = format!(
        "[gateway]\nserver = \"{}\"\ntarget-tokens = {{ file = \"tokens\" }}\nlisten = \"off\"\nstate = \"state\"\ncache = \"cache\"\n\
         polls = 1\npoll-at-least = 1\npoll-at-most = 2\nscan = 1\n\n[[device]]\nid = \"{GOOD}\"\nport = \"{}\"\n\n[[device]]\n\
         id = \"{BAD}\"\nport = \"{}\"\n",
        server.url(),
        good.board.port(),
        bad.board.port()
    );
    fs::write(folder.join("fleet.toml"), text).unwrap();
    let mut gateway = Gateway::start(folder);
    let registered = |server: &Goosebit| [GOOD, BAD].iter().all(|device| state(server, device).1 == "1.0.0");
    wait(folder, "the devices are not registered", || registered(&server));

    let upload = |image| server.upload(&swu::write(&image, "1").unwrap()).unwrap();
    let works = upload(image(&Microbit::TARGET, &[], version(2), 0).unwrap());
    let fails = upload(image(&Stm32f4::TARGET, &["fail-self-test"], version(2), 0).unwrap());
    server.roll_out("works", works).unwrap();
    server.roll_out("fails", fails).unwrap();

    // The gateway is killed while it brings the images to the boards, and the server goes away before it hears how that ended.
    wait(folder, "nothing begins", || [GOOD, BAD].iter().all(|device| state(&server, device).0 == "Running"));
    drop(gateway);
    gateway = Gateway::start(folder);
    server.kill().unwrap();
    let ended = |what: &str| {
        let log = fs::read_to_string(folder.join("log")).unwrap();
        log.lines().any(|line| line.contains("ended") && line.contains(what))
    };
    wait(folder, "the acts do not end", || ended("Confirmed") && ended("RolledBack"));
    server.restart().unwrap();

    wait(folder, "no success is reported", || state(&server, GOOD).0 == "Finished");
    assert_eq!(state(&server, GOOD).1, "2.0.0");
    wait(folder, "no failure is reported", || state(&server, BAD).0 == "Error");
    assert_eq!(state(&server, BAD).1, "1.0.0");
    let log = server.log(BAD).unwrap();
    assert!(log.contains("rolled back: "), "{log}");
    assert_eq!((server.counts("works").unwrap(), server.counts("fails").unwrap()), ((1, 0), (0, 1)));

    // After a failure nothing is offered until an operator wants it; then the device says what it said before.
    server.force(BAD).unwrap();
    wait(folder, "it is not offered again", || server.counts("fails").unwrap() == (0, 2));

    // A board's port has one client at a time.
    drop(gateway);
    runs(&good.link().unwrap().status(Retry::VERIFY).unwrap(), Slot::B, version(2)).unwrap();
    runs(&bad.link().unwrap().status(Retry::VERIFY).unwrap(), Slot::A, version(1)).unwrap();
    assert_eq!(fs::read_dir(folder.join("cache")).unwrap().count(), 2, "each artifact is downloaded once");
}
