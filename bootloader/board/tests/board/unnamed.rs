//! Boards that nobody named in Lifeboot's sources, as files: `lifeboot-bootloader` is built for each.

use lifeboot_board::chip::Family;
use lifeboot_board::{BoardDescription, parse_file};
use std::fs;
use std::path::Path;

fn board(file: &str) -> BoardDescription {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/boards").join(file);
    match parse_file(&fs::read_to_string(&path).unwrap(), &path) {
        Ok(board) => board,
        Err(error) => panic!("{error}\n{}", error.help),
    }
}

#[test]
fn every_file_is_a_board() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/boards");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let board = board(&file);
        assert_eq!(format!("{}.toml", board.name), file);
        assert_eq!(board.board().contradiction(), None, "{file}");
        names.push(file);
    }
    names.sort();
    assert_eq!(
        names,
        ["acme-press.toml", "large-pico.toml", "other-microbit.toml", "small-press.toml", "two-banks.toml"]
    );
}

#[test]
fn their_ports_are_not_those_of_the_known_boards() {
    let used = |file| {
        let board = board(file);
        let (serial, recovery) = (board.serial.unwrap(), board.recovery.unwrap());
        format!("{} {} {} {}", serial.peripheral.name, serial.tx.name, serial.rx.name, recovery.pin.name)
    };
    assert_eq!(used("acme-press.toml"), "USART1 PA9 PA10 PA0");
    assert_eq!(used("small-press.toml"), "USART1 PB6 PA10 PB4");
    assert_eq!(used("two-banks.toml"), "USART3 PD8 PD9 PC13");
    assert_eq!(used("large-pico.toml"), "UART1 GP8 GP9 GP15");
    assert_eq!(used("other-microbit.toml"), "UART P0.24 P0.25 P0.26");
}

#[test]
fn each_family_names_its_feature_of_the_bootloader() {
    assert_eq!(Family::ALL.map(Family::feature), ["nrf51", "stm32f4", "rp2040"]);
    assert_eq!(board("two-banks.toml").chip.family.feature(), "stm32f4");
}

/// A project's settings beside the table are none of the board's business.
#[test]
fn a_project_file_has_the_board_in_a_table() {
    let path = Path::new("lifeboot.toml");
    let text = "version = \"1.2.3\"\n\n[board]\nname = \"a\"\nchip = \"RP2040\"\nflash = \"2M\"\n\n[board.map]\n\
                bootloader = \"32K\"\njournal = \"8K\"\nslots = [\"960K @ 64K\", \"960K @ 1M\"]\n";
    assert_eq!(parse_file(text, path).unwrap().name, "a");
    let error = parse_file(&text.replace("RP2040", "RP2041"), path).unwrap_err();
    assert_eq!(error.to_string(), "lifeboot.toml:5: chip: Lifeboot does not know \"RP2041\"");
}
