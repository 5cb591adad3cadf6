//! `lifeboot_build::firmware` is all that firmware needs to be updatable; the rest chooses the board and links with the
//! scripts of `cortex-m-rt` and `defmt`.

use lifeboot_build::layout::{self, Board};
use std::env;

fn main() {
    let Some(board) = board() else {
        return println!("cargo::error=no board is chosen: build with --features microbit");
    };
    lifeboot_build::firmware(board);
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
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
