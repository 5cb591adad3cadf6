//! [`Updater`]: the state of the device, and every change that the firmware can make to it.

use crate::operation::{Change, CheckFor, InputMode, Operation, Step};
use crate::suspects::SuspectUnits;
use crate::transfer::read_header;
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::boot::{ConfirmEffects, outcome};
use lifeboot_core::handover::{self, Boot};
use lifeboot_core::image::{Header, HeaderBytes};
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::{BLOCK, Board, Slot};
use lifeboot_core::record::{Ending, Record, Reset};
use lifeboot_core::verify::Check;
use lifeboot_core::version::Version;
use lifeboot_wire::{self as wire, Refusal};
use sha256::{Digest, Sha256};

/// What a host expects of the device; a transfer begins only if it is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The version of the running firmware.
    pub running: Version,
    /// The slot that does not run.
    pub target: Slot,
}

/// The state of the device, and its flash, in the hands of the firmware.
///
/// Takes about 1.5 KiB of RAM, and up to 4 KiB of stack while it checks a signature. Moving it puts a second copy on
/// the stack: use it where [`new`](Self::new) made it.
pub struct Updater<F> {
    pub(crate) flash: F,
    pub(crate) board: &'static Board,
    pub(crate) journal: Journal,
    pub(crate) running: Slot,
    pub(crate) schema: u16,
    pub(crate) boot: Option<Boot>,
    pub(crate) operation: Operation,
    pub(crate) suspects: SuspectUnits,
}

/// Lies in the firmware's own flash, so its address shows which slot runs.
static ANCHOR: u8 = 0x5a;

impl<F: NorFlash> Updater<F> {
    /// Returns the updater of firmware on `board`. `flash` must count its offsets from the start of the chip's flash.
    ///
    /// # Errors
    /// [`Refusal::NoSlot`] if the calling code runs from neither slot.
    pub fn new(flash: F, board: &'static Board) -> Result<Self, Refusal> {
        // Like a volatile read: the optimiser must not know the address of this constant.
        let here = core::hint::black_box(&raw const ANCHOR) as usize as u32;
        let running = board.slot_at(here).ok_or(Refusal::NoSlot)?;
        Ok(Self::running_in(running, flash, board))
    }

    /// Returns the updater of a program that acts as firmware in `slot`: a simulation, or a bootloader in recovery
    /// mode.
    #[inline(never)] // Built in place, not on the stack first.
    pub fn running_in(slot: Slot, mut flash: F, board: &'static Board) -> Self {
        let journal = Journal::open(&mut flash, board);
        Updater {
            flash,
            board,
            journal,
            running: slot,
            schema: 0,
            boot: None,
            operation: Operation::Idle,
            suspects: SuspectUnits::default(),
        }
    }

    /// Sets the schema of the firmware's own storage; images that do not support it are refused. 0 if it is never set.
    pub fn set_storage_schema(&mut self, schema: u16) {
        self.schema = schema;
    }

    /// Passes in the two words at [`handover::BOOT`] in RAM, in which the bootloader reports how this firmware was
    /// started. A host can read it then.
    pub fn set_boot_words(&mut self, words: [u32; 2]) {
        self.boot = handover::boot_in(words);
    }

    /// Returns how this firmware was started, if [`set_boot_words`](Self::set_boot_words) was called with valid words.
    pub fn boot(&self) -> Option<Boot> {
        self.boot
    }

    /// Returns the slot that runs.
    pub fn running(&self) -> Slot {
        self.running
    }

    /// Returns the slot that updates are written to.
    pub fn target(&self) -> Slot {
        self.running.other()
    }

    /// Whether the running firmware must still [`confirm`](Self::confirm).
    pub fn is_trial(&self) -> bool {
        is_trial(self.running, self.journal.record())
    }

    /// Confirms that the running firmware is healthy: its slot is the default from now on. May be repeated.
    ///
    /// Writes at most two boot records and erases at most one journal unit, in one call;
    /// [`request_confirm`](Self::request_confirm) does so in steps.
    ///
    /// # Errors
    /// [`Refusal::Flash`] if the journal does not take the record; the trial then goes on.
    pub fn confirm(&mut self) -> Result<(), Refusal> {
        if self.request_confirm()? {
            while self.step()? == Step::Busy {}
        }
        Ok(())
    }

    /// Starts to [`confirm`](Self::confirm). [`step`](Self::step) does it, and returns [`Step::Confirmed`] when it is
    /// durable. Returns whether there is anything to do.
    ///
    /// # Errors
    /// As for [`confirm`](Self::confirm).
    pub fn request_confirm(&mut self) -> Result<bool, Refusal> {
        let header = Header::parse(&read_header(&mut self.flash, self.board.slot(self.running).start)?)?;
        // If the bootloader's keys cannot be read here, the bootloader applies the revocation itself, at its next boot.
        let revoked = self.info().map_or(0, |info| header.revoked_keys(&info));
        let effects = ConfirmEffects { epoch: header.epoch, revoked };
        let due = self.is_trial() || effects.pending(self.journal.record());
        if due {
            let outcome = outcome(&mut self.flash, self.board, self.running, Ending::Confirmed, Reset::default());
            self.operation = Operation::Recording(Change::Confirm(outcome, effects));
        }
        Ok(due)
    }

    /// Starts a rollback: ends the trial if there is one, else puts the image in the other slot, usually the previous
    /// firmware, on trial. [`step`](Self::step) does it; reset the chip when that returns [`Step::RolledBack`] or
    /// [`Step::Pending`].
    ///
    /// A rejected image in the other slot is not the previous firmware, which it has replaced. It is refused, and only
    /// a transfer with `force` tries it again.
    ///
    /// # Errors
    /// What is wrong with the image in the other slot, if that would be started; [`Refusal::Rejected`].
    pub fn request_rollback(&mut self) -> Result<(), Refusal> {
        if let Some(trial) = self.journal.record().trial {
            let outcome = outcome(&mut self.flash, self.board, trial.slot, Ending::Requested, Reset::default());
            self.operation = Operation::Recording(Change::EndTrial(outcome));
            return Ok(());
        }
        let start = self.board.slot(self.target()).start;
        let header = read_header(&mut self.flash, start)?;
        // Checked now, as for a revoked key, instead of after the seconds that a signature takes.
        let record = self.journal.record();
        let Header { epoch, digest, .. } = Header::parse(&header)?;
        if epoch < record.epoch_floor {
            return Err(Refusal::Epoch);
        }
        if record.outcomes.have_rejected(&digest) {
            return Err(Refusal::Rejected);
        }
        self.start_check(&header, CheckFor::Rollback)
    }

    /// Starts a transfer of the image with this header into the other slot. [`step`](Self::step) checks the header, and
    /// returns [`Step::Receiving`] when the transfer waits for bytes. Nothing is erased before every check of the
    /// header has passed. With `force`, an image that was rejected before is accepted.
    ///
    /// A transfer in progress is aborted; what it wrote stays, and can be skipped.
    ///
    /// # Errors
    /// Why the device does not accept the image now.
    pub fn begin(&mut self, header: &HeaderBytes, expected: Expected, force: bool) -> Result<(), Refusal> {
        self.abort();
        if expected.target != self.target() {
            return Err(Refusal::OtherTarget);
        }
        if self.is_trial() {
            return Err(Refusal::TrialRunning);
        }
        // A bootloader in recovery mode runs no firmware: version 0.0.0.
        let running = Header::parse(&read_header(&mut self.flash, self.board.slot(self.running).start)?);
        if expected.running != running.map_or_else(|_| Version::default(), |header| header.version) {
            return Err(Refusal::OtherRunning);
        }
        self.start_check(header, CheckFor::Transfer { force })
    }

    /// Returns the next offset in the slot that needs bytes; `None` if there is no transfer.
    pub fn next(&self) -> Option<u32> {
        match &self.operation {
            Operation::Receiving { transfer, .. } => Some(transfer.next()),
            _ => None,
        }
    }

    /// Takes bytes of the image that belong at `offset` in the slot; returns how many. Takes none while
    /// [`step`](Self::step) has work to do, or if `offset` is not [`next`](Self::next).
    ///
    /// # Errors
    /// What is wrong with the image; [`Refusal::NoTransfer`] if there is no transfer, or it has ended.
    pub fn feed(&mut self, offset: u32, bytes: &[u8]) -> Result<usize, Refusal> {
        match &mut self.operation {
            // The image's bytes come from the patch instead.
            #[cfg(feature = "delta")]
            Operation::Receiving { input: InputMode::Patch(_), .. } => Ok(0),
            Operation::Receiving { transfer, end_trial: false, .. } if transfer.next() == offset => {
                let taken = transfer.feed(bytes, &mut self.flash);
                self.end_on_error(taken)
            }
            Operation::Receiving { .. } => Ok(0),
            _ => Err(Refusal::NoTransfer),
        }
    }

    /// Skips what the slot already holds, up to the offset `to`. Returns whether it skipped all or a part of it;
    /// [`next`](Self::next) says how far. It never skips a unit that is suspect after a power cut or that must be
    /// erased for another part of the image, and nothing while bytes are buffered or the image comes as a patch.
    ///
    /// # Errors
    /// As for [`feed`](Self::feed).
    pub fn skip(&mut self, to: u32) -> Result<bool, Refusal> {
        match &mut self.operation {
            #[cfg(feature = "delta")]
            Operation::Receiving { input: InputMode::Patch(_), .. } => Ok(false),
            Operation::Receiving { transfer, .. } => {
                let skipped = transfer.skip(to, &self.suspects, self.board, &mut self.flash);
                self.end_on_error(skipped)
            }
            _ => Err(Refusal::NoTransfer),
        }
    }

    /// Starts the end of a transfer after all bytes were fed: verifies what was written by reading it back, continuing
    /// from where [`verify_ahead`](Self::verify_ahead) has stopped. [`step`](Self::step) does it, writes the header and
    /// marks the slot trial; reset the chip when that returns [`Step::Pending`].
    ///
    /// # Errors
    /// [`Refusal::Incomplete`] if bytes are missing; the transfer goes on. [`Refusal::NoTransfer`].
    #[inline(never)] // As for `verify_ahead`.
    pub fn finish(&mut self) -> Result<(), Refusal> {
        let Operation::Receiving { transfer, input, .. } = &self.operation else { return Err(Refusal::NoTransfer) };
        if !transfer.is_complete() {
            return Err(Refusal::Incomplete);
        }
        let check = match input {
            InputMode::VerifiedAhead(check) => check.clone(),
            _ => Check::new(transfer.checked(), self.board),
        };
        self.operation = Operation::Verifying(*transfer.header(), check);
        Ok(())
    }

    /// Reads back and hashes one block of what was written, so that less is left to do after [`finish`](Self::finish).
    /// To be called while there is nothing else to do. Returns whether there was a block; there is none if the image
    /// comes as a patch. Flash that goes bad after this check is detected by the bootloader.
    ///
    /// # Errors
    /// What is wrong with the image or the flash; the transfer has then ended.
    #[inline(never)] // Keeps its locals off the stack of everything else.
    pub fn verify_ahead(&mut self) -> Result<bool, Refusal> {
        let Operation::Receiving { transfer, input, .. } = &mut self.operation else { return Ok(false) };
        if let InputMode::Plain = input {
            *input = InputMode::VerifiedAhead(Check::new(transfer.checked(), self.board));
        }
        match input {
            InputMode::VerifiedAhead(check) if check.is_before(transfer.written()) => {
                let stepped = check.step(&mut self.flash, self.board);
                self.end_on_error(stepped.map_err(Refusal::from))?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Aborts the operation in progress. What a transfer wrote stays in the slot.
    pub fn abort(&mut self) {
        self.operation = Operation::Idle;
    }

    /// Returns the start of the SHA-256 of a part of the target slot, as it is in flash.
    ///
    /// # Errors
    /// [`Refusal::Command`] if the part is not inside the slot, or does not start at a multiple of [`BLOCK`];
    /// [`Refusal::Flash`] if it cannot be read.
    pub fn digest(&mut self, offset: u32, length: u32) -> Result<[u8; wire::DIGEST_LENGTH], Refusal> {
        let slot = self.board.slot(self.target());
        let end = offset.checked_add(length).filter(|end| *end <= slot.length).ok_or(Refusal::Command)?;
        if !offset.is_multiple_of(BLOCK) {
            return Err(Refusal::Command);
        }
        let mut hash = Sha256::new();
        let mut block = [0; BLOCK as usize];
        for start in (offset..end).step_by(block.len()) {
            self.flash.read(slot.start + start, &mut block).map_err(|_| Refusal::Flash)?;
            hash.update(block.get(..(end - start).min(BLOCK) as usize).unwrap_or_default());
        }
        let digest: [u8; 32] = hash.finalize().into();
        Ok(digest.first_chunk().copied().unwrap_or_default())
    }

    pub(crate) fn end_on_error<T>(&mut self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        if result.is_err() {
            self.abort();
        }
        result
    }
}

/// Whether firmware in `running` must still confirm, given this boot state.
pub(crate) fn is_trial(running: Slot, record: &Record) -> bool {
    record.confirmed != running || record.trial.is_some_and(|trial| trial.slot == running)
}
