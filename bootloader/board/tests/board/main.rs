//! Board files as a whole: what they yield, and every error in exact words.

mod boards;
mod bootloader_constants;
mod clocks;
mod helps;
mod pins_clock_ram;
mod refused_keys;
mod refused_maps;
mod rendered;
mod suggested;
mod unequal;
mod unnamed;

use lifeboot_board::{BoardDescription, BoardError, parse_file};
use std::path::Path;

/// A board of which the tests change single values.
const BASE: &str = r#"name = "acme-press"
chip = "STM32F411CE"

[map]
bootloader = "32K"
journal = "32K"
slots = ["192K @ 64K", "192K @ 256K"]

[pins]
serial = "USART1 PA9 PA10"
recovery = "PA0 low"
"#;

/// Reads a board that must be legal.
fn read(text: &str) -> BoardDescription {
    match parse_file(text, Path::new("board.toml")) {
        Ok(board) => board,
        Err(error) => panic!("{error}\n{}", error.help),
    }
}

/// Reads [`BASE`] with `from` replaced, and returns the error's whole text and its help.
fn refused(from: &str, to: &str) -> (String, String) {
    assert!(BASE.contains(from), "{from}");
    refused_text(&BASE.replacen(from, to, 1))
}

/// Returns the error's whole text and its help.
fn refused_text(text: &str) -> (String, String) {
    let error: BoardError = parse_file(text, Path::new("board.toml")).expect_err("it must be refused");
    (error.to_string(), error.help)
}

/// Asserts an error and its help.
fn says((error, help): (String, String), expected: &str, expected_help: &str) {
    assert_eq!((error.as_str(), help.as_str()), (expected, expected_help));
}
