//! `lifeboot_build::firmware_for` is all that firmware needs to be updatable; the rest chooses the board and links with the
//! scripts of `cortex-m-rt` and `defmt`.

use std::env;

fn main() {
    let is_chosen = |feature: &&&str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    let Some(board) = ["MICROBIT", "STM32F405", "PICO"].iter().find(is_chosen) else {
        return println!("cargo::error=no board is chosen: build with --features microbit");
    };
    // Firmware for one board has its `[board]` in lifeboot.toml, and calls `lifeboot_build::firmware()`.
    lifeboot_build::firmware_for(format!("boards/{}.toml", board.to_lowercase()));
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
}
