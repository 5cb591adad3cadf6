//! `sign --prove`: a command, or cargo, links the firmware for slot B. The cargo here is a script that copies; the guide's test
//! has the real one.

use crate::command_line::{Folder, SIGN};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_command_links_it_for_slot_b() {
    let folder = Folder::new();
    // The shell takes the names that the tool's own command line does not split.
    folder.put("relink.sh", b"test \"$LIFEBOOT_LINK_SLOT\" = B && cp b.elf \"$LIFEBOOT_RELINKED\"");
    fs::write(folder.0.path().join("lifeboot.toml"), "relink = \"sh relink.sh\"").unwrap();
    let said = folder.done(&format!("{SIGN} --prove -o out.img"));
    assert!(said.starts_with("proved: with 4 relocations all 192 bytes are those of `sh relink.sh`\n"), "{said}");
    assert!(folder.done("inspect out.img").contains("proved       as what the linker makes for slot B\n"));

    let said = folder.done(&format!("{SIGN} -o out.img"));
    assert!(said.ends_with("not proved: --prove compares it with the firmware linked for slot B\n"), "{said}");
    assert!(folder.done("inspect out.img").contains("proved       no\n"));
    // One slot is all that it is for.
    assert!(!folder.done(&format!("{SIGN} --bound -o out.img")).contains("proved"));
}

#[test]
fn cargo_links_it_for_slot_b_and_for_slot_a_again() {
    let (folder, app) = with_cargo(
        "echo \"$LIFEBOOT_LINK_SLOT $*\" >> log\ncase \"$LIFEBOOT_LINK_SLOT\" in A) cp \"${AGAIN:-a.elf}\" APP;; B) cp b.elf APP;; \
         esac\n",
    );
    let at = |name: &str| folder.0.path().join(name);
    let sign = format!("{PROVE} -- --features fast");
    let run = |again: &str| {
        let output = folder.command(&sign).env("CARGO", at("cargo.sh")).env("AGAIN", again).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };

    let (succeeded, said, error) = run("a.elf");
    assert!(succeeded, "{error}");
    assert!(
        said.starts_with("proved: with 4 relocations all 192 bytes are those of cargo build for slot B\n"),
        "{said}"
    );
    assert_eq!(fs::read(&app).unwrap(), folder.bytes("a.elf"), "the firmware is as it was");
    let log = String::from_utf8(folder.bytes("log")).unwrap();
    let [b, a] = log.lines().collect::<Vec<_>>()[..] else { panic!("{log}") };
    assert!(b.starts_with("B build --bin app --target thumbv7em-none-eabihf --profile release --target-dir "), "{b}");
    assert!(b.ends_with("/Cargo.toml --features fast") && a == b.replacen('B', "A", 1), "{log}");

    // Other arguments make another program.
    fs::copy(at("a.elf"), &app).unwrap();
    let (succeeded, _, error) = run("plain.elf");
    assert!(!succeeded && error.starts_with("error: cargo makes another program of the sources than "), "{error}");
}

/// A folder with firmware where cargo would have built it, and a cargo that links what its files say: `b.elf` for slot B, and for
/// slot A what AGAIN names.
fn with_cargo(script: &str) -> (Folder, std::path::PathBuf) {
    let folder = Folder::new();
    let at = |name: &str| folder.0.path().join(name);
    fs::create_dir_all(at("src")).unwrap();
    fs::create_dir_all(at("target/thumbv7em-none-eabihf/release")).unwrap();
    fs::write(at("Cargo.toml"), "[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2024\"\n").unwrap();
    fs::write(at("src/main.rs"), "fn main() {}").unwrap();
    let app = at("target/thumbv7em-none-eabihf/release/app");
    fs::copy(at("a.elf"), &app).unwrap();
    let metadata = format!("#!/bin/sh\n[ \"$1\" = metadata ] && exec '{}' \"$@\"\n", env!("CARGO"));
    fs::write(at("cargo.sh"), metadata + &script.replace("APP", &app.display().to_string())).unwrap();
    fs::set_permissions(at("cargo.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    (folder, app)
}

const PROVE: &str = "sign target/thumbv7em-none-eabihf/release/app --key key.pem --prove -o out.img";

#[test]
fn the_firmware_is_as_it_was_whatever_cargo_makes() {
    for (script, why) in [
        ("case $LIFEBOOT_LINK_SLOT in A) cp plain.elf APP;; B) cp b.elf APP;; esac", "cargo makes another program of "),
        ("case $LIFEBOOT_LINK_SLOT in A) exit 1;; B) cp b.elf APP;; esac", "cargo build failed, with exit status: 1"),
        ("cp b.elf APP; exit 1", "cargo build failed, with exit status: 1"),
        ("rm APP", "cannot read "),
    ] {
        let (folder, app) = with_cargo(script);
        let output = folder.command(PROVE).env("CARGO", folder.0.path().join("cargo.sh")).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(why), "{error}");
        assert_eq!(fs::read(&app).unwrap(), folder.bytes("a.elf"), "{script}");
        assert!(!app.with_file_name(".app.kept").exists());
    }
}

#[test]
fn firmware_that_a_killed_proof_left_for_slot_b_is_put_back() {
    let (folder, app) = with_cargo("cp b.elf APP; kill -KILL $PPID");
    let killed = folder.command(PROVE).env("CARGO", folder.0.path().join("cargo.sh")).output().unwrap();
    assert!(!killed.status.success());
    assert_eq!(fs::read(&app).unwrap(), folder.bytes("b.elf"), "this is what it left");
    let output = folder.run("sign target/thumbv7em-none-eabihf/release/app --key key.pem -o out.img");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("a proof was stopped while "), "{said}");
    assert_eq!(fs::read(&app).unwrap(), folder.bytes("a.elf"));

    // What was built since then counts.
    fs::copy(&app, app.with_file_name(".app.kept")).unwrap();
    fs::copy(folder.0.path().join("plain.elf"), &app).unwrap();
    folder.done("sign target/thumbv7em-none-eabihf/release/app --key key.pem --bound -o out.img");
    assert_eq!(fs::read(&app).unwrap(), folder.bytes("plain.elf"));
    assert!(!app.with_file_name(".app.kept").exists());
}

#[test]
fn a_command_of_the_project_runs_in_its_folder() {
    let folder = Folder::new();
    let inner = folder.0.path().join("it's here");
    fs::create_dir(&inner).unwrap();
    fs::write(
        folder.0.path().join("lifeboot.toml"),
        "relink = \"cp b.elf \\\"$LIFEBOOT_RELINKED\\\"\"\nkey = \"key.pem\"\n",
    )
    .unwrap();
    let mut command = folder.command("sign ../a.elf --version 1.0.0 --prove -o ../out.img");
    let output = command.current_dir(&inner).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
