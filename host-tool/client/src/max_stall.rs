//! How long the application stalls during a push, by the device's flash map.
//!
//! It stalls while its flash driver erases or writes, if that waits for the flash, and for each step of a signature's check. The
//! longest of these counts: the erase of the largest unit that a push erases, by the typical time of the data sheet, or on slow
//! cores the step. A map does not name the chip, but each family has its flash at another address.

use lifeboot_core::Board;
use lifeboot_core::layout::Architecture;

const KIB: u32 = 1024;

/// A step of a signature's check on an nRF51 at its 16 MHz, as `cargo costs` measures it. Erasing a page takes 22.3 ms there
/// (nRF51822 Product Specification 3.3, 8.25), and the step takes less than an erase on faster chips.
const NRF51_STEP: u32 = 48;

/// The flash of the RP2040 is a chip of the board's choice; this is the Pico's W25Q16JV (9.6), a sector of 4 KiB.
const W25Q_SECTOR: u32 = 45;

/// Sectors of an STM32F4: their lengths, and the time of an erase in milliseconds at a parallelism of 8 bits (DS8626, table 39).
const STM32F4_SECTORS: [(u32, u32); 3] = [(16 * KIB, 400), (64 * KIB, 1200), (128 * KIB, 2000)];

/// Returns the longest time in milliseconds for which the application stalls during a push on a device with this flash map; `None`
/// if it is of no chip whose flash is known.
pub fn max_stall_ms(board: &Board) -> Option<u32> {
    let longest = longest_unit(board);
    match (board.flash_address, board.architecture, board.write_size) {
        (0, Architecture::Armv6M, 4) if longest == KIB => Some(NRF51_STEP),
        (0x0800_0000, Architecture::Armv7M, _) => {
            STM32F4_SECTORS.iter().find(|(length, _)| *length == longest).map(|(_, time)| *time)
        }
        (0x1000_0000, Architecture::Armv6M, 256) if longest == 4 * KIB => Some(W25Q_SECTOR),
        _ => None,
    }
}

/// Returns the length of the largest erase unit of slots and journal.
fn longest_unit(board: &Board) -> u32 {
    let ends = board.units.iter().skip(1).map(|next| next.start).chain([board.flash_length]);
    let runs = board.units.iter().zip(ends);
    let erased = [board.journal, board.slots[0], board.slots[1]];
    let is_erased = |start, end| erased.iter().any(|region| start < region.end() && region.start < end);
    runs.filter(|(run, end)| is_erased(run.start, *end)).map(|(run, _)| run.length).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeboot_core::layout::{Region, Units};
    use lifeboot_example_boards::{MICROBIT, PICO, STM32F405};

    #[test]
    fn boards_are_known_by_their_maps() {
        assert_eq!([&MICROBIT, &PICO, &STM32F405].map(max_stall_ms), [Some(48), Some(45), Some(2000)]);
        // Under any name.
        assert_eq!(max_stall_ms(&PICO.with_name("acme-press")), Some(45));
    }

    #[test]
    fn the_largest_unit_that_is_erased_counts() {
        let small = [Region { start: 0x8000, length: 0x4000 }, Region { start: 0xC000, length: 0x4000 }];
        assert_eq!(max_stall_ms(&STM32F405.with_slots(small)), Some(400));
        let middle = [Region { start: 0xC000, length: 0x4000 }, Region { start: 0x1_0000, length: 0x1_0000 }];
        assert_eq!(max_stall_ms(&STM32F405.with_slots(middle)), Some(1200));
    }

    #[test]
    fn of_other_flash_nothing_is_said() {
        assert_eq!(max_stall_ms(&STM32F405.with_flash_address(0x0020_0000)), None);
        let pages: &[Units] = &[Units { start: 0, length: 2048 }];
        assert_eq!(max_stall_ms(&STM32F405.with_units(pages)), None);
        assert_eq!(max_stall_ms(&MICROBIT.with_units(&[Units { start: 0, length: 4096 }])), None);
    }
}
