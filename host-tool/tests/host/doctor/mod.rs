//! `lifeboot doctor`: each finding both ways. The real binary with scripts instead of compiler, emulator and Python;
//! and the library with a folder that simulates the machine's devices.

/// Serial ports and debug probes.
mod devices;

/// lifeboot.toml, keys, the bootloader.
mod project;

use crate::command_line::Folder;
use crate::program::{LARGE, Program};
use crate::reported::line;
use lifeboot_project::key_files;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

const TRIPLE: &str = "thumbv7em-none-eabi";

/// A project for a board of that target, and a machine that has all it needs.
fn healthy() -> Folder {
    let folder = Folder::new();
    for name in ["bin", "rust/lib/rustlib/host/bin", "rust/thumbv6m-none-eabi", &format!("rust/{TRIPLE}"), "target"] {
        fs::create_dir_all(folder.0.path().join(name)).unwrap();
    }
    let rust = folder.0.path().join("rust").display().to_string();
    program(
        &folder,
        "rustc",
        &format!(
            "case \"$2\" in\n  sysroot) echo {rust} ;;\n  target-libdir) echo {rust}/$4 ;;\n  *) echo 'rustc 1.95.0 (of a \
             test)' ;;\nesac"
        ),
    );
    folder.put("rust/lib/rustlib/host/bin/rust-lld", b"");
    for triple in ["thumbv6m-none-eabi", TRIPLE] {
        folder.put(&format!("rust/{triple}/libcore-0123.rlib"), b"");
    }
    program(&folder, "qemu-system-arm", "echo 'QEMU emulator version 7.2.0'; echo more");
    program(&folder, "python3", "[ \"$2\" = 'import venv, ensurepip' ]");
    program(&folder, "apt-get", "exit 1");
    bootloader(&folder, "key.pub.pem", LARGE);
    folder.put(
        "lifeboot.toml",
        b"board = \"stm32f405.toml\"\nkey = \"key.pem\"\npublic-key = \"key.pub.pem\"\nbootloader = \"boot.elf\"\nport = \"tcp:localhost:1\"\n",
    );
    folder
}

/// Puts a script among the programs. Another process writes it: a file that this one has open for writing while another
/// thread starts a process cannot be run.
fn program(folder: &Folder, name: &str, script: &str) {
    folder.put("script", format!("#!/bin/sh\n{script}\n").as_bytes());
    let to = format!("bin/{name}");
    let installed = Command::new("install").args(["-m", "755", "script", &to]).current_dir(folder.0.path()).status();
    assert!(installed.unwrap().success());
}

fn bootloader(folder: &Folder, key: &str, board: &'static lifeboot_core::Board) {
    let key = key_files::public(&folder.0.path().join(key)).unwrap();
    folder.put("boot.elf", &Program::bootloader(board, &[key.to_bytes()], false).elf());
}

fn remove(folder: &Folder, name: &str) {
    fs::remove_file(folder.0.path().join(name)).unwrap();
}

/// The doctor's output for this project, on a machine with these programs only; and its exit status.
fn examined(folder: &Folder, more: &str) -> (String, i32) {
    let run = |line: &str| {
        let mut command = folder.command(line);
        command.env("PATH", folder.0.path().join("bin")).env("HOME", folder.0.path()).env_remove("CARGO_TARGET_DIR");
        let output = command.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        output
    };
    let output = run(&format!("doctor {more}"));
    let (text, status) = (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap());
    // The JSON output has the same findings.
    let output = run(&format!("doctor {more} --json"));
    let (report, same_status) = (line("doctor", &output), output.status.code().unwrap());
    assert_eq!((status, report["healthy"].as_bool()), (same_status, Some(status == 0)), "{text}");
    for finding in report["findings"].as_array().unwrap() {
        let (state, subject) = (finding["state"].as_str().unwrap(), finding["subject"].as_str().unwrap());
        assert!(text.contains(&format!("{state:<8} {subject}: {}", finding["text"].as_str().unwrap())), "{text}");
        assert_eq!(finding["fix"].is_null(), state == "ok", "{finding}");
    }
    (text, status)
}

/// Checks that it finds exactly one problem, prints these lines, and fails if the problem requires it.
fn finds(folder: &Folder, lines: &[&str], status: i32) {
    let (text, found) = examined(folder, "");
    for line in lines {
        assert!(text.lines().any(|said| said == *line), "{line:?} is missing in\n{text}");
    }
    assert_eq!(found, status, "{text}");
    let verdict = match status {
        0 => "This project has all that it requires.\n",
        _ => "1 thing that this project requires is missing or broken.\n",
    };
    assert!(text.ends_with(verdict), "{text}");
}

const RUSTUP: &str =
    "         -> install Rust from https://rustup.rs: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";

#[test]
fn a_machine_and_a_project_that_are_well_pass() {
    let folder = healthy();
    let id = folder.done("keygen other.pem").lines().last().unwrap().to_owned();
    assert!(id.starts_with("key id "));
    let key = key_files::public(&folder.0.path().join("key.pub.pem")).unwrap();
    let id: String = key.id().iter().map(|byte| format!("{byte:02x}")).collect();
    finds(
        &folder,
        &[
            "ok       Rust: rustc 1.95.0 (of a test)",
            "ok       target thumbv7em-none-eabi: is installed",
            "ok       linker rust-lld: comes with this Rust",
            "ok       QEMU (for cargo demo and cargo test): QEMU emulator version 7.2.0",
            "ok       Python (for the emulated Pico): makes virtual environments",
            "ok       port: localhost:1, over TCP; lifeboot status tries it",
            "ok       lifeboot.toml: is valid",
            "ok       board stm32f405.toml: describes stm32f405, with the chip STM32F405RG",
            &format!("ok       key key.pem: id {id}, not encrypted"),
            &format!("ok       public key key.pub.pem: id {id}"),
            &format!("ok       bootloader boot.elf: for stm32f405, trusts key {id}"),
        ],
        0,
    );
}

/// Firmware for a Cortex-M4 with a floating-point unit, beside a bootloader for one without.
#[test]
fn the_target_of_the_project_itself_is_looked_for() {
    let folder = healthy();
    fs::create_dir(folder.0.path().join(".cargo")).unwrap();
    folder.put(".cargo/config.toml", b"[build]\ntarget = \"thumbv7em-none-eabihf\"\n");
    let lines = [
        "missing  target thumbv7em-none-eabihf: its core library is not installed",
        "         -> rustup target add thumbv7em-none-eabihf",
    ];
    finds(&folder, &lines, 1);
    fs::create_dir(folder.0.path().join("rust/thumbv7em-none-eabihf")).unwrap();
    folder.put("rust/thumbv7em-none-eabihf/libcore-0123.rlib", b"");
    finds(&folder, &["ok       target thumbv7em-none-eabihf: is installed"], 0);
    // A program for this machine is no firmware.
    folder.put(".cargo/config.toml", b"[build]\ntarget = \"x86_64-unknown-linux-gnu\"\n");
    assert!(!examined(&folder, "").0.contains("x86_64"));
}

#[test]
fn a_toolchain_that_is_not_fit_is_found() {
    let folder = healthy();
    remove(&folder, "rust/lib/rustlib/host/bin/rust-lld");
    let text = format!("missing  linker rust-lld: this Rust, in {}/rust, has none", folder.0.path().display());
    finds(&folder, &[&text, RUSTUP], 1);

    let folder = healthy();
    remove(&folder, "rust/thumbv7em-none-eabi/libcore-0123.rlib");
    finds(
        &folder,
        &[
            "missing  target thumbv7em-none-eabi: its core library is not installed",
            "         -> rustup target add thumbv7em-none-eabi",
        ],
        1,
    );
    // Another board's target is not this project's. Without a board, any of them may be.
    let folder = healthy();
    remove(&folder, "rust/thumbv6m-none-eabi/libcore-0123.rlib");
    assert!(!examined(&folder, "").0.contains("thumbv6m-none-eabi"));
    folder.put("lifeboot.toml", b"");
    let lines =
        ["         -> rustup target add thumbv6m-none-eabi", "ok       target thumbv7em-none-eabi: is installed"];
    finds(&folder, &lines, 0);

    let folder = healthy();
    let script = fs::read_to_string(folder.0.path().join("bin/rustc")).unwrap();
    program(&folder, "rustc", &script.replace("1.95.0", "1.94.1"));
    let lines =
        ["broken   Rust: rustc 1.94.1 (of a test) is too old: Lifeboot needs 1.95", "         -> rustup update stable"];
    finds(&folder, &lines, 1);

    remove(&folder, "bin/rustc");
    finds(&folder, &["missing  Rust: there is no rustc", RUSTUP], 1);
    folder.put("lifeboot.toml", b"");
    finds(&folder, &["missing  Rust: there is no rustc", RUSTUP], 0);
    program(&folder, "rustc", "exit 3");
    let program = folder.0.path().join("bin/rustc").display().to_string();
    finds(&folder, &[&format!("broken   Rust: `{program} --version` fails: exit status: 3"), RUSTUP], 0);
}

#[test]
fn emulators_that_do_not_start_are_found_and_not_required() {
    let folder = healthy();
    let sudo = if fs::metadata("/proc/self").unwrap().uid() == 0 { "" } else { "sudo " };
    let install = |package: &str| {
        format!("         -> {sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {package}")
    };
    program(&folder, "qemu-system-arm", "kill -9 $$");
    program(&folder, "python3", "exit 1");
    let path = folder.0.path().join("bin/qemu-system-arm").display().to_string();
    finds(
        &folder,
        &[
            &format!("broken   QEMU (for cargo demo and cargo test): `{path} --version` fails: signal: 9 (SIGKILL)"),
            &install("qemu-system-arm"),
            "broken   Python (for the emulated Pico): cannot make virtual environments: venv or ensurepip is missing",
            &install("python3-venv"),
        ],
        0,
    );
    for name in ["bin/qemu-system-arm", "bin/python3", "bin/apt-get"] {
        remove(&folder, name);
    }
    finds(
        &folder,
        &[
            "missing  QEMU (for cargo demo and cargo test): there is no qemu-system-arm",
            "         -> install QEMU for ARM system emulation (Debian's qemu-system-arm, Fedora's qemu-system-arm-core, \
             Arch's qemu-system-arm) so that `qemu-system-arm --version` works",
            "missing  Python (for the emulated Pico): there is no python3",
            "         -> install Python 3.10 or later with venv and ensurepip, so that `python3 -m venv` works",
        ],
        0,
    );
}

#[test]
fn nothing_is_changed() {
    let folder = healthy();
    let list = |folder: &Folder| {
        let mut files: Vec<_> = walk(folder.0.path());
        files.sort();
        files
    };
    let before = list(&folder);
    examined(&folder, "");
    assert_eq!(list(&folder), before);
}

fn walk(folder: &Path) -> Vec<(String, u64, i64)> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let data = fs::symlink_metadata(&path).unwrap();
        found.push((path.display().to_string(), data.len(), data.mtime_nsec()));
        if data.is_dir() {
            found.extend(walk(&path));
        }
    }
    found
}
