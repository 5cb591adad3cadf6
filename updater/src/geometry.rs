//! Whether a flash driver fits a board's flash map. A driver with larger units would fail in the middle of an update, or
//! erase the neighbours of what it is told to.

use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::layout::Board;

/// What every offset and length of a read is a multiple of.
const READ_UNIT: u32 = 4;

/// Whether what the driver says of itself fits the map.
///
/// Chips whose erase units differ in size, such as the STM32F4 (RM0090, table 5), have one constant for all of them:
/// drivers name the largest, and erase each unit as large as it is. That unit must then be the slots'.
pub(crate) fn fits<F: NorFlash>(flash: &F, board: &Board) -> bool {
    let divides = |size: usize, whole: u32| size > 0 && (whole as usize).is_multiple_of(size);
    let erases_journal = divides(F::ERASE_SIZE, board.journal_unit) || F::ERASE_SIZE == board.slot_unit as usize;
    divides(F::WRITE_SIZE, board.write_size)
        && divides(F::ERASE_SIZE, board.slot_unit)
        && erases_journal
        && divides(F::READ_SIZE, READ_UNIT)
        && flash.capacity() >= board.flash_length as usize
}
