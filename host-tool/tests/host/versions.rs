//! The firmware's version, if only `Cargo.toml` has it.

use crate::command_line::Folder;
use crate::images::rich;
use crate::program::*;
use lifeboot_core::Slot;
use std::fs;

/// A folder with these files, firmware where cargo would have put it, and a key.
pub fn project(files: &[(&str, &str)], elfs: &[&str]) -> Folder {
    let folder = Folder::new();
    let put = |name: &str, bytes: &[u8]| {
        fs::create_dir_all(folder.0.path().join(name).parent().unwrap()).unwrap();
        folder.put(name, bytes);
    };
    files.iter().for_each(|(name, text)| put(name, text.as_bytes()));
    elfs.iter().for_each(|name| put(name, &rich(LARGE, Slot::A).elf()));
    folder
}

fn signed(folder: &Folder, line: &str) -> String {
    folder.done(&format!("sign {line} --key key.pem -o out.img")).lines().next().unwrap().to_owned()
}

pub const MAIN: (&str, &str) = ("src/main.rs", "fn main() {}");

#[test]
fn a_package_gives_its_version() {
    let elf = "target/thumbv7em-none-eabihf/release/app";
    let folder =
        project(&[("Cargo.toml", "package = { name = \"app\", version = \"1.4.2\" }"), MAIN], &[elf, "a/b.elf"]);
    assert_eq!(signed(&folder, elf), "signed out.img: stm32f405 1.4.2 (of Cargo.toml), epoch 0");
    assert_eq!(signed(&folder, "a/b.elf"), "signed out.img: stm32f405 1.4.2 (of Cargo.toml), epoch 0");
    assert_eq!(signed(&folder, &format!("{elf} --version 2.0.0")), "signed out.img: stm32f405 2.0.0, epoch 0");
    folder.put("lifeboot.toml", b"version = \"3.0.0\"");
    assert_eq!(signed(&folder, elf), "signed out.img: stm32f405 3.0.0, epoch 0");
}

#[test]
fn in_a_workspace_the_package_with_the_program_gives_what_it_inherits() {
    let workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"firmware\", \"host\"]\n\
                     [workspace.package]\nversion = \"1.4.2+7\"\nedition = \"2024\"\n";
    let firmware = "[package]\nname = \"firmware\"\nversion.workspace = true\nedition.workspace = true\n\
                    [[bin]]\nname = \"blinky\"\npath = \"src/main.rs\"\n";
    let folder = project(
        &[
            ("Cargo.toml", workspace),
            ("firmware/Cargo.toml", firmware),
            ("firmware/src/main.rs", MAIN.1),
            ("host/Cargo.toml", "[package]\nname = \"host\"\nversion = \"9.9.9\"\n"),
            ("host/src/main.rs", MAIN.1),
        ],
        &["target/blinky", "target/other", "elsewhere/blinky.elf"],
    );
    let expected = "signed out.img: stm32f405 1.4.2+7 (of firmware/Cargo.toml), epoch 0";
    assert_eq!(signed(&folder, "target/blinky"), expected);
    assert_eq!(signed(&folder, "elsewhere/blinky.elf"), expected);
    // No package builds it, and none is the root's: an error, not a guess.
    let said = folder.failed("sign target/other --key key.pem");
    assert!(
        said.starts_with("error: nothing says which version the firmware has\n  help: give --version 1.2.3, "),
        "{said}"
    );
}

#[test]
fn a_target_folder_elsewhere_leaves_the_current_folder_to_ask() {
    let here = project(&[("Cargo.toml", "package = { name = \"app\", version = \"1.4.2\" }"), MAIN], &[]);
    let there = project(&[], &["app"]);
    let elf = there.0.path().join("app");
    assert_eq!(signed(&here, elf.to_str().unwrap()), "signed out.img: stm32f405 1.4.2 (of Cargo.toml), epoch 0");
}

#[test]
fn versions_that_cannot_be_taken_say_where_they_stand() {
    let folder = project(&[("Cargo.toml", "package = { name = \"app\", version = \"1.0.0-rc.1\" }"), MAIN], &["app"]);
    assert_eq!(
        folder.failed("sign app --key key.pem"),
        "error: the version in Cargo.toml is not one for firmware\n  because: a pre-release (-rc.1) cannot be stored in a \
         header; count builds instead, e.g. 1.2.3+45\n  help: correct it; or say another: --version, LIFEBOOT_VERSION, or \
         version in lifeboot.toml\n"
    );
    folder.put("Cargo.toml", b"package = { version = \"1.0.0\" }");
    let said = folder.failed("sign app --key key.pem");
    assert!(said.starts_with("error: cargo cannot read Cargo.toml: "), "{said}");
    assert!(said.contains("missing field") && said.lines().count() == 2, "{said}");
    let output = folder.command("sign app --key key.pem").env("PATH", "").env_remove("CARGO").output().unwrap();
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: cargo does not start, and is to read the version in Cargo.toml\n  because: No such file or directory (os \
         error 2)\n  help: say the version: --version, LIFEBOOT_VERSION, or version in lifeboot.toml; or install cargo\n"
    );
    assert_eq!(
        Folder::new().failed("sign a.elf --key key.pem"),
        "error: nothing says which version the firmware has\n  help: give --version 1.2.3, or say it once: version = \
         \"1.2.3\" in lifeboot.toml, or LIFEBOOT_VERSION in the environment; in cargo's target folder, Cargo.toml's \
         counts\n"
    );
}

#[test]
fn run_takes_the_package_s_version_too() {
    let manifest = "package = { name = \"app\", version = \"1.0.0-rc.1\" }";
    let folder = project(&[("Cargo.toml", manifest), MAIN], &["app"]);
    let said = folder.failed("run app --key key.pem");
    assert!(said.starts_with("error: the version in Cargo.toml is not one for firmware\n"), "{said}");
}
