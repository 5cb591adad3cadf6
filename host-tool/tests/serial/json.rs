//! The JSON output of the commands that talk to a device; and a status as text.

use crate::ports::{lifeboot, listener, serve, serve_at};
use crate::pushes::recipe;
use crate::recovery::destroyed;
use crate::reported::{assert_as_written, assert_text_as_written, line, lines};
use lifeboot_example_boards::MICROBIT;
use serde_json::{Value, json};
use std::thread;

/// The reported steps, in order and without repetitions, and the progress in bytes.
fn steps(events: &[Value]) -> Vec<&str> {
    let mut steps: Vec<&str> = events.iter().filter_map(|event| event["step"].as_str()).collect();
    steps.dedup();
    steps
}

#[test]
fn reports_on_a_device_are_as_written() {
    let (listener, port) = listener();
    let server = thread::spawn(move || serve(listener, 16));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firmware.img");
    let image = recipe(&MICROBIT, 1, 5000).image();
    std::fs::write(&path, image.to_bytes()).unwrap();
    let path = path.to_str().unwrap();
    let ask = |command: &str| {
        let words: Vec<&str> = command.split_whitespace().chain(["--port", &port, "--json"]).collect();
        let output = lifeboot(&words);
        assert_eq!(output.status.code(), Some(0), "{command}: {output:?}");
        line(words[0], &output)
    };
    let as_written = |name: &str, value: &Value| {
        assert_as_written(&format!("tests/serial/json/{name}.json"), value, "", "");
    };

    // As a person sees it.
    let show = |name: &str| {
        let output = lifeboot(&["status", "--port", &port]);
        assert_text_as_written(&format!("tests/serial/status/{name}.txt"), &String::from_utf8(output.stdout).unwrap());
    };

    as_written("status_fresh", &ask("status"));
    show("fresh");
    let pushed = lifeboot(&["push", path, "--no-wait", "--port", &port, "--json"]);
    let told = lines("push", &pushed);
    let (result, events) = told.split_last().unwrap();
    assert_eq!(result["outcome"], json!("marked"), "{told:?}");
    assert_eq!(steps(events), ["asking", "offering", "sending", "verifying"], "{told:?}");
    let done = events.iter().rfind(|event| event["event"] == json!("progress")).unwrap();
    assert_eq!(done["done"], done["total"], "{told:?}");
    as_written("status_marked", &ask("status"));
    show("marked");

    // It is confirmed already, and named is what the next reset would start.
    as_written("confirm_pending", &ask("confirm"));
    as_written("cancel", &ask("cancel"));
    show("cancelled");

    let pushed = lifeboot(&["push", path, "--port", &port, "--json"]);
    let told = lines("push", &pushed);
    as_written("push", told.last().unwrap());
    assert_eq!(String::from_utf8_lossy(&pushed.stderr), "");
    as_written("status_updated", &ask("status"));
    as_written("confirm", &ask("confirm"));
    as_written("rollback", &ask("rollback"));
    show("rolled_back");
    as_written("reset", &ask("reset"));
    as_written("recovery_requested", &ask("reset --recovery"));
    show("recovery_requested");
    server.join().unwrap();
}

#[test]
fn a_bootloader_that_answers_is_reported_as_written() {
    let (listener, port) = listener();
    let server = thread::spawn(move || serve_at(&mut destroyed(&MICROBIT), &listener, 4));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firmware.img");
    std::fs::write(&path, recipe(&MICROBIT, 1, 5000).image().to_bytes()).unwrap();

    let output = lifeboot(&["status", "--port", &port, "--json"]);
    assert_as_written("tests/serial/json/status_recovery.json", &line("status", &output), "", "");
    let output = lifeboot(&["status", "--port", &port]);
    assert_text_as_written("tests/serial/status/recovery.txt", &String::from_utf8(output.stdout).unwrap());
    let told = lines("push", &lifeboot(&["push", path.to_str().unwrap(), "--no-wait", "--port", &port, "--json"]));
    let (result, events) = told.split_last().unwrap();
    assert_eq!(result["outcome"], json!("marked"), "{told:?}");
    assert_eq!(steps(events), ["asking", "nothing_starts", "offering", "sending", "verifying"], "{told:?}");
    let pushed = lifeboot(&["push", path.to_str().unwrap(), "--port", &port]);
    let words = String::from_utf8(pushed.stderr).unwrap();
    assert!(words.contains("the bootloader is in recovery mode: no slot can be started\n"), "{words}");
    server.join().unwrap();
}

#[test]
fn a_port_that_is_not_there_is_an_error_to_each_of_them() {
    for command in ["status", "confirm", "cancel", "rollback", "reset"] {
        let output = lifeboot(&[command, "--port", "/dev/ttyNone7", "--json"]);
        assert_eq!(output.status.code(), Some(1));
        let error = line(command, &output);
        assert_eq!(error["error"]["message"], json!("there is no port /dev/ttyNone7"), "{command}");
    }
}
