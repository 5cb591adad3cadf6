//! STM32F4: a row a line, in all its packages and sizes of flash.
//!
//! | manual | lines |
//! | --- | --- |
//! | RM0368 | F401 |
//! | RM0090 | F405, F407, F415, F417, F427, F429, F437, F439 |
//! | RM0383 | F411 |
//! | RM0402 | F412 |
//! | RM0390 | F446 |

use crate::chip::{Chip, ClockSource, Core, Family, Flash, Ram, Watchdog};
use crate::clock::ClockLimits;
use crate::sectors::{SectorRun, Sectors};
use lifeboot_core::layout::Region;

const KIB: u32 = 1024;

/// A line.
pub struct Line {
    /// The start of its part numbers.
    pub name: &'static str,
    /// The letters of package and flash size that are made, as the datasheet's table "Ordering information" combines them.
    pub parts: &'static [&'static str],
    /// The KiB of SRAM from 0x2000_0000 on, by sizes of flash.
    ram: &'static [(&'static str, u32)],
    /// Whether it has core-coupled memory, which no DMA reaches: 64 KiB.
    has_ccm: bool,
    /// Whether flash of 1 MiB can be divided into two banks, and larger flash is.
    has_banks: bool,
    interrupts: u32,
    /// MHz, with over-drive where there is one.
    highest_clock: u32,
    limits: &'static ClockLimits,
}

/// VOS in PWR_CR for the core's limit: scale 2 of the F401, scale 1 of the others (RM0368, RM0383, RM0402, 5.4.1; RM0090,
/// 5.5.1; RM0390, 5.4.1). Written also where the value after reset would do.
const SCALE_1: Option<u32> = Some(0b11 << 14);
const SCALE_2: Option<u32> = Some(0b10 << 14);

// Core and buses: the datasheets' "General operating conditions". Flash at 1.8 V: the manuals' table "Number of wait states
// according to CPU clock (HCLK) frequency", in 3.4.1 or 3.5.1.

/// RM0368: 16 MHz each, 84 with 5 wait states. DS9716, 6.3.1.
pub static F401: ClockLimits = ClockLimits {
    core: 84,
    apb1: 42,
    apb2: 84,
    flash_step: 16,
    wait_states: 5,
    voltage_scale: SCALE_2,
    has_pll_r: false,
};

/// RM0090, table 10: 20 MHz each, 160 with 7 wait states, which is the most at 1.8 V. VOS after reset is scale 1 (5.4.1).
/// DS8626, 5.3.1.
pub static F405: ClockLimits = ClockLimits {
    core: 168,
    apb1: 42,
    apb2: 84,
    flash_step: 20,
    wait_states: 7,
    voltage_scale: None,
    has_pll_r: false,
};

/// RM0383: 16 MHz each, 100 with 6 wait states. DS10314, 6.3.1.
pub static F411: ClockLimits = ClockLimits {
    core: 100,
    apb1: 50,
    apb2: 100,
    flash_step: 16,
    wait_states: 6,
    voltage_scale: SCALE_1,
    has_pll_r: false,
};

/// RM0402: as the F411's. DS11139, 6.3.1.
pub static F412: ClockLimits = ClockLimits {
    core: 100,
    apb1: 50,
    apb2: 100,
    flash_step: 16,
    wait_states: 6,
    voltage_scale: SCALE_1,
    has_pll_r: true,
};

/// RM0090, table 11: 20 MHz each; 168 without over-drive (5.1.4). DS9405, 6.3.1. With 7 wait states as on the F405.
pub static F42X: ClockLimits = ClockLimits {
    core: 168,
    apb1: 45,
    apb2: 90,
    flash_step: 20,
    wait_states: 7,
    voltage_scale: SCALE_1,
    has_pll_r: false,
};

/// RM0390: 20 MHz each; 168 without over-drive (5.1.4). DS10693, 6.3.1. With 7 wait states as on the F405.
pub static F446: ClockLimits = ClockLimits {
    core: 168,
    apb1: 45,
    apb2: 90,
    flash_step: 20,
    wait_states: 7,
    voltage_scale: SCALE_1,
    has_pll_r: true,
};

const F40_LINE: Line = Line {
    name: "",
    parts: &[],
    // DS8626 and DS8597, "Features and peripheral counts": SRAM1 of 112 KiB and SRAM2 of 16, one after the other (RM0090, 2.3.1).
    ram: &[("EG", 128)],
    has_ccm: true,
    has_banks: false,
    interrupts: 82, // RM0090, chapter 12, vector table
    highest_clock: 168,
    limits: &F405,
};

const F42_LINE: Line = Line {
    name: "",
    parts: &[],
    // DS9405 and DS9484, "Features and peripheral counts": SRAM1 of 112 KiB, SRAM2 of 16, SRAM3 of 64, one after the other (RM0090, 2.3.1).
    ram: &[("EGI", 192)],
    has_ccm: true,
    has_banks: true,
    interrupts: 91, // RM0090, chapter 12, vector table
    highest_clock: 180,
    limits: &F42X,
};

/// The lines.
pub static LINES: [Line; 12] = [
    Line {
        name: "STM32F401",
        parts: &["CB", "CC", "CD", "CE", "RB", "RC", "RD", "RE", "VB", "VC", "VD", "VE"],
        ram: &[("BC", 64), ("DE", 96)], // DS9716 and DS10086, "Features and peripheral counts"
        has_ccm: false,
        has_banks: false,
        interrupts: 85, // RM0368, chapter 10, vector table
        highest_clock: 84,
        limits: &F401,
    },
    Line { name: "STM32F405", parts: &["OE", "OG", "RG", "VG", "ZG"], ..F40_LINE },
    Line { name: "STM32F407", parts: &["IE", "IG", "VE", "VG", "ZE", "ZG"], ..F40_LINE },
    Line {
        name: "STM32F411",
        parts: &["CC", "CE", "RC", "RE", "VC", "VE"],
        ram: &[("CE", 128)], // DS10314, "Features and peripheral counts"
        has_ccm: false,
        has_banks: false,
        interrupts: 86, // RM0383, chapter 10, vector table
        highest_clock: 100,
        limits: &F411,
    },
    Line {
        name: "STM32F412",
        parts: &["CE", "CG", "RE", "RG", "VE", "VG", "ZE", "ZG"],
        ram: &[("EG", 256)], // DS11139, "Features and peripheral counts"
        has_ccm: false,
        has_banks: false,
        interrupts: 97, // RM0402, chapter 10, vector table
        highest_clock: 100,
        limits: &F412,
    },
    Line { name: "STM32F415", parts: &["OG", "RG", "VG", "ZG"], ..F40_LINE },
    Line { name: "STM32F417", parts: &["IE", "IG", "VE", "VG", "ZE", "ZG"], ..F40_LINE },
    Line { name: "STM32F427", parts: &["AG", "AI", "IG", "II", "VG", "VI", "ZG", "ZI"], ..F42_LINE },
    Line {
        name: "STM32F429",
        parts: &["AG", "AI", "BE", "BG", "BI", "IE", "IG", "II", "NE", "NG", "NI", "VE", "VG", "VI", "ZE", "ZG", "ZI"],
        ..F42_LINE
    },
    Line { name: "STM32F437", parts: &["AI", "IG", "II", "VG", "VI", "ZG", "ZI"], ..F42_LINE },
    Line { name: "STM32F439", parts: &["AI", "BG", "BI", "IG", "II", "NG", "NI", "VG", "VI", "ZG", "ZI"], ..F42_LINE },
    Line {
        name: "STM32F446",
        parts: &["MC", "ME", "RC", "RE", "VC", "VE", "ZC", "ZE"],
        ram: &[("CE", 128)], // DS10693, "Features and peripheral counts"
        has_ccm: false,
        has_banks: false,
        interrupts: 97, // RM0390, chapter 10, vector table
        highest_clock: 180,
        limits: &F446,
    },
];

/// Returns a part of a line; `part` is one of its `parts`.
pub fn chip(line: &'static Line, part: &str) -> Chip {
    let (package, size) = (part.chars().next(), &part[1..]);
    let length = flash_length(size);
    let single = || Sectors::new(bank(0, length, 0, 1));
    let dual = || Sectors::new([bank(0, length / 2, 0, 1), bank(length / 2, length / 2, 12, 2)].concat());
    let sectors = if line.has_banks && length > 1024 * KIB { dual() } else { single() };
    let ram = line.ram.iter().find(|(sizes, _)| sizes.contains(size)).map_or(0, |(_, kib)| kib * KIB);
    let mut regions = vec![Ram { name: "SRAM", region: Region { start: 0x2000_0000, length: ram } }];
    if line.has_ccm {
        regions.push(Ram { name: "CCM", region: Region { start: 0x1000_0000, length: 64 * KIB } });
    }
    Chip {
        name: format!("{}{part}", line.name),
        line: line.name,
        package,
        family: Family::Stm32f4,
        core: Core::CortexM4,
        flash: Flash { address: 0x0800_0000, sectors, write_unit: 4, has_ecc: false, erased: 0xff },
        ram: regions,
        interrupts: line.interrupts,
        highest_clock: line.highest_clock * 1_000_000,
        clock: ClockSource::Pll(line.limits),
        // IWDG (RM0090, 21.3): a counter of 12 bits behind a division by 4 to 256, from an oscillator of at most 47 kHz (DS8626,
        // 5.3.9).
        watchdog: Watchdog { shortest: 1, longest: (1 << 12) * 256 / 47 },
        uf2_family: None,
        has_external_flash: false,
        dual_bank: (line.has_banks && length == 1024 * KIB).then(dual),
    }
}

/// Returns the bytes that a letter stands for (the datasheets' "Ordering information").
fn flash_length(size: &str) -> u32 {
    KIB * match size {
        "B" => 128,
        "C" => 256,
        "D" => 384,
        "E" => 512,
        "G" => 1024,
        _ => 2048,
    }
}

/// Returns the sectors of a bank: four of 16 KiB, one of 64, the rest of 128 (RM0090, tables 5 to 9; the other manuals' table
/// "Flash module organization"). The second bank's numbers start at 12, also where the first has but eight sectors.
fn bank(start: u32, length: u32, number: u32, bank: u8) -> Vec<SectorRun> {
    let run =
        |offset, unit, count, index| SectorRun { start: start + offset, unit, count, number: number + index, bank };
    let large = (length - 128 * KIB) / (128 * KIB);
    let runs = [run(0, 16 * KIB, 4, 0), run(64 * KIB, 64 * KIB, 1, 4), run(128 * KIB, 128 * KIB, large, 5)];
    runs.into_iter().filter(|run| run.count > 0).collect()
}
