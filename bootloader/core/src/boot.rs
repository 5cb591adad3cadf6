//! The boot policy. [`boot`](fn@boot) is all of it, top to bottom; what is below it is how one writes down what was decided.
//!
//! # What follows from a confirm
//!
//! An image's *epoch* becomes the floor, below which nothing is started; the keys that its header names are *revoked*,
//! and nothing that they signed is started. Both close a door for good, and a door that closes too early shuts the owner
//! out. The rules, each with the trap that it avoids:
//!
//! 1. **With the confirm, not before.** A counter that is raised when an image is written, swapped in or first started
//!    leaves no way back when that image then fails: the device has only firmware that may not run.
//! 2. **Once the confirm is durable, in a record of its own behind it.** In the other order, power lost between the two
//!    leaves a confirmed image that may not run. In this order it leaves a confirmed image and a door that is still open:
//!    each boot of the confirmed image looks whether something is due and makes it good, before the image starts. Doing
//!    it twice changes nothing.
//! 3. **In the journal**, not in RAM or in a word that an update rewrites: it is as durable as the confirm.
//! 4. **The floor never falls, a bit of the mask is never cleared.** Records are copied whole and changed by `max` and
//!    `or`, so no image takes back what an earlier one did.
//! 5. **Versions decide nothing.** Where the highest version wins, a rollback is undone at the next boot, and releasing a
//!    correction of an old line is impossible. The journal says which slot is the default; the epoch says what is too old
//!    to be safe, and most releases leave it as it is.
//! 6. **Never the last key.** An image that revokes the key that signed it is refused wherever one is judged. So the key
//!    of the image that was confirmed last is always left, and can sign the next one. Ids that the device does not hold
//!    mean nothing.
//! 7. **The other slot is judged by the same rules.** Once the floor rises above the previous image, or its key is
//!    revoked, it is neither started on request nor when the confirmed image is lost (step 4). Whoever asks for it is
//!    told so at once, and the host's `push` and `inspect` tell before the update.

use crate::image::{HEADER_LENGTH, Header, Invalid, Trust};
use crate::info::BootloaderInfo;
use crate::journal::{Failed, Journal};
use crate::layout::{Board, Slot};
use crate::record::{Ending, Outcome, Record, Reset, Trial};
use crate::verify::{RECHECK_OK, Verified, recheck, verify};
use embedded_storage::nor_flash::NorFlash;

/// What the bootloader does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start this under the watchdog.
    Trial(Verified),
    /// Start this.
    Confirmed(Verified),
    /// Start this under the watchdog, in place of the confirmed slot, which does not verify.
    FellBack(Verified),
    /// No slot can be started: answer the host.
    Recovery,
}

/// Decides what to start. Every change of the boot state is durable before this returns.
pub fn boot<F: NorFlash>(flash: &mut F, board: &'static Board, info: &BootloaderInfo, reset: Reset) -> Decision {
    let mut device = Device { journal: Journal::open(flash, board), flash, board, info };

    // 1 and 2: a trial is started while it has starts left, and each is counted before it is made.
    if let Some(trial) = device.record().trial {
        match trial.started(reset.cause) {
            Some(counted) if device.append(|record| record.trial = Some(counted)).is_ok() => {
                match device.verify(trial.slot) {
                    Ok(verified) => return Decision::Trial(verified),
                    Err(_) => device.reject(trial.slot, Ending::Invalid, reset),
                }
            }
            // A start that cannot be counted cannot be made: nor can a rejection be written down, so none is.
            Some(_) => {}
            None => device.reject(trial.slot, Ending::NotConfirmed, reset),
        }
    }

    // A record that a torn write left may read differently at the next boot: make it firm before acting on it.
    let _ = device.journal.rewrite_if_suspect(device.flash, reset.cause);

    // 3: the default.
    let confirmed = device.record().confirmed;
    if let Ok(verified) = device.verify(confirmed) {
        device.follow_confirm(&verified);
        return Decision::Confirmed(verified);
    }

    // 4: some life beats none.
    let other = confirmed.other();
    if let Ok(verified) = device.verify(other) {
        let trial = Trial::new(other).started(reset.cause);
        let outcome = device.outcome(other, Ending::FellBack, reset);
        let _ = device.append(|record| *record = Record { trial, ..record.ended(&outcome) });
        return Decision::FellBack(verified);
    }

    // 5.
    Decision::Recovery
}

struct Device<'a, F> {
    flash: &'a mut F,
    board: &'static Board,
    info: &'a BootloaderInfo,
    journal: Journal,
}

impl<F: NorFlash> Device<'_, F> {
    fn record(&self) -> &Record {
        self.journal.record()
    }

    fn verify(&mut self, slot: Slot) -> Result<Verified, Invalid> {
        let Record { revoked, epoch_floor, .. } = *self.journal.record();
        let trust = Trust { board: self.board, info: self.info, revoked, epoch_floor };
        verify(self.flash, &trust, slot)
    }

    fn append(&mut self, change: impl FnOnce(&mut Record)) -> Result<(), Failed> {
        let mut record = *self.record();
        change(&mut record);
        self.journal.append(self.flash, record)
    }

    /// Ends a trial. Where the journal takes no record any more, the next boot ends it again.
    fn reject(&mut self, slot: Slot, ending: Ending, reset: Reset) {
        let outcome = self.outcome(slot, ending, reset);
        let _ = self.append(|record| *record = record.ended(&outcome));
    }

    fn outcome(&mut self, slot: Slot, ending: Ending, reset: Reset) -> Outcome {
        outcome(self.flash, self.board, slot, ending, reset)
    }

    /// The confirm of the image that is about to run is durable: what follows from it and was kept from it by a cut in
    /// the updater, or because the image came from production, is made good.
    fn follow_confirm(&mut self, image: &Verified) {
        let effects = ConfirmEffects { epoch: image.epoch(), revoked: image.revokes() };
        // They are for good, so it is looked twice.
        if effects.pending(self.record()) && recheck(image, self.flash, self.board, self.info) == RECHECK_OK {
            let _ = self.append(|record| effects.apply(record));
        }
    }
}

/// What follows from the confirm of an image, in a boot record of its own once that of the confirm is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmEffects {
    /// The image's epoch, which becomes the floor unless that is higher.
    pub epoch: u32,
    /// The keys of the device's table that the image revokes, a bit each.
    pub revoked: u8,
}

impl ConfirmEffects {
    /// Whether this boot state lacks any of them.
    pub const fn pending(self, record: &Record) -> bool {
        self.epoch > record.epoch_floor || self.revoked & !record.revoked != 0
    }

    /// Enters them into a boot state. The floor never falls, and what is revoked stays so.
    pub fn apply(self, record: &mut Record) {
        record.epoch_floor = record.epoch_floor.max(self.epoch);
        record.revoked |= self.revoked;
    }
}

/// The outcome for the image in a slot, which names it as far as its header can be read.
pub fn outcome<F: NorFlash>(flash: &mut F, board: &Board, slot: Slot, ending: Ending, reset: Reset) -> Outcome {
    let mut bytes = [0; HEADER_LENGTH];
    let header = match flash.read(board.slot(slot).start, &mut bytes) {
        Ok(()) => Header::parse(&bytes).ok(),
        Err(_) => None,
    };
    let (version, digest) = header.map_or_else(Default::default, |header| (header.version, header.digest));
    let digest = digest.first_chunk().copied().unwrap_or_default();
    Outcome { ending, slot, cause: reset.cause, fault: reset.fault, version, digest }
}
