//! The boot policy. [`boot`](fn@boot) is the whole policy, top to bottom; below it is how its decisions are recorded.
//!
//! # Effects of a confirm
//!
//! A confirm has two lasting effects. The image's *epoch* becomes the floor: no image with a lower epoch is ever
//! started again. The keys that its header names are *revoked*: no image signed with one of them is ever started again.
//! Both are irreversible, and applied too early they leave the owner without firmware that may run. The rules, each
//! with the trap that it avoids:
//!
//! 1. **With the confirm, not before.** If the counter is raised when an image is written, swapped in or first started,
//!    there is no way back if that image then fails: the device holds only firmware that may not run.
//! 2. **After the confirm is durable, in a separate record.** In the other order, a power cut between the two leaves a
//!    confirmed image that may not run. In this order it leaves a confirmed image whose effects are pending: each boot
//!    of the confirmed image checks for pending effects and applies them before the image starts. Applying them twice
//!    changes nothing.
//! 3. **In the journal**, not in RAM or in a word that an update rewrites: they are as durable as the confirm.
//! 4. **The floor never falls, and a bit of the mask is never cleared.** Records are copied whole and changed by `max`
//!    and `or`, so no image can undo the effects of an earlier one.
//! 5. **Versions decide nothing.** If the highest version won, a rollback would be undone at the next boot, and a
//!    correction of an old release line could not be released. The journal says which slot is the default; the epoch
//!    says what is too old to be safe, and most releases leave it unchanged.
//! 6. **Never the last key.** An image that revokes the key that signed it is refused by every check. So the key of the
//!    image that was confirmed last is always left, and can sign the next one. Ids of keys that the device does not
//!    hold are ignored.
//! 7. **The other slot is judged by the same rules.** Once the floor exceeds the epoch of the previous image, or its
//!    key is revoked, that image is neither started on request nor if the confirmed image is lost (step 4). A caller
//!    that requests it gets an error at once, and the host's `push` and `inspect` warn before the update.

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
    /// Start this under the watchdog instead of the confirmed slot, which does not verify.
    FellBack(Verified),
    /// No slot can be started: enter recovery mode.
    Recovery,
}

/// Decides what to start. Every change of the boot state is durable before this returns.
pub fn boot<F: NorFlash>(flash: &mut F, board: &'static Board, info: &BootloaderInfo, reset: Reset) -> Decision {
    let mut device = Device { journal: Journal::open(flash, board), flash, board, info };

    // 1 and 2: a trial is started while it has attempts left. Each attempt is counted before it is made.
    if let Some(trial) = device.record().trial {
        match trial.started(reset.cause) {
            Some(counted) if device.append(|record| record.trial = Some(counted)).is_ok() => {
                match device.verify(trial.slot) {
                    Ok(verified) => return Decision::Trial(verified),
                    Err(_) => device.reject(trial.slot, Ending::Invalid, reset),
                }
            }
            // An attempt that cannot be counted must not be made. A rejection could not be recorded either, so none is
            // tried.
            Some(_) => {}
            None => device.reject(trial.slot, Ending::NotConfirmed, reset),
        }
    }

    // A record from a torn write may read differently at the next boot, so it is rewritten before it is acted on.
    let _ = device.journal.rewrite_if_suspect(device.flash, reset.cause);

    // 3: the confirmed slot, the default.
    let confirmed = device.record().confirmed;
    if let Ok(verified) = device.verify(confirmed) {
        device.follow_confirm(&verified);
        return Decision::Confirmed(verified);
    }

    // 4: any firmware that verifies beats none.
    let other = confirmed.other();
    if let Ok(verified) = device.verify(other) {
        let trial = Trial::new(other).started(reset.cause);
        let outcome = device.outcome(other, Ending::FellBack, reset);
        let _ = device.append(|record| *record = Record { trial, ..record.ended(&outcome) });
        return Decision::FellBack(verified);
    }

    // 5: nothing can be started.
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

    /// Ends a trial. If the journal takes no more records, the next boot ends it again.
    fn reject(&mut self, slot: Slot, ending: Ending, reset: Reset) {
        let outcome = self.outcome(slot, ending, reset);
        let _ = self.append(|record| *record = record.ended(&outcome));
    }

    fn outcome(&mut self, slot: Slot, ending: Ending, reset: Reset) -> Outcome {
        outcome(self.flash, self.board, slot, ending, reset)
    }

    /// Applies the effects of the confirm of the image that is about to run, if they are pending: a power cut in the
    /// updater prevented them, or the image came from production.
    fn follow_confirm(&mut self, image: &Verified) {
        let effects = ConfirmEffects { epoch: image.epoch(), revoked: image.revokes() };
        // They are irreversible, so the image is checked twice.
        if effects.pending(self.record()) && recheck(image, self.flash, self.board, self.info) == RECHECK_OK {
            let _ = self.append(|record| effects.apply(record));
        }
    }
}

/// The lasting effects of an image's confirm. They are written in a boot record of their own, after that of the confirm
/// is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmEffects {
    /// The image's epoch, which becomes the floor unless the floor is higher.
    pub epoch: u32,
    /// The keys of the device's table that the image revokes, a bit each.
    pub revoked: u8,
}

impl ConfirmEffects {
    /// Whether an effect is missing from this boot state.
    pub const fn pending(self, record: &Record) -> bool {
        self.epoch > record.epoch_floor || self.revoked & !record.revoked != 0
    }

    /// Enters the effects into a boot state. The floor never falls, and a revoked key stays revoked.
    pub fn apply(self, record: &mut Record) {
        record.epoch_floor = record.epoch_floor.max(self.epoch);
        record.revoked |= self.revoked;
    }
}

/// Returns the outcome for the image in a slot, with its version and digest if its header can be read.
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
