//! A boot that reads something else the second time: an older state first, since the newest record reads as blank once; an
//! image that is gone when its effects are to be recorded.

use super::{Device, Started, firmware, info};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use lifeboot_core::Slot;
use lifeboot_core::boot::{Decision, boot};
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::RECORD_LENGTH;
use lifeboot_core::record::Cause;
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::{Fault, SimulatedFlash};

/// Flash of which one place reads as these bytes once, after some reads.
struct Misread<'a> {
    flash: &'a mut SimulatedFlash,
    place: Option<u32>,
    byte: u8,
    after: u32,
}

impl ErrorType for Misread<'_> {
    type Error = Fault;
}

impl ReadNorFlash for Misread<'_> {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        if self.place == Some(offset) {
            if self.after == 0 {
                self.place = None;
                bytes.fill(self.byte);
                return Ok(());
            }
            self.after -= 1;
        }
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl NorFlash for Misread<'_> {
    const WRITE_SIZE: usize = SimulatedFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = SimulatedFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.flash.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.flash.write(offset, bytes)
    }
}

/// An attempt cannot be counted on a state that is not the newest. The boot reads the newest then, and goes on with that.
#[test]
fn a_trial_whose_newest_record_was_misread_is_started() {
    for board in BOARDS {
        let mut device = Device::on_trial(board);
        assert_eq!(device.boot(Cause::Watchdog), Started::Trial(Slot::B));
        let newest = device.record();
        let place = board.journal.start + board.write_size.max(RECORD_LENGTH as u32);
        let mut flash = Misread { flash: &mut device.flash, place: Some(place), byte: 0xff, after: 0 };
        let decision = boot(&mut flash, board, &info().for_board(board), Cause::Watchdog.into());
        assert_eq!(flash.place, None, "the place was not read");
        assert!(matches!(decision, Decision::Trial(verified) if verified.slot() == Slot::B), "{}", board.name);
        let attempts = newest.trial.map(|trial| trial.attempts - 1);
        assert_eq!(device.record().trial.map(|trial| trial.attempts), attempts, "{}", board.name);
    }
}

/// The effects of a confirm are irreversible: they are those of an image that still is what was verified.
#[test]
fn effects_of_an_image_that_reads_differently_are_not_recorded() {
    for board in BOARDS {
        let mut device = Device::from_factory(board);
        device.put(Slot::A, &firmware(board, 1, 1));
        let header = board.slot(Slot::A).start;
        let mut flash = Misread { flash: &mut device.flash, place: Some(header), byte: 0xff, after: 1 };
        let decision = boot(&mut flash, board, &info().for_board(board), Cause::PowerOn.into());
        assert_eq!(flash.place, None, "the header was not read again");
        assert!(matches!(decision, Decision::Confirmed(verified) if verified.slot() == Slot::A), "{}", board.name);
        assert_eq!((device.record().epoch_floor, device.flash.operations()), (0, 0), "{}", board.name);
        assert_eq!(device.boot(Cause::PowerOn), Started::Confirmed(Slot::A));
        assert_eq!(device.record().epoch_floor, 1);
    }
}

/// What is neither a record nor blank is read again.
#[test]
fn a_record_that_reads_as_garbage_once_is_found() {
    for board in BOARDS {
        let mut device = Device::on_trial(board);
        let newest = device.record();
        let place = board.journal.start;
        let mut flash = Misread { flash: &mut device.flash, place: Some(place), byte: 0x5a, after: 0 };
        assert_eq!(*Journal::open(&mut flash, board).record(), newest, "{}", board.name);
        assert_eq!(flash.place, None, "the place was not read");
    }
}
