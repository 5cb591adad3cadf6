//! For the build script of firmware: links it for slot A, with what `lifeboot sign` needs to rebase it for slot B.
//!
//! ```no_run
//! // in the main function of build.rs
//! lifeboot_build::firmware(&lifeboot_build::layout::STM32F405);
//! ```
//!
//! Firmware that starts with `cortex-m-rt` still passes `-Tlink.x` to the linker itself. It must not have a `memory.x`
//! of its own: the board's flash map is the only place where an address is written.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

use lifeboot_core::layout::{Board, Slot};
use std::path::Path;
use std::{env, fs};

pub use lifeboot_core::layout;

/// If set to B, firmware is linked for slot B instead of A. Only to prove an image (`lifeboot sign --relinked`).
const SLOT: &str = "LIFEBOOT_LINK_SLOT";

/// Links the binaries of the package that is being built as firmware for `board`; must be called in its build script.
///
/// If that is impossible, the build fails with the reason.
pub fn firmware(board: &Board) {
    // This also keeps cargo from running the build script again after any other change.
    println!("cargo::rerun-if-env-changed={SLOT}");
    match prepare(board) {
        Ok(instructions) => instructions.iter().for_each(|instruction| println!("cargo::{instruction}")),
        Err(reason) => println!("cargo::error={reason}"),
    }
}

/// Writes the linker scripts; returns the instructions for cargo.
fn prepare(board: &Board) -> Result<Vec<String>, String> {
    let folder = |name: &str| env::var_os(name).ok_or(format!("{name} is not set: call this from a build script"));
    let slot = slot(env::var_os(SLOT).as_deref().and_then(|slot| slot.to_str()))?;
    refuse_other_maps(folder("CARGO_MANIFEST_DIR")?.as_ref())?;
    let out = folder("OUT_DIR")?;
    write_scripts(out.as_ref(), board, slot)
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
/// | `memory.x` | the flash map that `cortex-m-rt` includes |
/// | `lifeboot.x` | fails the link if another `memory.x` was found first |
///
/// `lifeboot sign` makes the relocation table from the output of `--emit-relocs`. `--nmagic` keeps the linker from
/// aligning segments to pages, which slots do not start at: the payload would begin with the ELF file's own header.
fn write_scripts(out: &Path, board: &Board, slot: Slot) -> Result<Vec<String>, String> {
    let write = |name: &str, content: String| {
        fs::write(out.join(name), content).map_err(|error| format!("cannot write {name} into OUT_DIR: {error}"))
    };
    write("memory.x", board.memory_x(slot).to_string())?;
    write("lifeboot.x", check_script(board, slot))?;
    let argument = |argument: String| format!("rustc-link-arg-bins={argument}");
    Ok(vec![
        format!("rustc-link-search={}", out.display()),
        argument("--emit-relocs".to_owned()),
        argument("--nmagic".to_owned()),
        argument(format!("-T{}", out.join("lifeboot.x").display())),
    ])
}

/// No build script can find a `memory.x` that is added later or lies elsewhere, so the linker checks.
fn check_script(board: &Board, slot: Slot) -> String {
    format!(
        "ASSERT(!DEFINED(__vector_table) || __vector_table == {:#010x}, \"lifeboot: another memory.x than Lifeboot's was \
         taken: delete the one in the folder of the project or its workspace, and linker arguments that lead to one\");\n",
        board.payload_address(slot)
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
    fn the_scripts_are_of_the_board_and_the_slot() {
        let out = tempfile::tempdir().unwrap();
        let instructions = write_scripts(out.path(), &layout::STM32F405, Slot::B).unwrap();
        let read = |name| fs::read_to_string(out.path().join(name)).unwrap();
        assert_eq!(read("memory.x"), layout::STM32F405.memory_x(Slot::B).to_string());
        assert!(read("lifeboot.x").contains("__vector_table == 0x08080200"), "{}", read("lifeboot.x"));
        assert!(instructions.contains(&"rustc-link-arg-bins=--emit-relocs".to_owned()), "{instructions:?}");
    }
}
