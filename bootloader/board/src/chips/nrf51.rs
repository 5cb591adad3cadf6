//! nRF51822, in its three variants (nRF51822 Product Specification 3.1, ordering codes; nRF51 Series
//! Reference Manual 3.0).

use crate::chip::{Chip, ClockSource, Core, Family, Flash, Ram, Watchdog};
use crate::sectors::{SectorRun, Sectors};
use lifeboot_core::layout::Region;

const KIB: u32 = 1024;

/// A variant: the last two letters of the part number.
pub struct Variant {
    /// The letters.
    pub letters: &'static str,
    /// The name that probe-rs gives it.
    pub name: &'static str,
    flash: u32,
    ram: u32,
}

/// The variants (Product Specification 3.1, ordering codes).
pub static VARIANTS: [Variant; 3] = [
    Variant { letters: "AA", name: "nRF51822_xxAA", flash: 256, ram: 16 },
    Variant { letters: "AB", name: "nRF51822_xxAB", flash: 128, ram: 16 },
    Variant { letters: "AC", name: "nRF51822_xxAC", flash: 256, ram: 32 },
];

/// Returns a variant as a chip.
pub fn chip(variant: &Variant) -> Chip {
    // Pages of 1 KiB, words of 4 bytes (reference manual, 6.1).
    let pages = SectorRun { start: 0, unit: KIB, count: variant.flash, number: 0, bank: 1 };
    Chip {
        name: variant.name.to_owned(),
        line: "nRF51822",
        package: None,
        family: Family::Nrf51,
        core: Core::CortexM0,
        flash: Flash { address: 0, sectors: Sectors::new(vec![pages]), write_unit: 4, has_ecc: false, erased: 0xff },
        // One region, though in blocks of their own power supply (reference manual, 5.1).
        ram: vec![Ram { name: "RAM", region: Region { start: 0x2000_0000, length: variant.ram * KIB } }],
        interrupts: 32, // the core's full number (reference manual, 4.2.2)
        highest_clock: 16_000_000,
        clock: ClockSource::Fixed(16_000_000),
        // WDT (reference manual, chapter 20): 15 to 2^32 - 1 counts of 32,768 Hz.
        watchdog: Watchdog { shortest: 1, longest: 131_071_999 },
        uf2_family: None,
        has_external_flash: false,
        dual_bank: None,
    }
}
