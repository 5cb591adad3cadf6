//! How long flash operations take according to data sheets.

use crate::simulated_flash::Wear;

/// Nanoseconds of flash operations.
#[derive(Clone, Copy, Debug)]
pub struct FlashTime {
    /// For an erase unit of a slot.
    pub erase: u64,
    /// For an erase unit of the journal.
    pub journal_erase: u64,
    /// For a byte, if words are written one after the other.
    pub byte: u64,
}

impl FlashTime {
    /// nRF51822 Product Specification 3.3, 8.25: 22.3 ms a page, 46.3 µs a word. The manual gives only
    /// these maxima.
    pub const NRF51: FlashTime = FlashTime { erase: 22_300_000, journal_erase: 22_300_000, byte: 46_300 / 4 };

    /// STM32F405, DS8626, table 39 (flash memory programming), typical, at a parallelism of 8 bits, as stm32f4xx-hal
    /// has it: 2 s for 128 KiB, 400 ms for 16 KiB, 16 µs a byte.
    pub const STM32F405: FlashTime = FlashTime { erase: 2_000_000_000, journal_erase: 400_000_000, byte: 16_000 };

    /// The Pico's W25Q16JV, its data sheet's 9.6 (AC electrical characteristics), typical: 45 ms for a sector of 4
    /// KiB, 0.4 ms for a page of 256 bytes.
    pub const PICO: FlashTime = FlashTime { erase: 45_000_000, journal_erase: 45_000_000, byte: 400_000 / 256 };

    /// For these operations on slots.
    pub fn slots(self, wear: Wear) -> u64 {
        u64::from(wear.erases) * self.erase + u64::from(wear.bytes) * self.byte
    }

    /// For these operations on the journal.
    pub fn journal(self, wear: Wear) -> u64 {
        u64::from(wear.erases) * self.journal_erase + u64::from(wear.bytes) * self.byte
    }

    /// For these operations on journal and slots.
    pub fn both(self, [journal, slots]: [Wear; 2]) -> u64 {
        self.journal(journal) + self.slots(slots)
    }
}
