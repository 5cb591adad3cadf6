//! Recovery: the bootloader itself answers the host, if nothing can be started, if what starts crashes again and again, or if
//! recovery was requested. After a minute of silence it ends, and the chip boots again: see
//! [`Reset::listened`](crate::record::Reset::listened).
//!
//! It speaks the firmware's protocol, as far as a push needs it, in a fraction of the code: no serde, one frame at a
//! time, the whole slot erased before the first byte. It checks what it receives as firmware does: the header before
//! anything is erased, and the whole image again at the end. It never starts an image: the next boot does, and verifies
//! it as always.
//!
//! | module | does |
//! | --- | --- |
//! | `answer` | the answers to a host |
//! | `numbers` | the numbers of the variants of answers |
//! | `line` | what it needs of the chip |
//! | `frame` | frames in and out |
//! | `request` | the requests of a host |

mod answer;
mod frame;
mod line;
mod numbers;
mod request;

use crate::boot::{Recovery, ended};
use crate::image::{HEADER_LENGTH, HeaderBytes, Invalid, Trust};
use crate::info::BootloaderInfo;
use crate::journal::{Failed, Journal};
use crate::layout::{Board, Slot};
use crate::receive::Receiver;
use crate::record::{Ending, Record, Reset, Trial};
use crate::verify::verify;
use embedded_storage::nor_flash::NorFlash;
use frame::Incoming;
use numbers::{body, number, refusal};
use request::{Reader, command};

pub use line::Line;

/// Maximum number of an image's bytes in one frame.
pub const CHUNK: usize = 512;
/// Maximum number of a message's other bytes, with its CRC: session, number, variant, offset, length.
const OVERHEAD: usize = 3 + 1 + 1 + 5 + 2 + 4;

/// Milliseconds without a request after which another host may take the session: `lifeboot_wire::SESSION_TIMEOUT_MS`.
const SESSION_TIMEOUT_MS: u32 = 3000;
/// Milliseconds without a request after which recovery mode ends.
pub const RECOVERY_TIMEOUT_MS: u32 = 60_000;

/// Answers hosts until the chip must be reset: a host requested that, or no request was received for
/// [`RECOVERY_TIMEOUT_MS`]. Writes nothing before a host's request needs it.
pub fn serve<F: NorFlash, L: Line>(
    flash: &mut F,
    board: &'static Board,
    info: &BootloaderInfo,
    line: &mut L,
    why: Recovery,
) {
    let journal = Journal::open(flash, board);
    // Before a transfer changes what is confirmed.
    let Record { confirmed, lost, .. } = *journal.record();
    let kept = match why {
        Recovery::NothingStarts => None,
        // What is started first where nothing is confirmed.
        Recovery::Requested if lost => Some(confirmed.other()),
        Recovery::Requested | Recovery::Crashes => Some(confirmed),
        Recovery::LastFirmware => Some(confirmed.other()),
    };
    let heard = line.now();
    let mut server = Server {
        flash,
        board,
        info,
        line,
        journal,
        why,
        kept,
        header: [0; _],
        receiver: None,
        holder: None,
        heard,
        request: (0, 0),
        done: None,
    };
    loop {
        let (variant, result) = match server.next() {
            Task::Begin(target, force) => (body::BEGUN, server.begin(target, force)),
            Task::Finish => (body::DONE, server.finish()),
            Task::Reset => return server.line.flush(),
        };
        server.done = result.is_ok().then_some(server.request);
        server.answer(variant, result);
    }
}

/// What takes long and needs much stack: done after the request's frame has left the stack.
enum Task {
    /// Into a slot; with force, an image that was rejected before is accepted.
    Begin(Slot, bool),
    Finish,
    Reset,
}

struct Server<'a, F, L> {
    flash: &'a mut F,
    board: &'static Board,
    info: &'a BootloaderInfo,
    line: &'a mut L,
    journal: Journal,
    why: Recovery,
    /// The slot that is never written.
    kept: Option<Slot>,
    /// The header of the last request to begin.
    header: HeaderBytes,
    /// The transfer of that header's image.
    receiver: Option<Receiver>,
    /// The host that holds the session.
    holder: Option<u16>,
    /// When the last request was received.
    heard: u32,
    /// The session and the number of the last request.
    request: (u16, u8),
    /// The last task that was done: if its request is repeated, it is answered and not carried out again.
    done: Option<(u16, u8)>,
}

impl<F: NorFlash, L: Line> Server<'_, F, L> {
    /// Answers requests that can be answered at once, until a task is to be done.
    #[inline(never)]
    fn next(&mut self) -> Task {
        let mut frame = Incoming::<{ CHUNK + OVERHEAD }>::new();
        loop {
            self.line.feed_watchdog();
            let message = match self.line.receive() {
                Some(byte) => frame.push(byte),
                None if self.silence() > RECOVERY_TIMEOUT_MS => return Task::Reset,
                None => None,
            };
            if let Some(message) = message
                && let Some(task) = self.take(message)
            {
                return task;
            }
        }
    }

    fn take(&mut self, message: &[u8]) -> Option<Task> {
        let mut message = Reader(message);
        let (session, number, command) = (message.number() as u16, message.byte(), message.byte());
        let silence = self.silence();
        let (holder, last) = (self.holder, self.request);
        self.request = (session, number);
        if command == command::STATUS {
            self.tell_state();
            self.request = last;
            return None;
        }
        if holder.is_some_and(|holder| holder != session) && silence < SESSION_TIMEOUT_MS {
            self.answer(body::DONE, Err(refusal::BUSY));
            self.request = last;
            return None;
        }
        self.holder = Some(session);
        self.heard = self.heard.wrapping_add(silence);
        let is_repeated = self.done == Some(self.request);
        if !is_repeated {
            // Request numbers wrap around, so an old one must not match later.
            self.done = None;
        }
        let (variant, result) = match command {
            command::BEGIN => match &self.receiver {
                Some(receiver) if is_repeated => (body::BEGUN, Ok(receiver.next())),
                _ => {
                    let is_header = message.number() == HEADER_LENGTH as u32;
                    match message.0.split_first_chunk() {
                        Some((header, rest)) if is_header => {
                            self.header = *header;
                            // The version that the host expects to be running is skipped: in recovery none is.
                            let [target, force] = rest.last_chunk().copied().unwrap_or_default();
                            return Some(Task::Begin(if target == 0 { Slot::A } else { Slot::B }, force != 0));
                        }
                        _ => (body::DONE, Err(Invalid::NoImage as u8)),
                    }
                }
            },
            command::WRITE => {
                let offset = message.number();
                message.number();
                let written = self.write(offset, message.0);
                if written.is_err() {
                    // An image's error is permanent; half a table must not be read on.
                    self.receiver = None;
                }
                (body::WRITTEN, written)
            }
            command::FINISH if is_repeated => (body::DONE, Ok(0)),
            command::FINISH => return Some(Task::Finish),
            command::ABORT => {
                self.receiver = None;
                self.holder = None;
                (body::DONE, Ok(0))
            }
            command::RESET => (body::DONE, Ok(0)),
            _ => (body::DONE, Err(refusal::RECOVERY)),
        };
        self.answer(variant, result);
        (command == command::RESET).then_some(Task::Reset)
    }

    /// Returns the milliseconds since the last request was received.
    fn silence(&mut self) -> u32 {
        self.line.now().wrapping_sub(self.heard)
    }

    #[inline(never)]
    fn begin(&mut self, target: Slot, force: bool) -> Result<u32, u8> {
        self.receiver = None;
        let record = self.journal.record();
        if self.kept == Some(target) {
            return Err(refusal::OTHER_TARGET);
        }
        let trust = Trust { board: self.board, info: self.info, record };
        let checked = trust.check(&self.header, target).map_err(number)?;
        trust.check_epoch_step(checked.header()).map_err(number)?;
        if !force && record.outcomes.have_rejected(&checked.header().digest) {
            return Err(refusal::REJECTED);
        }
        // Also if there is no trial: what is erased now is lost by any reading of the journal, and this makes it the only
        // one (see `Journal::is_settled`).
        self.record_transfer(target, false).map_err(flash_failed)?;
        let mut unit = self.board.slot(target).start;
        let end = unit + checked.table_offset() + checked.header().table_length;
        while unit < end {
            self.line.feed_watchdog();
            let next = self.board.unit_at(unit).end();
            self.flash.erase(unit, next).map_err(flash_failed)?;
            unit = next;
        }
        Ok(self.receiver.insert(Receiver::new(checked, self.board)).next())
    }

    /// Records a transfer into a slot: ends the trial that it replaces, if there is one; if it is complete, puts the slot on trial.
    #[inline(never)] // Keeps its locals off the stack of a signature's check.
    fn record_transfer(&mut self, slot: Slot, is_complete: bool) -> Result<(), Failed> {
        let mut after = *self.journal.record();
        if let Some(trial) = after.trial {
            after = ended(self.flash, self.board, &after, trial.slot, Ending::Cancelled, Reset::default());
        }
        // The slot may be the confirmed one. What is left when the new image fails was never confirmed, or is as broken as it
        // was: it must not become the default unseen. Nor must the new image, if power fails before it is on trial.
        if slot == after.confirmed {
            after.lost = true;
            if self.why == Recovery::NothingStarts {
                after.confirmed = slot.other();
            }
        }
        if is_complete {
            after.trial = Some(Trial::new(slot));
        }
        self.journal.append_unbounded(self.flash, &after)
    }

    /// Writes bytes of the image. Bytes at any other offset than the next one are dropped, and answered with the next
    /// offset.
    fn write(&mut self, offset: u32, mut bytes: &[u8]) -> Result<u32, u8> {
        let receiver = self.receiver.as_mut().ok_or(refusal::NO_TRANSFER)?;
        if offset == receiver.next() {
            loop {
                let taken = receiver.feed(bytes, self.flash).map_err(number)?;
                bytes = bytes.get(taken..).unwrap_or_default();
                if receiver.due() == 0 {
                    break;
                }
                receiver.write(self.flash, self.board).map_err(number)?;
            }
        }
        Ok(receiver.next())
    }

    #[inline(never)]
    fn finish(&mut self) -> Result<u32, u8> {
        let receiver = self.receiver.as_ref().ok_or(refusal::NO_TRANSFER)?;
        if !receiver.is_complete() {
            return Err(refusal::INCOMPLETE);
        }
        let slot = receiver.checked().slot();
        self.receiver = None;
        self.flash.write(self.board.slot(slot).start, &self.header).map_err(flash_failed)?;
        self.line.feed_watchdog();
        let trust = Trust { board: self.board, info: self.info, record: self.journal.record() };
        verify(self.flash, &trust, slot).map_err(number)?;
        self.record_transfer(slot, true).map_err(flash_failed)?;
        Ok(0)
    }
}

fn flash_failed<E>(_: E) -> u8 {
    number(Invalid::Flash)
}
