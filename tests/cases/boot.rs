//! The boot policy, over the simulated flash, with real signed images in it: what is started, how often, and the boot
//! record afterwards.

mod cuts;
mod epoch_floor;
mod fallback;
mod keys;
mod lives;
mod misread;
mod quarantine;
mod schemas;
mod staging;
mod storms;
mod trials;
mod updater;

use crate::signed_image::{SignedImage, info};
use lifeboot_core::boot::{Decision, Recovery, boot};
use lifeboot_core::image::Trust;
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{Cause, Outcome, Record, Reset, Trial};
use lifeboot_core::verify::verify;
use lifeboot_core::{Slot, Version};
use lifeboot_tests::simulated_flash::{Part, SimulatedFlash};
use lifeboot_updater::{Refusal, Updater};

/// Resets caused by the firmware or a person.
const CRASHES: [Cause; 5] = [Cause::Unknown, Cause::Pin, Cause::Watchdog, Cause::Fault, Cause::Request];
/// Resets caused by the supply.
const POWER_LOSSES: [Cause; 2] = [Cause::PowerOn, Cause::BrownOut];

/// What a boot ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Started {
    Trial(Slot),
    Confirmed(Slot),
    FellBack(Slot),
    Recovery(Recovery),
}

/// A device: its board and its flash.
#[derive(Clone)]
struct Device {
    board: &'static Board,
    flash: SimulatedFlash,
}

/// Firmware of some version.
fn firmware(board: &'static Board, major: u16, epoch: u32) -> SignedImage {
    SignedImage::new(board, 700).release(Version { major, ..Version::default() }, epoch)
}

impl Device {
    /// Fresh from production: version 1 in slot A, nothing else.
    fn from_factory(board: &'static Board) -> Device {
        let mut flash = SimulatedFlash::new(board).write_once();
        flash.put_info(&info());
        let mut device = Device { board, flash };
        device.put(Slot::A, &firmware(board, 1, 0));
        device
    }

    /// As from the factory, with version 2 in slot B, on trial.
    fn on_trial(board: &'static Board) -> Device {
        let mut device = Device::from_factory(board);
        device.put(Slot::B, &firmware(board, 2, 0));
        device.record_with(|record| record.trial = Some(Trial::new(Slot::B)));
        device
    }

    fn put(&mut self, slot: Slot, image: &SignedImage) {
        image.put(&mut self.flash, slot);
    }

    /// Flips a bit of the payload.
    fn damage(&mut self, slot: Slot) {
        let place = self.board.slot(slot).start + self.board.header_length + 0x40;
        let byte = self.flash.region(lifeboot_core::layout::Region { start: place, length: 1 })[0];
        self.flash.put(place, &[byte ^ 1]);
    }

    fn record(&mut self) -> Record {
        *Journal::open(&mut self.flash, self.board).record()
    }

    fn outcome(&mut self) -> Option<Outcome> {
        self.record().outcomes.last()
    }

    fn record_with(&mut self, change: impl FnOnce(&mut Record)) {
        Journal::open(&mut self.flash, self.board).change(&mut self.flash, change).unwrap();
    }

    /// Boots. Checks that the started image was verified: the proof has the right address, and another check agrees
    /// (invariant 1).
    fn boot(&mut self, cause: Cause) -> Started {
        self.boot_after(cause.into())
    }

    fn boot_after(&mut self, reset: Reset) -> Started {
        let started = match boot(&mut self.flash, self.board, &info().for_board(self.board), reset) {
            Decision::Trial(verified) => (Started::Trial(verified.slot()), Some(verified)),
            Decision::Confirmed(verified) => (Started::Confirmed(verified.slot()), Some(verified)),
            Decision::FellBack(verified) => (Started::FellBack(verified.slot()), Some(verified)),
            Decision::Recovery(why) => (Started::Recovery(why), None),
        };
        if let (true, Some(verified)) = (self.flash.is_powered(), started.1) {
            let record = self.record();
            let trust = Trust { board: self.board, info: &info().for_board(self.board), record: &record };
            let slot = verified.slot();
            assert_eq!(verified.vectors(), self.board.payload_address(slot));
            assert_eq!(verify(&mut self.flash, &trust, slot), Ok(verified));
        }
        started.0
    }

    /// Has the firmware in a slot confirm.
    fn confirm(&mut self, slot: Slot) -> Result<(), Refusal> {
        Updater::running_in(slot, &mut self.flash, self.board).unwrap().confirm()
    }

    /// Checks that boots never touched the slots, and used the journal as its flash requires.
    fn assert_used_well(&self) {
        assert_eq!(self.flash.misuse(), None);
        for slot in Slot::BOTH {
            assert_eq!(self.flash.wear(Part::Slot(slot)), Default::default());
        }
    }
}
