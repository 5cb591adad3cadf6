//! Commands to devices at ports: several devices, other maps, images that are judged.

use crate::device::{Device, Firmware};
use crate::line::Wire;
use crate::ports::{lifeboot, listener, serve, serve_at};
use crate::pushes::recipe;
use lifeboot_core::Board;
use lifeboot_core::layout::Region;
use lifeboot_example_boards::{MICROBIT, STM32F405};
use serde_json::Value;
use std::thread;

/// Serves so many connections to a device whose firmware of version 1.1.0 does this.
fn device_at(firmware: Firmware, connections: u32) -> (thread::JoinHandle<()>, String) {
    let (listener, port) = listener();
    let server = thread::spawn(move || {
        let mut device = Device::new(&MICROBIT);
        device.firmware_does(1, firmware);
        serve_at(&mut Wire::to(device), &listener, connections);
    });
    (server, port)
}

#[test]
fn several_devices_are_updated_until_one_does_not_confirm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firmware.img");
    std::fs::write(&path, recipe(&MICROBIT, 1, 5000).image().to_bytes()).unwrap();
    let (good, bad, last) =
        (device_at(Firmware::Healthy, 2), device_at(Firmware::Hangs, 1), device_at(Firmware::Healthy, 1));
    let nowhere = "/dev/ttyNone7";
    let (a, b, c) = (&good.1, &bad.1, &last.1);
    let ports = ["--port", nowhere, "--port", a, "--port", b, "--port", c];
    let pushed = lifeboot(&[&["push", path.to_str().unwrap()], &ports[..]].concat());
    let (out, err) = (String::from_utf8(pushed.stdout).unwrap(), String::from_utf8(pushed.stderr).unwrap());
    assert_eq!(pushed.status.code(), Some(1), "{out}{err}");
    let lines: Vec<&str> = out.lines().collect();
    // A port that is not there says nothing of the image.
    assert_eq!(lines[0], format!("{nowhere}: error: there is no port {nowhere}"));
    assert_eq!(lines[1], format!("{a}:"));
    assert!(lines[2].contains(" bytes sent, ") && lines[3] == "1.1.0 runs and is confirmed", "{out}");
    assert!(lines[4].starts_with(&format!("{b}: error: the device rolled back: ")), "{out}");
    assert_eq!(lines[5..], [format!("{c}: not tried")], "{out}");
    for (number, port) in [nowhere, a, b].into_iter().enumerate() {
        assert!(err.contains(&format!("{port} ({} of 4)\n", number + 1)), "{err}");
    }

    let status = lifeboot(&["status", "--json", "--port", a, "--port", c]);
    let lines: Vec<Value> =
        String::from_utf8(status.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(status.status.code(), Some(0));
    let [first, second, result] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&first["event"], &first["port"], &second["number"]), (&"device".into(), &a.as_str().into(), &2.into()));
    let devices = result["devices"].as_array().unwrap();
    let runs: Vec<&Value> = devices.iter().map(|device| &device["report"]["running"]).collect();
    assert_eq!(runs, ["B", "A"]);
    assert!(devices.iter().all(|device| device["outcome"] == "done" && device["error"].is_null()), "{result}");
    for (server, _) in [good, bad, last] {
        server.join().unwrap();
    }
}

#[test]
fn a_device_shows_its_map_and_takes_images_for_that_one_only() {
    // A board that no source of the host tool names, and the same board with another map.
    static ACME: Board = MICROBIT.with_name("acme-press");
    static LESS_RAM: Board = ACME.with_ram(Region { start: 0x2000_0000, length: 15 << 10 });
    let (listener, port) = listener();
    let server = thread::spawn(move || {
        let mut wire = Wire::to(Device::new(&ACME));
        serve_at(&mut wire, &listener, 4);
        assert_eq!(wire.bench().device.flash.take_erases(), [0; 0], "nothing was erased");
    });
    let map = lifeboot(&["map", "--port", &port, "--json"]);
    let map: Value = serde_json::from_slice(&map.stdout).unwrap();
    assert_eq!((&map["board"], &map["regions"][2]["name"]), (&"acme-press".into(), &"slot_a".into()));
    let digest = format!("{:08x}", ACME.map_digest());
    assert_eq!(map["map_digest"], digest);
    let status = String::from_utf8(lifeboot(&["status", "--port", &port]).stdout).unwrap();
    assert!(status.contains(&format!("flash map    {digest}\n")), "{status}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firmware.img");
    std::fs::write(&path, recipe(&LESS_RAM, 1, 5000).image().to_bytes()).unwrap();
    for command in ["push", "inspect"] {
        let refused = lifeboot(&[command, path.to_str().unwrap(), "--port", &port]);
        let said = String::from_utf8([refused.stdout, refused.stderr].concat()).unwrap();
        let words = format!(
            "the image is for another flash map of board acme-press ({:08x}) than the device has ({digest})",
            LESS_RAM.map_digest()
        );
        assert!(refused.status.code() == Some(1) && said.contains(&words), "{said}");
    }
    server.join().unwrap();
}

#[test]
fn an_image_is_judged_by_the_device_at_a_port() {
    let (listener, port) = listener();
    let server = thread::spawn(move || serve(listener, 2));
    let folder = tempfile::tempdir().unwrap();
    for (board, status, words) in [
        (&MICROBIT, 0, "passed   what runs is confirmed: 1.0.0 in slot A, confirmed\n"),
        (&STM32F405, 1, "REFUSED  the image is for board stm32f405, and this is microbit\n"),
    ] {
        let path = folder.path().join("firmware.img");
        std::fs::write(&path, recipe(board, 1, 5000).image().to_bytes()).unwrap();
        let output = lifeboot(&["inspect", path.to_str().unwrap(), "--port", &port]);
        let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!((output.status.code(), error.as_str()), (Some(status), ""), "{out}");
        assert!(out.contains(&format!("\ndevice       {port}: ")) && out.contains(words), "{out}");
    }
    server.join().unwrap();
}
