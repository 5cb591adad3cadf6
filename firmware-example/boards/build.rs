//! Renders the board files beside this one.

use std::path::{Path, PathBuf};
use std::{env, fs};

const BOARDS: [&str; 3] = ["microbit", "stm32f405", "pico"];

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    for name in BOARDS {
        let file = format!("{name}.toml");
        println!("cargo::rerun-if-changed={file}");
        let text = fs::read_to_string(&file).expect("the board's file can be read");
        match lifeboot_board::parse_file(&text, Path::new(&file)) {
            Ok(board) => fs::write(out.join(format!("{name}.rs")), board.constants("lifeboot_core::layout"))
                .expect("OUT_DIR can be written to"),
            Err(error) => println!("cargo::error={error}: {}", error.help),
        }
    }
}
