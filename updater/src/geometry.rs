//! Whether a flash driver fits a board's flash map. A driver with larger units would fail in the middle of an update, or
//! erase the neighbours of what it is told to.

use core::marker::PhantomData;
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash::NorFlash as AsyncNorFlash;
use lifeboot_core::layout::Board;

/// What every offset and length of a read is a multiple of.
const READ_UNIT: u32 = 4;

/// The units of a driver, in constants: a Cortex-M0 cannot divide.
pub(crate) trait Units {
    const WRITE_SIZE: usize;
    const ERASE_SIZE: usize;
}

/// Those of a blocking driver.
pub(crate) struct BlockingUnits<F>(PhantomData<F>);

impl<F: NorFlash> Units for BlockingUnits<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;
}

/// Those of an async driver.
pub(crate) struct AsyncUnits<F>(PhantomData<F>);

impl<F: AsyncNorFlash> Units for AsyncUnits<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;
}

/// Whether what the driver says of itself fits the map.
///
/// Chips whose erase units differ in size, such as the STM32F4 (RM0090, table 5), have one constant for all of them:
/// drivers name the largest, and erase each unit as large as it is.
pub(crate) fn fits<U: Units, F: ReadNorFlash>(flash: &F, board: &Board) -> bool {
    let divides = |size: usize, whole: u32| size > 0 && (whole as usize).is_multiple_of(size);
    let [a, b] = board.slots;
    let is_used =
        |start: u32, end: u32| [board.journal, a, b].iter().any(|region| region.start < end && start < region.end());
    let ends = board.units.iter().skip(1).map(|next| next.start).chain([board.flash_length]);
    let mut used = board.units.iter().zip(ends).filter(|(run, end)| is_used(run.start, *end));
    let is_largest = board.units.iter().map(|run| run.length as usize).max() == Some(U::ERASE_SIZE);
    divides(U::WRITE_SIZE, board.write_size)
        && (used.all(|(run, _)| divides(U::ERASE_SIZE, run.length)) || is_largest)
        && divides(F::READ_SIZE, READ_UNIT)
        && flash.capacity() >= board.flash_length as usize
}
