//! [`Updater`]: the state of the device, and every change that the firmware can make to it.

use crate::geometry::{self, Units};
#[cfg(feature = "delta")]
use crate::operation::InputMode;
use crate::operation::{CheckFor, Operation, Step};
use crate::suspects::SuspectUnits;
use crate::ticket::{Lane, Ticket, Tickets};
use crate::transfer::read_header;
use crate::work::{State, Work};
use embedded_storage::nor_flash::ReadNorFlash;
use heapless::Vec;
use lifeboot_core::handover::{self, Boot, Start};
use lifeboot_core::hash::Sha256;
use lifeboot_core::image::{Header, HeaderBytes};
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::journal::{Effort, Journal};
use lifeboot_core::layout::{BLOCK, Board, Slot};
use lifeboot_core::version::Version;
use lifeboot_wire::{self as wire, Refusal};

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
/// At most one operation is under way. Each has an owner, who holds its [`Ticket`]: a session that started it for a host,
/// or the application. To start one supersedes another that is under way, and [`result`](Self::result) tells its owner.
/// A [`confirm`](Self::confirm) goes on beside the operation.
///
/// The flash may be the updater's own, or borrowed, or shared: `&mut F` and a partition behind a mutex, such as
/// `embassy_embedded_hal`'s `BlockingPartition` over all of the flash, have the traits as well. Nothing is kept between two calls that
/// somebody else's use of the application's own regions could disturb. Where erases and writes are async, the functions with
/// `_async` do what those without it do.
///
/// Takes about 1.5 KiB of RAM, and up to 4 KiB of stack while it checks a signature. Moving it puts a second copy on
/// the stack: use it where [`new`](Self::new) made it.
pub struct Updater<F> {
    pub(crate) flash: F,
    pub(crate) board: &'static Board,
    pub(crate) journal: Journal,
    pub(crate) running: Slot,
    pub(crate) boot: Option<Boot>,
    pub(crate) device: Vec<u8, { wire::DEVICE_ID }>,
    pub(crate) operation: Operation,
    pub(crate) suspects: SuspectUnits,
    pub(crate) tickets: Tickets,
    /// Of the operation.
    pub(crate) lane: Lane,
    /// Of the confirm.
    pub(crate) confirm: Lane,
    /// Whether the last step was one of the confirm.
    pub(crate) confirmed_last: bool,
    /// What an async driver has begun to do in flash, and not ended.
    pub(crate) begun: Option<Ticket>,
    /// Here, so that a new session is no new deadline.
    trial_clock: TrialClock,
    /// Whether a rollback of the running firmware was recorded before this was made.
    pub(crate) rolled_back_before: bool,
}

/// How long a trial has been running.
enum TrialClock {
    /// No session has looked at it yet.
    Unset,
    /// The first look was at this time.
    Since(u32),
    /// The deadline has passed. It stays passed, though the time wraps.
    Overdue,
}

/// Lies in the firmware's own flash, so its address shows which slot runs.
static ANCHOR: u8 = 0x5a;

/// Returns the slot that the calling code runs from.
pub(crate) fn running_slot(board: &Board) -> Result<Slot, Refusal> {
    // Like a volatile read: the optimiser must not know the address of this constant.
    let here = core::hint::black_box(&raw const ANCHOR) as usize as u32;
    board.slot_at(here).ok_or(Refusal::NoSlot)
}

impl<F: ReadNorFlash> Updater<F> {
    /// Makes the updater, over a driver with these units.
    #[inline] // Built in place, not on the stack first.
    pub(crate) fn open<U: Units>(slot: Slot, mut flash: F, board: &'static Board) -> Result<Self, Refusal> {
        if !geometry::fits::<U, F>(&flash, board) {
            return Err(Refusal::Geometry);
        }
        if BootloaderInfo::read(&mut flash, board).is_some_and(|info| info.map_digest() != board.map_digest()) {
            return Err(Refusal::Map);
        }
        let journal = Journal::open(&mut flash, board);
        let mut updater = Updater {
            flash,
            board,
            journal,
            running: slot,
            boot: None,
            device: Vec::new(),
            operation: Operation::Idle,
            suspects: SuspectUnits::default(),
            tickets: Tickets::default(),
            lane: Lane::default(),
            confirm: Lane::default(),
            confirmed_last: false,
            begun: None,
            trial_clock: TrialClock::Unset,
            rolled_back_before: false,
        };
        // It was started all the same, since nothing else could be. It may find itself healthy now.
        updater.rolled_back_before = updater.is_rolled_back();
        Ok(updater)
    }

    /// Lends the flash, for the application's own regions: between two calls of the updater it is the application's. Journal
    /// and slots may be read, and must not be erased or written.
    pub fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    /// Ends the updater, and hands the flash back. [`new`](Self::new) makes another one of it.
    ///
    /// What is under way ends as it does at a reset, and nothing in flash is lost. What a transfer wrote stays in the slot, and
    /// the next transfer of the same image can [skip](Self::skip) it; bytes that were fed and did not fill a block yet are fed
    /// again. A confirm, a rollback or a cancel that has not reached its end has either changed nothing or everything that a
    /// later boot goes by: request it again, or call [`step`](Self::step) to its end first.
    ///
    /// What only this updater knew is lost: tickets, [device id](Self::set_device_id), [boot words](Self::set_boot_words), since when
    /// a trial has been running, and that a rollback was recorded in this boot, which a confirm by another updater would override.
    /// So reset the chip after [`Step::RolledBack`], as always, and use [`flash`](Self::flash) to share flash while it runs.
    pub fn into_inner(self) -> F {
        self.flash
    }

    /// Sets the device id, by which hosts distinguish devices of the same board: up to [`wire::DEVICE_ID`] bytes, such as the
    /// chip's own serial number. Of a longer one the first bytes count.
    pub fn set_device_id(&mut self, id: &[u8]) {
        self.device = id.iter().take(wire::DEVICE_ID).copied().collect();
    }

    /// Returns what is to be done to record a storage schema that is not the recorded one.
    ///
    /// # Errors
    /// Why this one cannot be recorded.
    pub(crate) fn plan_schema(&mut self, schema: u16) -> Result<Work, Refusal> {
        if self.is_trial() {
            return Err(Refusal::TrialRunning);
        }
        let header = Header::parse(&read_header(&mut self.flash, self.board.slot(self.running).start)?)?;
        if !header.accepts_schema(schema) {
            return Err(Refusal::Schema);
        }
        Ok(Work::Record(State::Schema(schema), Effort::Bounded, Step::Busy))
    }

    /// Returns what settles the journal, after a change by the application; `None` if it is settled.
    pub(crate) fn settle(&mut self) -> Option<Work> {
        let is_settled = self.journal.is_settled(&mut self.flash);
        (!is_settled).then_some(Work::Record(State::Same, Effort::Bounded, Step::Busy))
    }

    /// Returns the schema of the application's own storage, as it was recorded last; 0 if it never was.
    pub fn storage_schema(&self) -> u16 {
        self.journal.record().schema
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
        !self.journal.record().is_confirmed(self.running) || self.is_counted()
    }

    /// Whether the running firmware is on a trial with a bounded number of attempts. One that was started because nothing else
    /// could be may have been started without counting that.
    pub(crate) fn is_counted(&self) -> bool {
        self.journal.record().trial.is_some_and(|trial| trial.slot == self.running)
            && self.boot.is_none_or(|boot| boot.start != Start::FellBack)
    }

    /// Whether the running firmware has been on trial for longer than `deadline` milliseconds since the first call.
    pub(crate) fn is_overdue(&mut self, now: u32, deadline: u32) -> bool {
        match self.trial_clock {
            TrialClock::Unset => self.trial_clock = TrialClock::Since(now),
            TrialClock::Since(since) if now.wrapping_sub(since) > deadline => self.trial_clock = TrialClock::Overdue,
            TrialClock::Since(_) | TrialClock::Overdue => {}
        }
        matches!(self.trial_clock, TrialClock::Overdue) && self.is_trial()
    }

    /// Returns what became of the operation or the confirm with this ticket: `None` while it is under way, then its
    /// result. A transfer that waits for bytes is [`Step::Receiving`] as long as it does.
    ///
    /// [`Refusal::Superseded`] if something else took its place: another operation, or [`abort`](Self::abort).
    pub fn result(&self, ticket: Ticket) -> Option<Result<Step, Refusal>> {
        let progress = self.lane.progress(ticket).or_else(|| self.confirm.progress(ticket));
        progress.unwrap_or(Some(Err(Refusal::Superseded)))
    }

    /// Starts a transfer of the image with this header into the other slot. [`step`](Self::step) checks the header, and
    /// returns [`Step::Receiving`] when the transfer waits for bytes. Nothing is erased before every check of the
    /// header has passed. With `force`, an image that was rejected before is accepted.
    ///
    /// An operation in progress is superseded, also if this is refused; but not a rollback of a trial. What a transfer
    /// wrote stays, and can be skipped.
    ///
    /// # Errors
    /// Why the device does not accept the image now.
    pub fn begin(&mut self, header: &HeaderBytes, expected: Expected, force: bool) -> Result<Ticket, Refusal> {
        if !self.is_trial() {
            self.abort();
        }
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

    /// As [`next`](Self::next), for the owner of a transfer.
    ///
    /// # Errors
    /// [`Refusal::Superseded`] if another operation took the place of this transfer; [`Refusal::NoTransfer`] if it has
    /// ended.
    pub fn next_in(&self, transfer: Ticket) -> Result<u32, Refusal> {
        self.owned(transfer)?;
        self.next().ok_or(Refusal::NoTransfer)
    }

    /// Takes bytes of the image that belong at `offset` in the slot; returns how many. Takes none while
    /// [`step`](Self::step) has work to do, or if `offset` is not [`next`](Self::next). `transfer` is the ticket that
    /// [`begin`](Self::begin) returned.
    ///
    /// # Errors
    /// What is wrong with the image; otherwise as for [`next_in`](Self::next_in).
    pub fn feed(&mut self, transfer: Ticket, offset: u32, bytes: &[u8]) -> Result<usize, Refusal> {
        self.owned(transfer)?;
        match &mut self.operation {
            // The image's bytes come from the patch instead.
            #[cfg(feature = "delta")]
            Operation::Receiving { input: InputMode::Patch(_), .. } => Ok(0),
            Operation::Receiving { transfer, is_settled: true, .. } if transfer.next() == offset => {
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
    pub fn skip(&mut self, transfer: Ticket, to: u32) -> Result<bool, Refusal> {
        self.owned(transfer)?;
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

    /// Aborts the operation in progress, no matter who started it. What a transfer wrote stays in the slot. A confirm goes on.
    pub fn abort(&mut self) {
        self.end_operation(Err(Refusal::Superseded));
    }

    /// Ends the operation in progress.
    pub(crate) fn end_operation(&mut self, end: Result<Step, Refusal>) {
        self.operation = Operation::Idle;
        self.lane.end(end);
    }

    /// Checks that this is the ticket of the operation that was started last.
    pub(crate) fn owned(&self, ticket: Ticket) -> Result<(), Refusal> {
        if self.lane.ticket() == Some(ticket) { Ok(()) } else { Err(Refusal::Superseded) }
    }

    /// Returns the length of the erase unit of the target slot that an offset lies in.
    pub(crate) fn unit_length(&self, offset: u32) -> u32 {
        let slot = self.board.slot(self.target());
        self.board.unit_at(slot.start + offset.min(slot.length)).length
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
        let mut hash = Sha256::default();
        let mut block = [0; BLOCK as usize];
        for start in (offset..end).step_by(block.len()) {
            self.flash.read(slot.start + start, &mut block).map_err(|_| Refusal::Flash)?;
            hash.update(block.get(..(end - start).min(BLOCK) as usize).unwrap_or_default());
        }
        Ok(hash.finalize().first_chunk().copied().unwrap_or_default())
    }

    pub(crate) fn end_on_error<T>(&mut self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        if let Err(refusal) = &result {
            self.end_operation(Err(*refusal));
        }
        result
    }
}
