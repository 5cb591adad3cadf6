//! Recovery: the bootloader itself answers the host, where no slot can be started, or where it was asked to.
//!
//! It speaks the firmware's protocol, as far as a push needs it, in a fraction of the code: no serde, one frame at a time,
//! the whole slot erased before the first byte. What it receives is judged as by firmware: the header before anything is
//! erased, everything once more at the end; and it starts nothing: the next boot does, which verifies as ever.
//!
//! | module | does |
//! | --- | --- |
//! | `answer` | what is answered |
//! | `frame` | frames in and out |
//! | `request` | what a message asks |

mod answer;
mod frame;
mod request;

use crate::image::{HEADER_LENGTH, HeaderBytes, Invalid, Trust};
use crate::info::BootloaderInfo;
use crate::journal::Journal;
use crate::layout::{Board, Slot};
use crate::receive::Receiver;
use crate::record::{Cause, Record, Trial};
use crate::verify::verify;
use answer::{body, number, refusal};
use embedded_storage::nor_flash::NorFlash;
use frame::Incoming;
use request::{Reader, command};

/// Bytes of image that one frame can bring.
pub const CHUNK: usize = 512;
/// Bytes of a message beside them, at most, and of its CRC: session, number, variant, offset, length.
const OVERHEAD: usize = 3 + 1 + 1 + 5 + 2 + 4;

/// A host's silence, in milliseconds, after which another one may take over: `lifeboot_wire::SESSION_TIMEOUT_MS`.
const SESSION_TIMEOUT_MS: u32 = 3000;
/// Silence after which a bootloader that was asked to answer starts the firmware after all.
pub const RECOVERY_TIMEOUT_MS: u32 = 60_000;

/// The serial line, the time and the watchdog, as the chip has them.
pub trait Line {
    /// The next byte, where one has arrived.
    fn receive(&mut self) -> Option<u8>;
    /// Sends a byte, when there is room.
    fn send(&mut self, byte: u8);
    /// Waits until everything that was sent has left.
    fn flush(&mut self);
    /// Milliseconds from any start, wrapping.
    fn now(&mut self) -> u32;
    /// Called again and again: between two bytes, and before each flash operation that takes long.
    fn feed_watchdog(&mut self);
}

/// Answers hosts until the chip is to be reset: a host asked for that, or, where it was `requested` to answer, none was heard
/// for [`RECOVERY_TIMEOUT_MS`]. `requested`: the confirmed slot may be a good one, so it is not written.
pub fn serve<F: NorFlash, L: Line>(
    flash: &mut F,
    board: &'static Board,
    info: &BootloaderInfo,
    line: &mut L,
    cause: Cause,
    requested: bool,
) {
    let mut journal = Journal::open(flash, board);
    // A flash that takes no record is one more reason to answer.
    let _ = journal.rewrite_if_suspect(flash, cause);
    let heard = line.now();
    let mut server = Server {
        flash,
        board,
        info,
        line,
        journal,
        requested,
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

/// What takes long, and much stack: done when nothing of the frame that asked for it is left there.
enum Task {
    /// Into a slot; with force, an image that was rejected before, too.
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
    requested: bool,
    /// That of the last request to begin.
    header: HeaderBytes,
    /// The transfer of its image.
    receiver: Option<Receiver>,
    /// Which host holds the session.
    holder: Option<u16>,
    /// When a request was last heard.
    heard: u32,
    /// The session and the number of the last request.
    request: (u16, u8),
    /// The last task that was done: a repetition of the request is answered, not carried out.
    done: Option<(u16, u8)>,
}

impl<F: NorFlash, L: Line> Server<'_, F, L> {
    /// Answers what can be answered at once, until something is to be done.
    #[inline(never)]
    fn next(&mut self) -> Task {
        let mut frame = Incoming::<{ CHUNK + OVERHEAD }>::new();
        loop {
            self.line.feed_watchdog();
            let message = match self.line.receive() {
                Some(byte) => frame.push(byte),
                None if self.requested && self.silence() > RECOVERY_TIMEOUT_MS => return Task::Reset,
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
            // Its number comes around again.
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
                            // The version that is believed to run stands in between; nothing runs here.
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
                    // What is wrong with the image does not get better; half a table must not be read on.
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

    /// Milliseconds since a request was heard.
    fn silence(&mut self) -> u32 {
        self.line.now().wrapping_sub(self.heard)
    }

    #[inline(never)]
    fn begin(&mut self, target: Slot, force: bool) -> Result<u32, u8> {
        self.receiver = None;
        let mut record = *self.journal.record();
        if self.requested && target == record.confirmed {
            return Err(refusal::OTHER_TARGET);
        }
        let checked = trust(self.board, self.info, &record).check(&self.header, target).map_err(number)?;
        if !force && record.outcomes.have_rejected(&checked.header().digest) {
            return Err(refusal::REJECTED);
        }
        if record.trial.take().is_some() {
            self.journal.append(self.flash, record).map_err(|_| number(Invalid::Flash))?;
        }
        let mut unit = self.board.slot(target).start;
        let end = unit + checked.table_offset() + checked.header().table_length;
        while unit < end {
            self.line.feed_watchdog();
            let next = unit + self.board.slot_unit;
            self.flash.erase(unit, next).map_err(|_| number(Invalid::Flash))?;
            unit = next;
        }
        Ok(self.receiver.insert(Receiver::new(checked, self.board)).next())
    }

    /// Bytes at any other offset than the next one are not taken, and answered all the same.
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
        self.flash.write(self.board.slot(slot).start, &self.header).map_err(|_| number(Invalid::Flash))?;
        self.line.feed_watchdog();
        let mut record = *self.journal.record();
        verify(self.flash, &trust(self.board, self.info, &record), slot).map_err(number)?;
        record.trial = Some(Trial::new(slot));
        // Where nothing starts, the confirmed slot may be the target: it has to earn that name again.
        record.confirmed = slot.other();
        self.journal.append(self.flash, record).map_err(|_| number(Invalid::Flash))?;
        Ok(0)
    }
}

fn trust<'a>(board: &'a Board, info: &'a BootloaderInfo, record: &Record) -> Trust<'a> {
    Trust { board, info, revoked: record.revoked, epoch_floor: record.epoch_floor }
}
