//! What firmware needs to be updatable: the linker script of slot A, and `--emit-relocs`, from which `lifeboot sign`
//! makes the image fit slot B as well.

use lifeboot_core::layout::{self, Board, Slot};
use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=LIFEBOOT_LINK_SLOT");
    // Slot B is only for proving that an image linked for it equals one that was rebased to it.
    let slot = match env::var("LIFEBOOT_LINK_SLOT").as_deref() {
        Err(_) | Ok("A") => Slot::A,
        Ok("B") => Slot::B,
        Ok(other) => return println!("cargo::error=LIFEBOOT_LINK_SLOT is {other}; it can be A or B"),
    };
    let Some(board) = board() else {
        return println!("cargo::error=no board is chosen: build with --features microbit");
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("memory.x"), board.memory_x(slot).to_string()).expect("OUT_DIR can be written");
    println!("cargo::rustc-link-search={}", out.display());
    for argument in ["--emit-relocs", "--nmagic", "-Tlink.x", "-Tdefmt.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}

fn board() -> Option<&'static Board> {
    let chosen = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    if chosen("MICROBIT") {
        Some(&layout::MICROBIT)
    } else if chosen("STM32F405") {
        Some(&layout::STM32F405)
    } else if chosen("PICO") {
        Some(&layout::PICO)
    } else {
        None
    }
}
