//! Futures of the async driver that are dropped while an operation in flash is under way.

use super::{Async, Driver, Drives, EPOCHS, MISHAPS, ages, block_on, device, image, life, lived};
use lifeboot_core::Slot;
use lifeboot_core::layout::{Board, Region};
use lifeboot_example_boards::MICROBIT;
use lifeboot_updater::{Refusal, Step, Updater};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Async, and each future is dropped while an operation with a mishap is under way.
struct Dropping;

fn drop_at_mishap<T, const W: usize>(driver: &Driver<W>, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(value);
        }
        let chip = driver.chip();
        if chip.mishap.is_some_and(|(number, _)| number + 1 == chip.done.len()) {
            return None;
        }
    }
}

impl Drives for Dropping {
    fn open<const W: usize>(
        slot: Slot,
        flash: Driver<W>,
        board: &'static Board,
    ) -> Result<Updater<Driver<W>>, Refusal> {
        Updater::running_in_async(slot, flash, board)
    }
    fn step<const W: usize>(updater: &mut Updater<Driver<W>>) -> Result<Step, Refusal> {
        let driver = updater.flash().clone();
        // How a dropped one has ended is what the next one says.
        drop_at_mishap(&driver, updater.step_async()).unwrap_or_else(|| block_on(updater.step_async()))
    }
    fn confirm<const W: usize>(updater: &mut Updater<Driver<W>>) -> Result<(), Refusal> {
        let driver = updater.flash().clone();
        drop_at_mishap(&driver, updater.confirm_async()).unwrap_or(Err(Refusal::Flash))
    }
    fn record_schema<const W: usize>(updater: &mut Updater<Driver<W>>, schema: u16) -> Result<(), Refusal> {
        let driver = updater.flash().clone();
        let dropped = drop_at_mishap(&driver, updater.record_storage_schema_async(schema));
        dropped.unwrap_or(Err(Refusal::Flash))
    }
}

/// Wherever it is dropped, and whatever flash has done by then: the next operation of the same kind ends well, and no place is
/// written twice.
#[test]
fn a_future_that_is_dropped_in_the_middle_of_an_operation_loses_nothing() {
    let board = &MICROBIT;
    let mut ended = 0;
    for (records, epoch) in ages(board).into_iter().zip(EPOCHS) {
        let flash = device(board, records);
        let operations = lived::<Async, 4>(&flash, board, epoch, None).0.len();
        for number in 0..operations {
            for mishap in MISHAPS {
                let driver = Driver::<4>::new(flash.clone(), Some((number, mishap)));
                let ends = life::<Dropping, 4>(&driver, board, epoch);
                let failed: Vec<_> = ends.iter().filter(|(_, end)| *end == Err(Refusal::Flash)).collect();
                assert!(failed.len() <= 1, "{number} {mishap:?}: {ends:?}");
                ended += failed.len();
                let says = |what| ends.iter().rev().find(|(name, _)| *name == what).map(|(_, end)| *end);
                let last = says("once more").or(says("again"));
                assert_eq!(last, Some(Ok(Step::Pending)), "{number} {mishap:?}: {ends:?}");
                assert_eq!(says("confirm"), Some(Ok(Step::Confirmed)), "{number} {mishap:?}: {ends:?}");
                let chip = driver.chip();
                assert_eq!(chip.flash.misuse(), None, "{number} {mishap:?}");
                let slot = board.slot(Slot::B);
                let image = image(board, epoch).content(Slot::B);
                let held = chip.flash.region(Region { start: slot.start, length: image.len() as u32 });
                assert!(held == image, "{number} {mishap:?}");
            }
        }
    }
    assert!(ended > 50, "{ended}");
}
