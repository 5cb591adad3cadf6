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
//! 4. **The floor never falls, and a revoked key stays revoked.** Records are copied whole, the floor changes by `max`, and
//!    keys are only added, so no image can undo the effects of an earlier one.
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
use crate::key_ids::KeyIds;
use crate::layout::{Board, Slot};
use crate::record::{CRASH_LOOP, Ending, Outcome, Record, Reset, Trial};
use crate::verify::{RECHECK_OK, Verified, recheck, verify};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

/// What the bootloader does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start this under the watchdog.
    Trial(Verified),
    /// Start this.
    Confirmed(Verified),
    /// Start this under the watchdog instead of the confirmed slot, which does not verify.
    FellBack(Verified),
    /// Enter recovery mode. After a minute of silence, boot again; [`Reset::listened`] is true then.
    Recovery(Recovery),
}

/// Why the bootloader enters recovery mode. The numbers are the wire's (`lifeboot_wire::Recovery`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Recovery {
    /// No slot can be started. Either may be written.
    NothingStarts = 0,
    /// A pin or the firmware requested it. The confirmed slot is never written; where nothing is confirmed, the slot that is
    /// started first.
    Requested = 1,
    /// The confirmed firmware crashes again and again; where none is confirmed, what is left in its slot was rejected or does.
    /// That slot is never written.
    Crashes = 2,
    /// The confirmed slot cannot be started, and the firmware in the other slot was rejected or crashes again and again.
    /// The other slot is never written, since it holds the last firmware that can be started.
    LastFirmware = 3,
}

/// Decides what to start. Every change of the boot state is durable before this returns.
///
/// The confirmed firmware needs no write to start: a trial whose attempt cannot be counted is not started, and the effects
/// of a confirm that cannot be recorded are tried again at a later boot.
pub fn boot<F: NorFlash>(flash: &mut F, board: &'static Board, info: &BootloaderInfo, reset: Reset) -> Decision {
    let mut device = Device { journal: Journal::open(flash, board), flash, board, info, reset };

    // 1 and 2: a trial is started while it has attempts left. Each attempt is counted before it is made.
    while let Some(trial) = device.record().trial {
        match trial.started(reset.cause) {
            Some(counted) if device.count(counted).is_ok() => match device.verify(trial.slot) {
                Ok(verified) => return Decision::Trial(verified),
                Err(_) => device.reject(trial.slot, Ending::Invalid),
            },
            // The journal holds a newer state, which had been misread.
            Some(_) if device.record().trial != Some(trial) => continue,
            // An attempt that cannot be counted must not be made. A rejection could not be recorded either, so none is
            // tried.
            Some(_) => {}
            None => device.reject(trial.slot, Ending::NotConfirmed),
        }
        break;
    }

    // 3: the confirmed slot, the default. 4: any firmware that verifies beats none, also what was cancelled or is only staged.
    let Record { confirmed, lost, .. } = *device.record();
    let first = if lost { confirmed.other() } else { confirmed };
    for slot in [first, first.other()] {
        let Ok(verified) = device.verify(slot) else { continue };
        let is_confirmed = slot == confirmed && !lost;
        // A way in beats a crash loop: firmware that crashes again and again, or was rejected, and the host take turns. The
        // same payload may have been rejected under another version; that says nothing about confirmed firmware.
        let was_rejected = !is_confirmed && device.record().outcomes.have_rejected(verified.digest());
        if !reset.listened && (was_rejected || reset.crashes >= CRASH_LOOP) {
            return Decision::Recovery(if slot == confirmed { Recovery::Crashes } else { Recovery::LastFirmware });
        }
        if !is_confirmed {
            // Rejected firmware gets no second trial: each would end in the same rejection, in records without end.
            if !was_rejected {
                device.fall_back(slot);
            }
            return Decision::FellBack(verified);
        }
        device.follow_confirm(&verified);
        return Decision::Confirmed(verified);
    }

    // 5: nothing can be started.
    Decision::Recovery(Recovery::NothingStarts)
}

struct Device<'a, F> {
    flash: &'a mut F,
    board: &'static Board,
    info: &'a BootloaderInfo,
    journal: Journal,
    reset: Reset,
}

impl<F: NorFlash> Device<'_, F> {
    fn record(&self) -> &Record {
        self.journal.record()
    }

    /// Verifies a slot, and again if it is invalid: one bad read must not end a trial or give up the confirmed firmware.
    fn verify(&mut self, slot: Slot) -> Result<Verified, Invalid> {
        let trust = Trust { board: self.board, info: self.info, record: self.journal.record() };
        let mut verified = verify(self.flash, &trust, slot);
        if verified.is_err() {
            verified = verify(self.flash, &trust, slot);
        }
        verified
    }

    fn append(&mut self, record: &Record) -> Result<(), Failed> {
        // A supply that fails at each write must not fail at each boot.
        if self.reset.interrupted { Err(Failed) } else { self.journal.append(self.flash, record) }
    }

    // Each on its own, so that no boot record lies on the stack while a slot is verified.

    /// Counts an attempt of a trial.
    #[inline(never)]
    fn count(&mut self, counted: Trial) -> Result<(), Failed> {
        self.append(&Record { trial: Some(counted), ..*self.record() })
    }

    /// Starts the trial of a slot instead of the confirmed one.
    #[inline(never)]
    fn fall_back(&mut self, slot: Slot) {
        let trial = Trial::new(slot).started(self.reset.cause);
        let record = Record { trial, ..self.ended(slot, Ending::FellBack) };
        let _ = self.append(&record);
    }

    /// Ends a trial. If the journal takes no more records, the next boot ends it again.
    #[inline(never)]
    fn reject(&mut self, slot: Slot, ending: Ending) {
        let record = self.ended(slot, ending);
        let _ = self.append(&record);
    }

    /// Returns the boot state after this end of the image in a slot.
    fn ended(&mut self, slot: Slot, ending: Ending) -> Record {
        ended(self.flash, self.board, self.journal.record(), slot, ending, self.reset)
    }

    /// Applies the effects of the confirm of the image that is about to run, if they are pending: a power cut in the
    /// updater prevented them, or the image came from production.
    #[inline(never)]
    fn follow_confirm(&mut self, image: &Verified) {
        let effects = ConfirmEffects { epoch: image.epoch(), revoked: image.revokes() };
        let after = effects.after(self.record(), Some(self.info));
        // They are irreversible, so the image is checked twice.
        if after != *self.record() && recheck(image, self.flash, self.board, self.info) == RECHECK_OK {
            let _ = self.append(&after);
        }
    }
}

/// The lasting effects of an image's confirm. They are written in a boot record of their own, after that of the confirm
/// is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmEffects {
    /// The image's epoch, which becomes the floor unless the floor is higher.
    pub epoch: u32,
    /// The keys that the image revokes.
    pub revoked: KeyIds,
}

impl ConfirmEffects {
    /// Returns a boot state with the effects entered. The floor never falls, and a revoked key stays revoked. Keys that the
    /// device does not hold are ignored; without an `info` all are.
    pub fn after(self, record: &Record, info: Option<&BootloaderInfo>) -> Record {
        let mut after = *record;
        after.epoch_floor = record.epoch_floor.max(self.epoch);
        let is_held = |id| info.is_some_and(|info| info.key(id).is_some());
        for id in self.revoked.ids().filter(|id| is_held(*id)) {
            after.revoked.add(id, is_held);
        }
        after
    }
}

/// Returns the outcome for the image in a slot, with its version and digest if its header can be read.
pub fn outcome<F: ReadNorFlash>(flash: &mut F, board: &Board, slot: Slot, ending: Ending, reset: Reset) -> Outcome {
    let mut bytes = [0; HEADER_LENGTH];
    let header = match flash.read(board.slot(slot).start, &mut bytes) {
        Ok(()) => Header::parse(&bytes).ok(),
        Err(_) => None,
    };
    let (version, digest) = header.map_or_else(Default::default, |header| (header.version, header.digest));
    let digest = digest.first_chunk().copied().unwrap_or_default();
    Outcome { ending, slot, cause: reset.cause, fault: reset.fault, version, digest }
}

/// Returns the boot state after this end of the image in a slot.
#[inline(never)] // Shared by boot and recovery.
pub fn ended<F: ReadNorFlash>(
    flash: &mut F,
    board: &Board,
    record: &Record,
    slot: Slot,
    ending: Ending,
    reset: Reset,
) -> Record {
    record.ended(&outcome(flash, board, slot, ending, reset))
}
