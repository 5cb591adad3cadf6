//! For the build script of firmware: links it for slot A, with what `lifeboot sign` needs to rebase it for slot B.
//!
//! ```no_run
//! // in the main function of build.rs
//! lifeboot_build::firmware();
//! ```
//!
//! The board is the one that the project's `lifeboot.toml` describes in its table `[board]`, or whose file it names:
//! `board = "boards/acme-press.toml"`. The firmware gets it as `BOARD`, by `lifeboot_updater::board!()`.
//!
//! Firmware that starts with `cortex-m-rt` still passes `-Tlink.x` to the linker itself. It must not have a `memory.x`
//! of its own: the board's flash map is the only place where an address is written.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(feature = "bootloader")]
mod bootloader;

#[cfg(feature = "bootloader")]
pub use bootloader::{bootloader, built_in_bootloader};

use lifeboot_board::{BoardDescription, FoundBoard, of_project, read};
use lifeboot_core::layout::Slot;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// If set to B, firmware is linked for slot B instead of A. Only to prove an image (`lifeboot sign --relinked`).
const SLOT: &str = "LIFEBOOT_LINK_SLOT";

/// The path of the types that the board consists of, as the firmware's package sees them.
const LAYOUT: &str = "::lifeboot_updater::layout";

/// Links the binaries of the package that is being built as firmware for the project's board; must be called in its build script.
///
/// If that is impossible, the build fails with the reason.
pub fn firmware() {
    prepare(|package| of_project(package).map_err(|error| error.to_string()));
}

/// Links the binaries of the package that is being built as firmware for the board that a file describes. The path is relative to
/// the package; must be called in its build script.
///
/// If that is impossible, the build fails with the reason.
pub fn firmware_for(file: impl AsRef<Path>) {
    prepare(|package| read(&package.join(file)).map_err(|error| error.to_string()));
}

/// Writes what the build needs, and tells cargo.
fn prepare(board: impl FnOnce(&Path) -> Result<FoundBoard, String>) {
    // This also keeps cargo from running the build script again after any other change.
    println!("cargo::rerun-if-env-changed={SLOT}");
    match instructions(board) {
        Ok(instructions) => instructions.iter().for_each(|instruction| println!("cargo::{instruction}")),
        Err(reason) => println!("cargo::error={reason}"),
    }
}

/// Writes the linker scripts and the board; returns the instructions for cargo.
fn instructions(board: impl FnOnce(&Path) -> Result<FoundBoard, String>) -> Result<Vec<String>, String> {
    let slot = slot(env::var_os(SLOT).as_deref().and_then(|slot| slot.to_str()))?;
    let package = folder("CARGO_MANIFEST_DIR")?;
    refuse_other_maps(&package)?;
    let found = board(&package)?;
    let mut instructions = write_files(&folder("OUT_DIR")?, &found.board, slot)?;
    instructions.extend(found.files.iter().map(|file| format!("rerun-if-changed={}", file.display())));
    Ok(instructions)
}

/// Returns a folder of the build.
fn folder(variable: &str) -> Result<PathBuf, String> {
    let folder = env::var_os(variable).map(PathBuf::from);
    folder.ok_or(format!("{variable} is not set: call this from a build script"))
}

fn slot(named: Option<&str>) -> Result<Slot, String> {
    match named {
        None | Some("" | "A") => Ok(Slot::A),
        Some("B") => Ok(Slot::B),
        Some(other) => Err(format!("{SLOT} is {other:?}; it can be A or B, or not set, which means A")),
    }
}

/// The linker prefers a `memory.x` in its working directory to any other, and cargo starts it in the workspace's
/// directory.
fn refuse_other_maps(package: &Path) -> Result<(), String> {
    let has = |folder: &&Path, file: &str| folder.join(file).exists();
    match package.ancestors().find(|folder| has(folder, "Cargo.toml") && has(folder, "memory.x")) {
        None => Ok(()),
        Some(folder) => Err(format!(
            "{} would be taken instead of Lifeboot's, and firmware linked for no slot: delete it, and what a build \
             script does with it",
            folder.join("memory.x").display()
        )),
    }
}

/// | file | what |
/// | --- | --- |
/// | `memory.x` | the flash map that `cortex-m-rt` includes, with the application's regions as symbols |
/// | `lifeboot.x` | fails the link if another `memory.x` was found first |
/// | `board.rs` | the board, for `lifeboot_updater::board!()` |
///
/// `lifeboot sign` makes the relocation table from the output of `--emit-relocs`. `--nmagic` keeps the linker from
/// aligning segments to pages, which slots do not start at: the payload would begin with the ELF file's own header.
fn write_files(out: &Path, description: &BoardDescription, slot: Slot) -> Result<Vec<String>, String> {
    let write = |name: &str, content: String| {
        fs::write(out.join(name), content).map_err(|error| format!("cannot write {name} into OUT_DIR: {error}"))
    };
    let board = description.board();
    write("memory.x", format!("{}{}", board.memory_x(slot), description.symbols()))?;
    write("lifeboot.x", check_script(board.payload_address(slot)))?;
    write("board.rs", description.constants(LAYOUT))?;
    let argument = |argument: String| format!("rustc-link-arg-bins={argument}");
    Ok(vec![
        format!("rustc-link-search={}", out.display()),
        argument("--emit-relocs".to_owned()),
        argument("--nmagic".to_owned()),
        argument(format!("-T{}", out.join("lifeboot.x").display())),
    ])
}

/// No build script can find a `memory.x` that is added later or lies elsewhere, so the linker checks.
fn check_script(payload: u32) -> String {
    format!(
        "ASSERT(!DEFINED(__vector_table) || __vector_table == {payload:#010x}, \"lifeboot: another memory.x than Lifeboot's was \
         taken: delete the one in the folder of the project or its workspace, and linker arguments that lead to one\");\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slot_is_a_unless_b_is_asked_for() {
        assert_eq!((slot(None), slot(Some("A")), slot(Some("B"))), (Ok(Slot::A), Ok(Slot::A), Ok(Slot::B)));
        let refused = slot(Some("C")).unwrap_err();
        assert_eq!(refused, "LIFEBOOT_LINK_SLOT is \"C\"; it can be A or B, or not set, which means A");
    }

    #[test]
    fn a_memory_x_that_would_win_is_refused() {
        let workspace = tempfile::tempdir().unwrap();
        let package = workspace.path().join("firmware");
        fs::create_dir(&package).unwrap();
        for folder in [workspace.path(), &package] {
            fs::write(folder.join("Cargo.toml"), "").unwrap();
        }
        assert_eq!(refuse_other_maps(&package), Ok(()));
        for folder in [workspace.path(), &package] {
            let map = folder.join("memory.x");
            fs::write(&map, "").unwrap();
            let refused = refuse_other_maps(&package).unwrap_err();
            assert!(refused.starts_with(&format!("{} would be taken", map.display())), "{refused}");
            fs::remove_file(&map).unwrap();
        }
    }

    #[test]
    fn the_files_are_of_the_board_and_the_slot() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lifeboot.toml");
        let board = "[board]\nname = \"acme-press\"\nchip = \"STM32F411CE\"\nmap = { bootloader = \"32K\", journal = \"32K\", \
                     slots = [\"128K @ 128K\", \"128K @ 256K\"], settings = \"64K @ 64K\" }\n";
        fs::write(&file, board).unwrap();
        let found = of_project(folder.path()).unwrap();
        let instructions = write_files(folder.path(), &found.board, Slot::B).unwrap();
        let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
        let memory = read("memory.x");
        assert!(memory.starts_with(&found.board.board().memory_x(Slot::B).to_string()), "{memory}");
        assert!(
            memory.ends_with("__lifeboot_settings_start = 0x08010000;\n__lifeboot_settings_end = 0x08020000;\n"),
            "{memory}"
        );
        assert!(read("lifeboot.x").contains("__vector_table == 0x08040200"), "{}", read("lifeboot.x"));
        assert!(
            read("board.rs").contains("pub const SETTINGS: ::lifeboot_updater::layout::Region"),
            "{}",
            read("board.rs")
        );
        assert!(instructions.contains(&"rustc-link-arg-bins=--emit-relocs".to_owned()), "{instructions:?}");
    }
}
