//! `lifeboot bootloader`: how it runs cargo, and that the other commands use the result. The cargo here is a script that copies;
//! the tests of own boards have the real one.

use crate::command_line::Folder;
use crate::flashing_commands::folder;
use crate::program::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

/// A folder with a board, a key, and a cargo that copies a bootloader; it writes down its arguments and environment.
fn project() -> Folder {
    let folder = folder(SMALL);
    let cargo = "[ \"$1\" = build ] || exit 1\necho \"$*\" > log\nenv > environment\n[ -z \"$FAILS\" ] || exit 101\n\
                 built=target/lifeboot/bootloader/build/microbit/thumbv6m-none-eabi/release\n\
                 mkdir -p $built\ncp lifeboot-bootloader $built/bootloader\n";
    script(&folder, "cargo.sh", cargo);
    // A compiler that has every target.
    script(&folder, "rustc.sh", "echo .\n");
    folder
}

fn script(folder: &Folder, name: &str, text: &str) {
    folder.put(name, format!("#!/bin/sh\n{text}").as_bytes());
    fs::set_permissions(folder.0.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

fn build(folder: &Folder, line: &str, more: &[(&str, &str)]) -> Output {
    let at = |name: &str| folder.0.path().join(name);
    let mut command = folder.command(&format!("bootloader {line}"));
    command.env("CARGO", at("cargo.sh")).env("RUSTC", at("rustc.sh")).envs(more.iter().copied());
    command.env_remove("CARGO_TARGET_DIR").output().unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn cargo_builds_it_and_the_other_commands_use_it() {
    let folder = project();
    let output = build(&folder, "--board microbit.toml --key key.pem", &[]);
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{}", error(&output));
    assert!(said.starts_with("built target/lifeboot/bootloader/microbit.elf: microbit, flash map "), "{said}");
    assert!(said.contains("\nsize: ") && said.contains("\ntrusts key ") && said.contains(": key.pub.pem"), "{said}");

    let text = |name: &str| String::from_utf8(folder.bytes(name)).unwrap();
    let log = text("log");
    let package = "target/lifeboot/bootloader/packages/microbit";
    assert!(log.starts_with("build --release --target thumbv6m-none-eabi --manifest-path "), "{log}");
    assert!(log.contains(&format!("{package}/Cargo.toml --target-dir ")), "{log}");
    assert!(log.contains(" --config target.thumbv6m-none-eabi.linker=\"rust-lld\""), "{log}");
    assert!(log.contains(" --config profile.release.opt-level=\"z\" "), "{log}");
    let environment = text("environment");
    let value = |name: &str| {
        let line = environment.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned));
        line.unwrap_or_else(|| panic!("{name} is not set"))
    };
    assert_eq!(value("CARGO_ENCODED_RUSTFLAGS").split('\x1f').nth(1), Some("sha2_backend_soft=\"compact\""));
    assert_eq!(value("CARGO_INCREMENTAL"), "0");
    assert!(value("LIFEBOOT_BOARD").ends_with("/microbit.toml") && value("LIFEBOOT_BOARD").starts_with('/'));
    // Only the public half goes into a build.
    let key = fs::read_to_string(value("LIFEBOOT_KEYS")).unwrap();
    assert_eq!(key, text("key.pub.pem"));
    let manifest = text(&format!("{package}/Cargo.toml"));
    assert!(manifest.contains("default-features = false, features = [\"nrf51\", \"recovery\"] }"), "{manifest}");

    folder.done("provision a.img --board microbit.toml -o by-itself.hex");
    folder.done("provision lifeboot-bootloader a.img -o given.hex");
    assert_eq!(folder.bytes("by-itself.hex"), folder.bytes("given.hex"));

    // What is as it was is not written anew, so that cargo has nothing to do.
    let path = folder.0.path().join(package).join("Cargo.toml");
    let modified = || fs::metadata(&path).unwrap().modified().unwrap();
    let before = modified();
    build(&folder, "--board microbit.toml --key key.pem", &[]);
    assert_eq!(modified(), before);
    build(&folder, "--board microbit.toml --key key.pem --without-recovery --two-part-signature", &[]);
    let manifest = text(&format!("{package}/Cargo.toml"));
    assert!(manifest.contains("features = [\"nrf51\", \"two-part-signature\"] }"), "{manifest}");
}

#[test]
fn a_board_that_changed_since_is_told() {
    let folder = project();
    build(&folder, "--board microbit.toml --key key.pem", &[]);
    let board = fs::File::options().write(true).open(folder.0.path().join("microbit.toml")).unwrap();
    board.set_modified(std::time::SystemTime::now() + std::time::Duration::from_mins(1)).unwrap();
    let output = folder.run("provision a.img --board microbit.toml -o first.hex");
    let warning = "microbit.toml has changed since the bootloader was built: lifeboot bootloader builds it again";
    assert!(output.status.success() && error(&output).contains(warning), "{}", error(&output));
}

#[test]
fn failures_say_what_to_do() {
    let folder = project();
    let failed = |more: &[(&str, &str)]| {
        let output = build(&folder, "--board microbit.toml --key key.pem", more);
        assert_eq!(output.status.code(), Some(1));
        error(&output)
    };
    let said = failed(&[("FAILS", "yes")]);
    assert!(
        said.contains(
            "error: cargo could not build the bootloader, with exit status: 101: its messages are above\n  help: "
        ),
        "{said}"
    );
    let nowhere = folder.0.path().join("nowhere").display().to_string();
    let said = failed(&[("CARGO", &nowhere)]);
    assert!(said.contains("error: cargo does not start, and is to build the bootloader\n"), "{said}");
    let said = failed(&[("RUSTC", &nowhere)]);
    assert!(said.contains("error: rustc does not start, and is to build the bootloader\n"), "{said}");
    script(&folder, "bare.sh", "echo /nowhere\n");
    let bare = folder.0.path().join("bare.sh").display().to_string();
    let said = failed(&[("RUSTC", &bare)]);
    let words = "error: the Rust compiler has no thumbv6m-none-eabi, which the bootloader is built for\n  help: rustup target add \
                 thumbv6m-none-eabi\n";
    assert!(said.contains(words), "{said}");
    let colon = folder.0.path().join("a:b").display().to_string();
    let mut command = folder.command("bootloader --board microbit.toml --key key.pem");
    let at = |name: &str| folder.0.path().join(name);
    command.env("CARGO", at("cargo.sh")).env("RUSTC", at("rustc.sh")).env("CARGO_TARGET_DIR", colon);
    let said = error(&command.output().unwrap());
    assert!(said.contains(" cannot be passed to a build: it has the character that separates paths\n"), "{said}");
}

/// A board file may be somebody else's.
#[test]
fn a_board_s_name_leads_to_no_other_folder() {
    let folder = project();
    let board = SMALL_FILE.replace("\"microbit\"", "\"../../../..\"");
    folder.put("elsewhere.toml", board.as_bytes());
    folder.put("Cargo.toml", b"mine");
    let output = build(&folder, "--board elsewhere.toml --key key.pem", &[]);
    assert_eq!(folder.bytes("Cargo.toml"), b"mine", "{}", error(&output));
    assert!(folder.0.path().join("target/lifeboot/bootloader/packages/%2E%2E%2F%2E%2E%2F%2E%2E%2F%2E%2E").is_dir());
}
