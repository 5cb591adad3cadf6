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

/// What a host believes about the device; a transfer begins only where it is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The version that runs.
    pub running: Version,
    /// The slot that does not run.
    pub target: Slot,
}

/// The firmware's hold on the device.
///
/// Takes about 1.5 KiB of RAM, and up to 4 KiB of stack while it checks a signature. Moved, it is on the stack twice: use it
/// where [`new`](Self::new) made it.
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

/// Stands somewhere in the firmware's own flash, so its address tells the slot.
static ANCHOR: u8 = 0x5a;

impl<F: NorFlash> Updater<F> {
    /// The updater of firmware on `board`. `flash` counts its offsets from the start of the chip's flash.
    ///
    /// # Errors
    /// [`Refusal::NoSlot`] where the code that calls runs from neither slot.
    pub fn new(flash: F, board: &'static Board) -> Result<Self, Refusal> {
        // Read as volatile would be: the optimiser must not know that this address is that of a constant elsewhere.
        let here = core::hint::black_box(&raw const ANCHOR) as usize as u32;
        let running = board.slot_at(here).ok_or(Refusal::NoSlot)?;
        Ok(Self::running_in(running, flash, board))
    }

    /// The updater of a program that stands for firmware in `slot`: a simulation, or a bootloader that answers hosts.
    #[inline(never)] // So that it makes it in its place, and not first on the stack.
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

    /// States the schema of what the firmware keeps in its own storage; images that cannot live with it are refused.
    /// 0 where nothing is stated.
    pub fn set_storage_schema(&mut self, schema: u16) {
        self.schema = schema;
    }

    /// States the two words at [`handover::BOOT`] in RAM, where the bootloader leaves how this firmware came to be started:
    /// a host can read it then.
    pub fn set_boot_words(&mut self, words: [u32; 2]) {
        self.boot = handover::boot_in(words);
    }

    /// How the bootloader came to start this firmware, where [`set_boot_words`](Self::set_boot_words) said so.
    pub fn boot(&self) -> Option<Boot> {
        self.boot
    }

    /// The slot that runs.
    pub fn running(&self) -> Slot {
        self.running
    }

    /// The slot that updates are written to.
    pub fn target(&self) -> Slot {
        self.running.other()
    }

    /// Whether the running firmware still has to [`confirm`](Self::confirm).
    pub fn is_trial(&self) -> bool {
        is_trial(self.running, self.journal.record())
    }

    /// The running firmware's word that it is healthy: its slot is the default from now on. Harmless to repeat.
    ///
    /// At most two boot records and the erase of one journal unit, in one call; [`request_confirm`](Self::request_confirm)
    /// does them one by one.
    ///
    /// # Errors
    /// [`Refusal::Flash`] where the journal does not take it: then the trial goes on.
    pub fn confirm(&mut self) -> Result<(), Refusal> {
        if self.request_confirm()? {
            while self.step()? == Step::Busy {}
        }
        Ok(())
    }

    /// Starts to [`confirm`](Self::confirm); [`step`](Self::step) does it, and is [`Step::Done`] when it is durable.
    /// Returns whether there is anything to do.
    ///
    /// # Errors
    /// As [`confirm`](Self::confirm).
    pub fn request_confirm(&mut self) -> Result<bool, Refusal> {
        let header = Header::parse(&read_header(&mut self.flash, self.board.slot(self.running).start)?)?;
        // Where the bootloader does not say which keys it holds, it looks itself, at its next boot.
        let revoked = self.info().map_or(0, |info| header.revoked_keys(&info));
        let effects = ConfirmEffects { epoch: header.epoch, revoked };
        let due = self.is_trial() || effects.pending(self.journal.record());
        if due {
            let outcome = outcome(&mut self.flash, self.board, self.running, Ending::Confirmed, Reset::default());
            self.operation = Operation::Recording(Change::Confirm(outcome, effects));
        }
        Ok(due)
    }

    /// Starts going back: ends the trial, if there is one, or else puts the image in the other slot, the previous
    /// firmware as a rule, on trial. [`step`](Self::step) does it; reset the chip when that is [`Step::Done`].
    ///
    /// An image that was rejected is not the previous firmware, but took its place: that is refused, and only a transfer
    /// with `force` tries it again.
    ///
    /// # Errors
    /// What is wrong with the image in the other slot, where it would be needed; [`Refusal::Rejected`].
    pub fn request_rollback(&mut self) -> Result<(), Refusal> {
        if let Some(trial) = self.journal.record().trial {
            let outcome = outcome(&mut self.flash, self.board, trial.slot, Ending::Requested, Reset::default());
            self.operation = Operation::Recording(Change::EndTrial(outcome));
            return Ok(());
        }
        let start = self.board.slot(self.target()).start;
        let header = read_header(&mut self.flash, start)?;
        // At once, as for a revoked key, and not after the seconds that a signature takes.
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
    /// is [`Step::Done`] when bytes are waited for. Nothing is erased before everything that the header can be refused
    /// for was found out. With `force`, an image that was rejected before is taken.
    ///
    /// A transfer that was under way is given up; what it wrote stays, and can be skipped.
    ///
    /// # Errors
    /// Why the image is not acceptable on this device, now.
    pub fn begin(&mut self, header: &HeaderBytes, expected: Expected, force: bool) -> Result<(), Refusal> {
        self.abort();
        if expected.target != self.target() {
            return Err(Refusal::OtherTarget);
        }
        if self.is_trial() {
            return Err(Refusal::TrialRunning);
        }
        // A bootloader that answers in place of firmware runs nothing: version 0.0.0.
        let running = Header::parse(&read_header(&mut self.flash, self.board.slot(self.running).start)?);
        if expected.running != running.map_or_else(|_| Version::default(), |header| header.version) {
            return Err(Refusal::OtherRunning);
        }
        self.start_check(header, CheckFor::Transfer { force })
    }

    /// The next offset in the slot that needs bytes; `None` without a transfer.
    pub fn next(&self) -> Option<u32> {
        match &self.operation {
            Operation::Receiving { transfer, .. } => Some(transfer.next()),
            _ => None,
        }
    }

    /// Takes bytes of the image that belong at `offset` in the slot; returns how many. 0 while there is
    /// [`step`](Self::step) to do, and where `offset` is not [`next`](Self::next).
    ///
    /// # Errors
    /// What is wrong with the image, or that there is no transfer (any more).
    pub fn feed(&mut self, offset: u32, bytes: &[u8]) -> Result<usize, Refusal> {
        match &mut self.operation {
            // Not among those that a patch makes.
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

    /// Skips what the slot already holds, up to the offset `to`. Returns whether it did, all of it or a part;
    /// [`next`](Self::next) says how far. It does not skip a unit that is suspect after a power cut, or that has to be erased
    /// for something else; nor anything while bytes are buffered, or a patch brings them.
    ///
    /// # Errors
    /// As [`feed`](Self::feed).
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

    /// Everything was fed: verifies what was written, by reading back, from where [`verify_ahead`](Self::verify_ahead) has
    /// got to. [`step`](Self::step) does it, writes the header and marks the slot trial; reset the chip when that is
    /// [`Step::Done`].
    ///
    /// # Errors
    /// [`Refusal::Incomplete`]: the transfer goes on. [`Refusal::NoTransfer`].
    #[inline(never)] // As `verify_ahead`.
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

    /// With time to spare: reads back and hashes a block of what was written, so that less is left for after
    /// [`finish`](Self::finish). Returns whether there was one; there is none of what a patch makes. What goes bad in flash
    /// behind that, the bootloader finds.
    ///
    /// # Errors
    /// What is wrong with the image or the flash; the transfer has ended then.
    #[inline(never)] // So that what it keeps on the stack is not under everything else.
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

    /// Gives up what is under way. What a transfer wrote stays in the slot.
    pub fn abort(&mut self) {
        self.operation = Operation::Idle;
    }

    /// The start of the SHA-256 of a part of the target slot, as it is in flash.
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

/// Whether firmware in `running` still has to confirm, by this boot state.
pub(crate) fn is_trial(running: Slot, record: &Record) -> bool {
    record.confirmed != running || record.trial.is_some_and(|trial| trial.slot == running)
}
