//! Boards for this crate's own tests; those of the example firmware are made from the same numbers.

use super::{Architecture, Board, KIB, Region, Units};

/// BBC micro:bit v1: nRF51822-QFAA, 256 KiB flash in pages of 1 KiB, 16 KiB RAM (nRF51 Series Reference Manual 3.0,
/// section 6.1; nRF51822 PS 3.1, table 15).
pub static MICROBIT: Board = Board::new("microbit", Architecture::Armv6M)
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

/// STM32F405/F407 with 1 MiB of flash: sectors of 16, 64 and 128 KiB (RM0090, table 5), 128 KiB of RAM.
/// Sectors 0 and 1 hold the bootloader, 2 and 3 the journal, 5 to 7 and 8 to 10 the slots; 4 and 11 are the firmware's.
pub static STM32F405: Board = Board::new("stm32f405", Architecture::Armv7M)
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
    .with_write_size(4)
    .with_header_length(512)
    .with_ram(Region { start: 0x2000_0000, length: 128 * KIB });

/// Raspberry Pi Pico: RP2040, 2 MiB of W25Q16JV flash, which erases sectors of 4 KiB and programs pages of 256 bytes
/// (W25Q16JV, 8.2); its driver does not use the erase of 64 KiB. RAM is the 256 KiB of the four striped banks (RP2040
/// Datasheet, 2.6.2).
///
/// The first 256 bytes of the bootloader are the chip's second stage (2.8.1). What is left between journal and slot A,
/// and the last 64 KiB, are the firmware's.
pub static PICO: Board = Board::new("pico", Architecture::Armv6M)
    .with_flash_address(0x1000_0000)
    .with_flash_length(2048 * KIB)
    .with_bootloader(Region { start: 0, length: 32 * KIB })
    .with_journal(Region { start: 32 * KIB, length: 8 * KIB })
    .with_journal_unit(4 * KIB)
    .with_slots([Region { start: 64 * KIB, length: 960 * KIB }, Region { start: 1024 * KIB, length: 960 * KIB }])
    .with_units(&[Units { start: 0, length: 4 * KIB }])
    .with_write_size(256)
    .with_header_length(256)
    .with_ram(Region { start: 0x2000_0000, length: 256 * KIB });

/// All of them.
pub static BOARDS: [&Board; 3] = [&MICROBIT, &STM32F405, &PICO];

const _: () = MICROBIT.check();
const _: () = STM32F405.check();
const _: () = PICO.check();
