//! Flash and its drivers: units that do not fit the board's map, and places that are not as blank as they have to be.

use crate::device::Device;
use crate::flash::Flash;
use crate::images::{Recipe, version};
use crate::pushes::recipe;
use crate::stranger::ranges;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use lifeboot_core::Slot;
use lifeboot_core::layout::{BLOCK, Board};
use lifeboot_example_boards::{MICROBIT, PICO, STM32F405};
use lifeboot_updater::{Expected, Refusal, Step, Ticket, Updater};
use std::ops::Range;

/// A driver with these units and this capacity. It must not be used before it was found to fit.
struct Driver<const READ: usize, const WRITE: usize, const ERASE: usize> {
    capacity: u32,
    flash: Option<Flash>,
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> ErrorType for Driver<READ, WRITE, ERASE> {
    type Error = NorFlashErrorKind;
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> ReadNorFlash for Driver<READ, WRITE, ERASE> {
    const READ_SIZE: usize = READ;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.flash.as_mut().expect("a driver that does not fit is not used").read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.capacity as usize
    }
}

impl<const READ: usize, const WRITE: usize, const ERASE: usize> NorFlash for Driver<READ, WRITE, ERASE> {
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, _: u32, _: u32) -> Result<(), Self::Error> {
        unreachable!()
    }

    fn write(&mut self, _: u32, _: &[u8]) -> Result<(), Self::Error> {
        unreachable!()
    }
}

fn accepts<const READ: usize, const WRITE: usize, const ERASE: usize>(board: &'static Board, fits: bool) {
    let judge = |capacity: u32, fits: bool| {
        let flash = fits.then(|| Device::new(board).flash);
        let driver = Driver::<READ, WRITE, ERASE> { capacity, flash };
        let found = Updater::running_in(Slot::A, driver, board).map(|_| ());
        assert_eq!(
            found,
            if fits { Ok(()) } else { Err(Refusal::Geometry) },
            "{}, {READ}, {WRITE}, {ERASE}, {capacity}",
            board.name
        );
    };
    judge(board.flash_length, fits);
    judge(board.flash_length + 1, fits);
    judge(board.flash_length - 1, false);
    judge(0, false);
}

#[test]
fn a_driver_that_does_not_fit_the_board_is_refused() {
    const KIB: usize = 1024;
    // Those of the example firmware and of the guide: the bootloader's own for nRF51 and RP2040, stm32f4xx-hal's and
    // embassy's, which name the largest of the STM32F4's sectors.
    accepts::<1, 4, KIB>(&MICROBIT, true);
    accepts::<1, 256, { 4 * KIB }>(&PICO, true);
    accepts::<1, 1, { 128 * KIB }>(&STM32F405, true);
    accepts::<1, 4, { 128 * KIB }>(&STM32F405, true);
    accepts::<1, 4, { 16 * KIB }>(&STM32F405, true);
    // Smaller units fit as well.
    accepts::<4, 1, 256>(&MICROBIT, true);
    accepts::<2, 2, 512>(&STM32F405, true);
    // A write unit that the map's writes end inside of.
    accepts::<1, 8, KIB>(&MICROBIT, false);
    accepts::<1, 16, { 128 * KIB }>(&STM32F405, false);
    accepts::<1, 512, { 4 * KIB }>(&PICO, false);
    accepts::<1, 3, KIB>(&MICROBIT, false);
    accepts::<1, 0, KIB>(&MICROBIT, false);
    // An erase unit that is larger than the journal's or the slots', or no part of them.
    accepts::<1, 4, { 2 * KIB }>(&MICROBIT, false);
    accepts::<1, 4, { 4 * KIB }>(&MICROBIT, false);
    accepts::<1, 4, 768>(&MICROBIT, false);
    accepts::<1, 4, { 32 * KIB }>(&STM32F405, false);
    accepts::<1, 4, { 64 * KIB }>(&STM32F405, false);
    accepts::<1, 4, { 256 * KIB }>(&STM32F405, false);
    accepts::<1, 256, { 32 * KIB }>(&PICO, false);
    accepts::<1, 4, 0>(&MICROBIT, false);
    // A read unit that headers and records do not begin at.
    accepts::<8, 4, KIB>(&MICROBIT, false);
    accepts::<3, 4, KIB>(&MICROBIT, false);
    accepts::<0, 4, KIB>(&MICROBIT, false);
}

/// The image's bytes of this range, which the transfer needs next.
fn feed(updater: &mut Updater<Flash>, transfer: Ticket, content: &[u8], range: Range<u32>) -> Result<(), Refusal> {
    while range.contains(&updater.next_in(transfer)?) {
        let next = updater.next_in(transfer)?;
        updater.feed(transfer, next, &content[next as usize..range.end.min(next + 100) as usize])?;
        while updater.step()? == Step::Busy {}
    }
    Ok(())
}

fn begin(updater: &mut Updater<Flash>, header: &[u8; 256]) -> Ticket {
    let transfer = updater.begin(header, Expected { running: version(0), target: Slot::B }, false).unwrap();
    while updater.step().unwrap() == Step::Busy {}
    transfer
}

/// The end of a table and the beginning of the payload may share a unit. That the one place is blank says nothing of the
/// other: the payload is not written over what an earlier transfer has left there.
#[test]
fn behind_a_table_the_payload_is_not_written_over_another() {
    let board = &STM32F405;
    let [given_up, wanted] = [(1, 3000), (2, 9000)]
        .map(|(minor, length)| Recipe { relocations: 600, ..recipe(board, minor, length) }.image());
    let flash = Device::new(board).flash.clone();
    // A whole image of another version: no transfer was interrupted before.
    flash.put(board.slot(Slot::B).start, &recipe(board, 7, 500).image().for_slot(board, Slot::B).unwrap());
    let mut updater = Updater::running_in(Slot::A, flash.clone(), board).unwrap();
    let first = begin(&mut updater, given_up.header_bytes());
    let (table, payload) = ranges(&given_up);
    feed(&mut updater, first, &given_up.to_bytes(), table.0..table.1).unwrap();
    feed(&mut updater, first, &given_up.to_bytes(), payload.0..payload.0 + 3 * BLOCK).unwrap();
    updater.abort();

    // Another image's table lies farther back; the first of its blocks is there already.
    let (table, payload) = ranges(&wanted);
    let content = wanted.to_bytes();
    let block = &content[table.0 as usize..][..BLOCK as usize];
    flash.put(board.slot(Slot::B).start + table.0, block);
    let second = begin(&mut updater, wanted.header_bytes());
    assert_eq!(updater.skip(second, table.0 + BLOCK), Ok(true));
    feed(&mut updater, second, &content, table.0..table.1).unwrap();
    assert_eq!(updater.next_in(second), Ok(payload.0));
    assert_eq!(feed(&mut updater, second, &content, payload.0..payload.0 + BLOCK), Err(Refusal::NotErased));
}
