//! RP2040. Sections are those of the RP2040 Datasheet.

use crate::chip::{Chip, ClockSource, Core, Family, Flash, Ram, Watchdog};
use crate::sectors::{SectorRun, Sectors};
use lifeboot_core::layout::Region;

const KIB: u32 = 1024;

/// The name.
pub const NAME: &str = "RP2040";

/// The most flash that the chip maps (2.6.3).
pub const LARGEST_FLASH: u32 = 16 * 1024 * KIB;

/// What the boot ROM and the flash's driver erase at once (2.8.3.1.3).
pub const SECTOR: u32 = 4 * KIB;

/// Returns the chip with flash of `length` bytes, a multiple of a sector.
pub fn chip(length: u32) -> Chip {
    let sectors = SectorRun { start: 0, unit: SECTOR, count: length / SECTOR, number: 0, bank: 1 };
    let bank = |name, start, length| Ram { name, region: Region { start, length } };
    Chip {
        name: NAME.to_owned(),
        line: NAME,
        package: None,
        family: Family::Rp2040,
        core: Core::CortexM0Plus,
        flash: Flash {
            address: 0x1000_0000, // XIP (2.2.2)
            sectors: Sectors::new(vec![sectors]),
            write_unit: 256, // a page (2.8.3.1.3)
            has_ecc: false,
            erased: 0xff,
        },
        // The four striped banks, and the two that have an address range of their own (2.6.2).
        ram: vec![
            bank("SRAM0 to SRAM3", 0x2000_0000, 256 * KIB),
            bank("SRAM4", 0x2004_0000, 4 * KIB),
            bank("SRAM5", 0x2004_1000, 4 * KIB),
        ],
        interrupts: 32, // 26 that are wired, and 6 that only software can make pending (2.3.2)
        highest_clock: 133_000_000,
        // 12 MHz times 125, divided by 12 (2.18.2); `bootloader/src/chips/rp2040/clock.rs` sets it.
        clock: ClockSource::Crystal(125_000_000),
        // 24 bits, of which each tick of a microsecond takes two (4.7; erratum RP2040-E1).
        watchdog: Watchdog { shortest: 1, longest: 8_388 },
        uf2_family: Some(0xe48b_ff56), // uf2families.json of Microsoft's repository uf2
        has_external_flash: true,
        dual_bank: None,
    }
}
