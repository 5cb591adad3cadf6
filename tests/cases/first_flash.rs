//! From cargo's output to a running board, by the commands that a user types.

use crate::reported;
use lifeboot_artifact::flash_file::Format;
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_client::link::Retry;
use lifeboot_core::Slot;
use lifeboot_tests::bench::{self, Bench, image, runs, version};
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_tests::product::{self, MICROBIT};
use lifeboot_wire as wire;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `lifeboot` without the environment's settings.
fn lifeboot(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(product::host_tool().unwrap());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LIFEBOOT_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A board boots from every file that `provision` writes for it.
fn boots_from_every_file<B: Emulated>() {
    let folder = tempfile::tempdir().unwrap();
    let bootloader = bench::bootloader(&B::TARGET).unwrap();
    let signed = folder.path().join("firmware.img");
    fs::write(&signed, image(&B::TARGET, &[], version(1), 0).unwrap().to_bytes()).unwrap();
    for (ending, format) in Format::ALL {
        let path = folder.path().join("first").with_extension(ending);
        let output = lifeboot(&["provision", text(&bootloader), text(&signed), "-o", text(&path)]);
        if format == Format::Uf2 && B::TARGET.chip != "rp2040" {
            assert_eq!(output.status.code(), Some(1), "a format that the board has no use for");
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let content = FirstFlash::from_file(&fs::read(&path).unwrap()).unwrap().content();
        let board = B::power_on(&content).unwrap();
        runs(&bench::connect(&board.port()).unwrap().status(Retry::SHORT).unwrap(), wire::Slot::A, version(1)).unwrap();
    }
}

#[test]
fn a_microbit_boots_from_every_file_that_provision_writes() {
    boots_from_every_file::<Microbit>();
}

#[test]
fn firmware_that_the_bootloader_would_not_start_is_not_provisioned() {
    let folder = tempfile::tempdir().unwrap();
    let (key, _) = product::demo_key("stranger").unwrap();
    let elf = product::firmware(&MICROBIT, Slot::A, &[]).unwrap();
    let signed = folder.path().join("firmware.img");
    fs::write(&signed, product::sign(&MICROBIT, &elf, version(1), 0, &key).unwrap().to_bytes()).unwrap();
    let path = folder.path().join("first.elf");
    let output =
        lifeboot(&["provision", text(&bench::bootloader(&MICROBIT).unwrap()), text(&signed), "-o", text(&path)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not trust the key that signed the image"));
    assert!(!path.exists());
}

#[test]
fn cargos_runner_pushes_to_a_board_that_runs_lifeboot() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let elf = product::firmware(&MICROBIT, Slot::A, &[]).unwrap();
    let key = product::demo_key("demo").unwrap().1.with_file_name("demo.pem");
    let port = bench.board.port();
    let arguments = ["run", text(&elf), "--key", text(&key), "--version", "2.0.0", "--epoch", "3", "--port", &port];
    // What it is linked with is proved once.
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let relinked = product::firmware(&MICROBIT, Slot::B, &[]).unwrap();
    let relink = format!("echo B >> {}; cp {} \"$LIFEBOOT_RELINKED\"", text(&log), text(&relinked));
    let proofs = elf.with_file_name(format!(".{}.proofs", elf.file_name().unwrap().display()));
    let _ = fs::remove_file(&proofs);
    let output = command(&arguments).env("LIFEBOOT_RELINK", &relink).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let proving = "proving: the firmware is linked for slot B, too, since what it is linked with is new\n";
    assert!(said.starts_with(proving) && !said.contains("not proved"), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("2.0.0 runs and is confirmed\n"));
    let status = bench.status().unwrap();
    runs(&status, wire::Slot::B, version(2)).unwrap();
    assert_eq!(status.epoch_floor, 3);

    // Again, with JSON output: the running firmware is left alone.
    let output = command(&[&arguments[..], &["--json"]].concat()).env("LIFEBOOT_RELINK", &relink).output().unwrap();
    assert_eq!(fs::read_to_string(&log).unwrap(), "B\n");
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = lines.lines().map(|line| reported::read("run", line)).collect();
    assert!(lines.len() > 1, "{lines:?}");
    assert_eq!(lines.last().unwrap()["outcome"], "already_confirmed");

    // What cannot be linked for slot B is said once, and does not keep anybody from working.
    fs::remove_file(&proofs).unwrap();
    for said_so in [true, false] {
        let output = lifeboot(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(said.contains("not proved: "), said_so, "{said}");
    }
    fs::remove_file(&proofs).unwrap();
    // Another program than the one that is linked for slot A is an error.
    let other = product::firmware(&MICROBIT, Slot::B, &["never-confirm"]).unwrap();
    let relink = format!("cp {} \"$LIFEBOOT_RELINKED\"", text(&other));
    let output = command(&arguments).env("LIFEBOOT_RELINK", &relink).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!proofs.exists());
}
