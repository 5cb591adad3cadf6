//! The first signal ends every command that waits for a device: soon, with an error, and with the same exit status.

use crate::ports::{command, listener, signal};
use crate::pushes::recipe;
use lifeboot_example_boards::MICROBIT;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How soon. A silent device is asked for 4 s; a push that is stopped asks for the device's state, for 1.5 s at most.
const SOON: Duration = Duration::from_millis(2500);

/// Starts a command at a port at which nothing answers, sends it one signal once it asks, and returns its exit status and the
/// last line that a program gets of it.
fn stopped(folder: &Path, line: &str, signal_name: &str) -> (Option<i32>, Value) {
    let (listener, port) = listener();
    fs::write(folder.join("fleet.toml"), format!("[[device]]\nid = \"0011223344556677\"\nport = \"{port}\"\n"))
        .unwrap();
    let words: Vec<String> = line.split(' ').map(|word| word.replace("PORT", &port)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--json"]).collect();
    let mut process = command(&words);
    process.current_dir(folder).env("LIFEBOOT_STATE", folder.join("state"));
    let mut process = process.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0]).unwrap_or_else(|error| panic!("{line}: asks nothing: {error}"));
    signal(&process, signal_name);
    let sent = Instant::now();
    let mut text = String::new();
    process.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    let status = process.wait().unwrap().code();
    assert!(sent.elapsed() < SOON, "{line}: took {:?}", sent.elapsed());
    (status, text.lines().last().map(|last| serde_json::from_str(last).unwrap()).unwrap_or_default())
}

#[test]
fn the_first_signal_ends_every_command_that_waits_for_a_device() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.img"), recipe(&MICROBIT, 1, 5000).image().to_bytes()).unwrap();
    for line in [
        "devices --port PORT",
        "rollout plan a.img --port PORT",
        "rollout plan a.img",
        "rollout start a.img --port PORT",
        "status --port PORT",
        "status --port PORT --port tcp:127.0.0.1:1",
        "keys --port PORT",
        "map --port PORT",
        "inspect a.img --port PORT",
        "push a.img --port PORT",
        "activate a.img --port PORT",
        "confirm --port PORT",
        "cancel --port PORT",
        "rollback --port PORT",
        "reset --port PORT",
        "reset --port PORT --recovery",
    ] {
        for name in ["-INT", "-TERM"] {
            let (status, last) = stopped(folder.path(), line, name);
            assert_eq!(status, Some(1), "{line}: {last}");
            let is_error = last["error"]["message"].as_str().is_some_and(|message| message.starts_with("stopped"));
            let is_summary = last["devices"][0]["error"]["message"] == "stopped";
            assert!(is_error || is_summary, "{line}: {last}");
        }
    }
    assert!(!folder.path().join("state/rollouts").exists(), "no rollout was begun");
}
