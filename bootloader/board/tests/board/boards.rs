//! The boards that Lifeboot comes with.

use super::read;
use lifeboot_board::BoardDescription;
use lifeboot_core::layout::{Architecture, Board, Region, Units};
use std::fs;
use std::path::Path;

fn board(name: &str) -> BoardDescription {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../firmware-example/boards");
    read(&fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap())
}

const KIB: u32 = 1024;

/// nRF51 Series Reference Manual 3.0, section 6.1; nRF51822 PS 3.1, table 15.
const MICROBIT: Board = Board::new("microbit", Architecture::Armv6M)
    .with_flash_address(0)
    .with_flash_length(256 * KIB)
    .with_bootloader(Region { start: 0, length: 28 * KIB })
    .with_journal(Region { start: 28 * KIB, length: 2 * KIB })
    .with_journal_unit(KIB)
    .with_slots([Region { start: 30 * KIB, length: 113 * KIB }, Region { start: 143 * KIB, length: 113 * KIB }])
    .with_units(&[Units { start: 0, length: KIB }])
    .with_write_size(4)
    .with_header_length(256)
    .with_ram(Region { start: 0x2000_0000, length: 16 * KIB });

/// RP2040 Datasheet, 2.6.2; W25Q16JV, 8.2.
const PICO: Board = MICROBIT
    .with_name("pico")
    .with_flash_address(0x1000_0000)
    .with_flash_length(2048 * KIB)
    .with_bootloader(Region { start: 0, length: 32 * KIB })
    .with_journal(Region { start: 32 * KIB, length: 8 * KIB })
    .with_journal_unit(4 * KIB)
    .with_slots([Region { start: 64 * KIB, length: 960 * KIB }, Region { start: 1024 * KIB, length: 960 * KIB }])
    .with_units(&[Units { start: 0, length: 4 * KIB }])
    .with_write_size(256)
    .with_ram(Region { start: 0x2000_0000, length: 256 * KIB });

/// RM0090, table 5.
const STM32F405: Board = MICROBIT
    .with_name("stm32f405")
    .with_architecture(Architecture::Armv7M)
    .with_flash_address(0x0800_0000)
    .with_flash_length(1024 * KIB)
    .with_bootloader(Region { start: 0, length: 32 * KIB })
    .with_journal(Region { start: 32 * KIB, length: 32 * KIB })
    .with_journal_unit(16 * KIB)
    .with_slots([Region { start: 128 * KIB, length: 384 * KIB }, Region { start: 512 * KIB, length: 384 * KIB }])
    .with_units(&[
        Units { start: 0, length: 16 * KIB },
        Units { start: 64 * KIB, length: 64 * KIB },
        Units { start: 128 * KIB, length: 128 * KIB },
    ])
    .with_header_length(512)
    .with_ram(Region { start: 0x2000_0000, length: 128 * KIB });

#[test]
fn their_maps_are_those_that_the_pages_promise() {
    for expected in [MICROBIT, PICO, STM32F405] {
        let made: Board = board(expected.name).board();
        assert_eq!(made, expected);
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
    assert_eq!(used("pico"), ("UART0", "GP0 GP1 GP22".to_owned(), Some(125_000_000)));
    assert_eq!(used("stm32f405"), ("USART2", "PA2 PA3 PA0".to_owned(), Some(152_000_000)));
    let divisor = board("stm32f405").baud_divisor().unwrap();
    assert_eq!((divisor.fast, divisor.slow), (330, 35));
}
