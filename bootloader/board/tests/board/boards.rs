//! The boards that Lifeboot comes with.

use super::read;
use lifeboot_board::BoardDescription;
use lifeboot_core::layout::Board;
use lifeboot_example_boards::{MICROBIT, PICO, STM32F405};
use std::fs;
use std::path::Path;

fn board(name: &str) -> BoardDescription {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../firmware-example/boards");
    read(&fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap())
}

#[test]
fn their_files_are_the_constants_that_core_has() {
    for expected in [&MICROBIT, &PICO, &STM32F405] {
        let made: Board = board(expected.name).board();
        assert_eq!(made, *expected);
        made.check();
    }
}

/// What the chips' folders of the bootloader are written for.
#[test]
fn their_ports_and_clocks_are_those_of_the_bootloader() {
    let used = |name: &str| {
        let board = board(name);
        let (serial, recovery) = (board.serial.clone().unwrap(), board.recovery.clone().unwrap());
        let pins = [&serial.tx, &serial.rx, &recovery.pin].map(|pin| pin.name.clone());
        (serial.peripheral.name, pins.join(" "), board.core_clock())
    };
    assert_eq!(used("microbit"), ("UART", "P0.24 P0.25 P0.17".to_owned(), Some(16_000_000)));
    assert_eq!(used("pico"), ("UART0", "GP0 GP1 GP22".to_owned(), None));
    assert_eq!(used("stm32f405"), ("USART2", "PA2 PA3 PA0".to_owned(), Some(152_000_000)));
    let divisor = board("stm32f405").baud_divisor().unwrap();
    assert_eq!((divisor.fast, divisor.slow), (330, 35));
}
