//! Links for a board, as ordinary firmware does.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let is_chosen = |feature: &&&str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    let Some(board) = ["MICROBIT", "STM32F405"].iter().find(is_chosen) else {
        return println!("cargo::error=no board is chosen: build with --features microbit");
    };
    lifeboot_build::firmware_for(format!("../../firmware-example/boards/{}.toml", board.to_lowercase()));
    // cortex-m-rt wants the interrupts' names from here if a program brings a vector for each.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("device.x"), "").expect("the folder can be written");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
}
