//! The boot policy. [`boot`](fn@boot) is all of it, top to bottom; what is below it is how one writes down what was decided.

use crate::image::{HEADER_LENGTH, Header, Invalid, Trust};
use crate::info::Info;
use crate::journal::{Failed, Journal};
use crate::layout::{Board, Slot};
use crate::record::{Cause, Ending, Outcome, Record, Trial};
use crate::verify::{Verified, verify};
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
pub fn boot<F: NorFlash>(flash: &mut F, board: &'static Board, info: &Info, cause: Cause) -> Decision {
    let mut device = Device { journal: Journal::open(flash, board), flash, board, info };

    // 1 and 2: a trial is started while it has starts left, and each is counted before it is made.
    if let Some(trial) = device.record().trial {
        match trial.started(cause) {
            Some(counted) if device.append(|record| record.trial = Some(counted)).is_ok() => {
                match device.verify(trial.slot) {
                    Ok(verified) => return Decision::Trial(verified),
                    Err(_) => device.reject(trial.slot, Ending::Invalid, cause),
                }
            }
            // A start that cannot be counted cannot be made: nor can a rejection be written down, so none is.
            Some(_) => {}
            None => device.reject(trial.slot, Ending::NotConfirmed, cause),
        }
    }

    // A record that a torn write left may read differently at the next boot: make it firm before acting on it.
    let _ = device.journal.settle(device.flash, cause);

    // 3: the default.
    let confirmed = device.record().confirmed;
    if let Ok(verified) = device.verify(confirmed) {
        device.raise_epoch_floor(verified.epoch());
        return Decision::Confirmed(verified);
    }

    // 4: some life beats none.
    let other = confirmed.other();
    if let Ok(verified) = device.verify(other) {
        let trial = Trial::new(other).started(cause);
        let outcome = device.outcome(other, Ending::FellBack, cause);
        let _ = device.append(|record| (record.trial, record.outcome) = (trial, Some(outcome)));
        return Decision::FellBack(verified);
    }

    // 5.
    Decision::Recovery
}

struct Device<'a, F> {
    flash: &'a mut F,
    board: &'static Board,
    info: &'a Info,
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
    fn reject(&mut self, slot: Slot, ending: Ending, cause: Cause) {
        let outcome = self.outcome(slot, ending, cause);
        let _ = self.append(|record| (record.trial, record.outcome) = (None, Some(outcome)));
    }

    fn outcome(&mut self, slot: Slot, ending: Ending, cause: Cause) -> Outcome {
        outcome(self.flash, self.board, slot, ending, cause)
    }

    /// The confirm of the running image is durable, so its epoch may become the floor: a cut between the two in the
    /// updater is made good here.
    fn raise_epoch_floor(&mut self, epoch: u32) {
        if epoch > self.record().epoch_floor {
            let _ = self.append(|record| record.epoch_floor = epoch);
        }
    }
}

/// The outcome for the image in a slot, which names it as far as its header can be read.
pub fn outcome<F: NorFlash>(flash: &mut F, board: &Board, slot: Slot, ending: Ending, cause: Cause) -> Outcome {
    let mut bytes = [0; HEADER_LENGTH];
    let header = match flash.read(board.slot(slot).start, &mut bytes) {
        Ok(()) => Header::parse(&bytes).ok(),
        Err(_) => None,
    };
    let (version, digest) = header.map_or_else(Default::default, |header| (header.version, header.digest));
    let digest = digest.first_chunk().copied().unwrap_or_default();
    Outcome { ending, slot, cause, version, digest }
}
