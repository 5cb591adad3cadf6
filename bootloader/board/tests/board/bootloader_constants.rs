//! What the bootloader's chip code gets, compiled with the types that it has for it.

use super::{BASE, read};
use std::fs;
use std::path::Path;

#[allow(dead_code, reason = "only the chip's code reads some fields")]
#[path = "../../../src/chips/board/types.rs"]
mod types;

/// The rendered source for an STM32F411, as the bootloader includes it.
mod press {
    use super::types::{ClockSettings, Divisor, Pin, RecoveryPin, SectorRun, SerialPort};
    include!("acme-press.bootloader.rs");
}

/// That for an RP2040.
mod pico {
    use super::types::{Pin, RecoveryPin, SerialPort};
    include!("large-pico.bootloader.rs");
}

fn board(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/boards").join(name);
    read(&fs::read_to_string(file).unwrap()).bootloader_constants()
}

#[test]
fn the_constants_of_an_stm32f411_compile_to_its_registers() {
    assert_eq!(board("acme-press.toml"), include_str!("acme-press.bootloader.rs"));
    assert_eq!(press::UF2_FAMILY, 0);
    let recovery = press::RECOVERY.unwrap();
    assert_eq!((recovery.pin.port, recovery.pin.number, recovery.pin.enable), (0x4002_0000, 0, 1));
    assert!(!recovery.is_high);
    // RM0383: USART1 is on APB2.
    assert_eq!(
        (press::SERIAL.base, press::SERIAL.enable_register, press::SERIAL.enable),
        (0x4001_1000, 0x4002_3844, 16)
    );
    assert_eq!((press::SERIAL.function, press::SERIAL.tx.number, press::SERIAL.rx.number), (7, 9, 10));
    assert_eq!((press::BAUD_DIVISOR.fast, press::BAUD_DIVISOR.slow), (816, 139));
    assert_eq!((press::CLOCK.wait_states, press::CLOCK.voltage_scale), (6, Some(0xC000)));
    assert_eq!((press::CLOCK.timer.fast, press::CLOCK.timer.slow), (47_000, 8_000));
    assert_eq!(press::AHB1_AFTER_RESET, 0);
    let last = press::SECTORS[2];
    assert_eq!((last.start, last.length, last.count, last.code), (0x2_0000, 0x2_0000, 3, 5));
}

#[test]
fn the_constants_of_an_rp2040_are_pins_and_a_port() {
    assert_eq!(board("large-pico.toml"), include_str!("large-pico.bootloader.rs"));
    assert_eq!(pico::UF2_FAMILY, 0xE48B_FF56);
    assert_eq!((pico::SERIAL.base, pico::SERIAL.enable, pico::SERIAL.function), (0x4003_8000, 1 << 23, 2));
    assert!(pico::RECOVERY.is_some_and(|recovery| recovery.is_high && recovery.pin.number == 15));
}

#[test]
fn the_second_bank_has_its_own_codes() {
    let constants = board("two-banks.toml");
    assert!(constants.contains("SectorRun { start: 0x100000, length: 0x4000, count: 4, code: 16 }"), "{constants}");
    assert!(constants.contains("AHB1_AFTER_RESET: u32 = 0x100000;"), "{constants}");
}

/// For a bootloader without recovery mode.
#[test]
fn a_board_without_pins_has_no_port() {
    let constants = read(BASE.split_once("[pins]").unwrap().0).bootloader_constants();
    assert!(constants.contains("pub const RECOVERY: Option<RecoveryPin> =\n    None;"), "{constants}");
    assert!(!constants.contains("SERIAL") && !constants.contains("BAUD_DIVISOR"), "{constants}");
}
