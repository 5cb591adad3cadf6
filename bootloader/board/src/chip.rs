//! What is known of a chip.

use crate::clock::ClockLimits;
use crate::sectors::{Sector, Sectors};
use lifeboot_core::layout::{Architecture, Region};

const KIB: u32 = 1024;

/// Chips that share the bootloader's chip code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// nRF51822.
    Nrf51,
    /// STM32F4.
    Stm32f4,
    /// RP2040.
    Rp2040,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 3] = [Family::Nrf51, Family::Stm32f4, Family::Rp2040];

    /// Returns the feature of the bootloader that has the family's code.
    pub const fn feature(self) -> &'static str {
        match self {
            Family::Nrf51 => "nrf51",
            Family::Stm32f4 => "stm32f4",
            Family::Rp2040 => "rp2040",
        }
    }

    /// Returns the bytes that the bootloader's region must have at least: the code with recovery mode as it is built for the
    /// board that Lifeboot is measured on, its keys and its info, rounded up to whole KiB.
    ///
    /// | family | code | with 256 bytes of info |
    /// | --- | --- | --- |
    /// | nRF51 | 26.4 KB | 27 KiB |
    /// | RP2040 | 26.6 KB, with the second stage | 27 KiB |
    /// | STM32F4 | 23.7 KB | 24 KiB |
    pub const fn smallest_bootloader(self) -> u32 {
        match self {
            Family::Nrf51 | Family::Rp2040 => 27 * KIB,
            Family::Stm32f4 => 24 * KIB,
        }
    }
}

/// The processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    /// Armv6-M, without VTOR.
    CortexM0,
    /// Armv6-M, with VTOR.
    CortexM0Plus,
    /// Armv7E-M.
    CortexM4,
}

impl Core {
    /// Returns the instruction set as the flash map names it.
    pub const fn architecture(self) -> Architecture {
        match self {
            Core::CortexM0 | Core::CortexM0Plus => Architecture::Armv6M,
            Core::CortexM4 => Architecture::Armv7M,
        }
    }

    /// Returns the target that cargo builds for. Without floating point in registers: firmware may use the other one.
    pub const fn target(self) -> &'static str {
        match self {
            Core::CortexM0 | Core::CortexM0Plus => "thumbv6m-none-eabi",
            Core::CortexM4 => "thumbv7em-none-eabi",
        }
    }
}

/// The flash of a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// Where the core sees its first byte.
    pub address: u32,
    /// Its erase units.
    pub sectors: Sectors,
    /// The bytes of the smallest write between two erases.
    pub write_unit: u32,
    /// Whether it corrects errors, so that a read of a torn word may fault.
    pub has_ecc: bool,
    /// What an erased byte reads as.
    pub erased: u8,
}

/// One region of RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ram {
    /// Its name in the manual.
    pub name: &'static str,
    /// Where it lies, by address.
    pub region: Region,
}

/// Periods that the watchdog can have, in milliseconds, with its clock at its fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watchdog {
    /// The shortest.
    pub shortest: u32,
    /// The longest.
    pub longest: u32,
}

/// What the core runs from in the bootloader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSource {
    /// The speed after reset, in hertz; there is no other.
    Fixed(u32),
    /// A PLL from a crystal of 12 MHz, at this speed in hertz; no choice either. Without the crystal, something slower.
    Crystal(u32),
    /// A PLL from the internal oscillator, within these limits.
    Pll(&'static ClockLimits),
}

/// The facts of a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// The name that probe-rs gives it: the part number without what says the package's form.
    pub name: String,
    /// The line: the part number without package and size of flash.
    pub line: &'static str,
    /// The letter of the part number that stands for the pin count; `None` where pins do not depend on it.
    pub package: Option<char>,
    /// The family.
    pub family: Family,
    /// The processor.
    pub core: Core,
    /// The flash.
    pub flash: Flash,
    /// The RAM; the first region is the one for data and stacks.
    pub ram: Vec<Ram>,
    /// Interrupts of the chip, besides the core's 16 vectors.
    pub interrupts: u32,
    /// The highest core clock that the chip is specified for, in hertz.
    pub highest_clock: u32,
    /// What the bootloader runs from.
    pub clock: ClockSource,
    /// The watchdog that the bootloader arms.
    pub watchdog: Watchdog,
    /// The UF2 family id that the chip's boot drive accepts; `None` if the chip has no such drive.
    pub uf2_family: Option<u32>,
    /// Whether the flash is a chip of its own, so that its size is the board's choice.
    pub has_external_flash: bool,
    /// How flash is divided if its option for two banks is set; `None` if the chip has no such option.
    pub dual_bank: Option<Sectors>,
}

impl Chip {
    /// Returns the number of vectors, the stack pointer included.
    pub const fn vectors(&self) -> u32 {
        16 + self.interrupts
    }

    /// Returns the RAM for data and stacks.
    pub fn main_ram(&self) -> Region {
        self.ram[0].region
    }

    /// Returns the bytes before the payload in a slot: the image's header, padded so that the vector table behind it lies
    /// at a multiple of its size rounded up to a power of two (DDI 0403, B3.2.5). Armv6-M wants 256 bytes at most (DDI 0419,
    /// B3.2.5), and no table of these chips is larger.
    pub fn header_length(&self) -> u32 {
        const HEADER: u32 = 256;
        match self.core.architecture() {
            Architecture::Armv6M => HEADER,
            _ => HEADER.max((4 * self.vectors()).next_power_of_two()),
        }
    }

    /// Returns what the flash controller calls a sector: on STM32F4 SNB of FLASH_CR, which has a gap of four before the
    /// second bank (RM0090, 3.9.8); elsewhere the sector's address.
    pub fn erase_code(&self, sector: Sector) -> u32 {
        match self.family {
            Family::Stm32f4 if sector.number >= 12 => sector.number + 4,
            Family::Stm32f4 => sector.number,
            Family::Nrf51 | Family::Rp2040 => self.flash.address + sector.start,
        }
    }
}
