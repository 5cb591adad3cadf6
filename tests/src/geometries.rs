//! Flash geometries to sweep: real erase units, write units and ECC, with slots of a few units so that sweeps are
//! quick.
//!
//! Sources: nRF51 Series Reference Manual 3.0, 6.1; nRF52840 PS 1.7, 4.3; RM0090, table 5; RM0351, 3.3; RP2040
//! datasheet, 2.8.3 with W25Q16JV, 8.2; RM0433, 4.3.

use lifeboot_core::layout::{Architecture, Board, Region, Units};

/// A flash, and images that fit it.
pub struct Geometry {
    /// The flash map.
    pub board: Board,
    /// Whether words have ECC: a torn one faults when it is read.
    pub ecc: bool,
    /// Bytes of two payloads: one shares its last erase unit with its relocation table; the other ends a unit earlier
    /// where units are small enough, else it is just another one.
    pub payloads: [usize; 2],
}

use Architecture::{Armv6M, Armv7M};
const KIB: u32 = 1024;

/// One line for each, the payloads last.
#[rustfmt::skip]
pub static GEOMETRIES: [Geometry; 7] = [
    //         name         core    journal: at, unit, how many  slots: A, B at, length          units word header
    Geometry { board: board("nrf51",     Armv6M,   4 * KIB,       KIB, 2, [  8 * KIB,  12 * KIB],   4 * KIB, &SMALL,   4, 256), ecc: false, payloads: [1300, 760] },
    Geometry { board: board("nrf52840",  Armv7M,   4 * KIB,   4 * KIB, 2, [ 64 * KIB, 128 * KIB],   8 * KIB, &PAGES,   4, 512), ecc: false, payloads: [1300, 3500] },
    Geometry { board: board("stm32f405", Armv7M,  32 * KIB,  16 * KIB, 2, [128 * KIB, 384 * KIB], 256 * KIB, &SECTORS,   4, 512), ecc: false, payloads: [1300, 700] },
    Geometry { board: board("stm32l476", Armv7M,   4 * KIB,   2 * KIB, 2, [ 64 * KIB, 128 * KIB],   8 * KIB, &HALVES,   8, 512), ecc: true,  payloads: [700, 1500] },
    Geometry { board: board("rp2040",    Armv6M,   4 * KIB,   4 * KIB, 3, [ 16 * KIB,  28 * KIB],  12 * KIB, &PAGES, 256, 256), ecc: false, payloads: [1300, 3700] },
    Geometry { board: board("stm32h7",   Armv7M, 128 * KIB, 128 * KIB, 2, [384 * KIB, 640 * KIB], 256 * KIB, &LARGE,  32, 1024), ecc: true,  payloads: [1300, 700] },
    // The best map of an STM32F411xE, 16 times smaller: units differ inside a slot and between slots, and B ends inside one.
    Geometry { board: board("stm32f411/16", Armv6M, 2 * KIB,      KIB, 2, [  4 * KIB,  16 * KIB],  12 * KIB, &UNEQUAL,   4, 256), ecc: false, payloads: [5200, 3700] },
];

static SMALL: [Units; 1] = [Units { start: 0, length: KIB }];
static HALVES: [Units; 1] = [Units { start: 0, length: 2 * KIB }];
static PAGES: [Units; 1] = [Units { start: 0, length: 4 * KIB }];
static LARGE: [Units; 1] = [Units { start: 0, length: 128 * KIB }];
static SECTORS: [Units; 2] = [Units { start: 0, length: 16 * KIB }, Units { start: 128 * KIB, length: 128 * KIB }];
static UNEQUAL: [Units; 3] = [
    Units { start: 0, length: KIB },
    Units { start: 4 * KIB, length: 4 * KIB },
    Units { start: 8 * KIB, length: 8 * KIB },
];

#[expect(clippy::too_many_arguments, reason = "a line of the table")]
const fn board(
    name: &'static str,
    architecture: Architecture,
    journal: u32,
    journal_unit: u32,
    journal_units: u32,
    slots: [u32; 2],
    length: u32,
    units: &'static [Units],
    write_size: u32,
    header_length: u32,
) -> Board {
    let [a, b] = slots;
    Board::new(name, architecture)
        .with_flash_address(0x0800_0000)
        // A unit more than is used, so that there is something behind slot B that must not be touched.
        .with_flash_length((b + length).next_multiple_of(units[units.len() - 1].length) + units[units.len() - 1].length)
        .with_bootloader(Region { start: 0, length: journal })
        .with_journal(Region { start: journal, length: journal_units * journal_unit })
        .with_journal_unit(journal_unit)
        .with_slots([Region { start: a, length }, Region { start: b, length }])
        .with_units(units)
        .with_write_size(write_size)
        .with_header_length(header_length)
        .with_ram(Region { start: 0x2000_0000, length: 16 * KIB })
}

const _: () = {
    let mut index = 0;
    while index < GEOMETRIES.len() {
        GEOMETRIES[index].board.check();
        index += 1;
    }
};
