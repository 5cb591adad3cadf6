//! Recovery: the bootloader itself answers the host, where no slot can be started, or where it was asked to.
//!
//! It speaks the firmware's protocol, as far as a push needs it, in a fraction of the code: no serde, one frame at a time,
//! the whole slot erased before the first byte. What it receives is judged as by firmware: the header before anything is
//! erased, everything once more at the end; and it starts nothing: the next boot does, which verifies as ever.
//!
//! | module | does |
//! | --- | --- |
//! | `frame` | frames in and out |
//! | `request` | what a message asks |

mod frame;
mod request;

use crate::image::{HEADER_LENGTH, HeaderBytes, Invalid, Trust};
use crate::info::{INFO_LENGTH, Info};
use crate::journal::Journal;
use crate::layout::{Board, Slot};
use crate::receive::Receiver;
use crate::record::{Cause, Trial};
use crate::verify::verify;
use embedded_storage::nor_flash::NorFlash;
use frame::{Incoming, Outgoing};
use request::{Command, Request, parse};

/// Bytes of image that one frame can bring.
pub const CHUNK: usize = 512;
/// Bytes of a message beside them, at most, and of its CRC: session, number, variant, offset, length.
const OVERHEAD: usize = 3 + 1 + 1 + 5 + 2 + 4;

/// A host's silence, in milliseconds, after which another one may take over: `lifeboot_updater::wire::SILENCE`.
const SILENCE: u32 = 3000;
/// Silence after which a bootloader that was asked to answer starts the firmware after all.
pub const PATIENCE: u32 = 60_000;

/// The numbers of the wire's variants: what is answered.
mod body {
    pub const DONE: u8 = 0;
    pub const REFUSED: u8 = 1;
    pub const BEGUN: u8 = 3;
    pub const WRITTEN: u8 = 4;
    pub const RECOVERY: u8 = 8;
}

/// The numbers of the wire's variants: why not, beside what [`Invalid`] says.
mod refusal {
    pub const OTHER_TARGET: u8 = 16;
    pub const BUSY: u8 = 20;
    pub const NO_TRANSFER: u8 = 21;
    pub const INCOMPLETE: u8 = 22;
    pub const COMMAND: u8 = 24;
    pub const RECOVERY: u8 = 27;
}

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

/// Answers hosts until the chip is to be reset: a host asked for that, or, where it was `asked` to answer, none was heard
/// for [`PATIENCE`]. `asked`: the confirmed slot may be a good one, so it is not written.
pub fn serve<F: NorFlash, L: Line>(
    flash: &mut F,
    board: &'static Board,
    info: &Info,
    line: &mut L,
    cause: Cause,
    asked: bool,
) {
    let mut journal = Journal::open(flash, board);
    // A flash that takes no record is one more reason to answer.
    let _ = journal.settle(flash, cause);
    let heard = line.now();
    let mut server = Server {
        flash,
        board,
        info,
        line,
        journal,
        asked,
        transfer: None,
        holder: None,
        heard,
        request: (0, 0),
        done: None,
    };
    loop {
        let result = match server.next() {
            Task::Begin(header, target) => server.begin(&header, target),
            Task::Finish => server.finish(),
            Task::Reset => return server.line.flush(),
        };
        server.done = result.is_ok().then_some(server.request);
        server.answer(server.request.1, result);
    }
}

/// What takes long, and much stack: done when nothing of the frame that asked for it is left there.
#[expect(clippy::large_enum_variant, reason = "there is one, on the stack")]
enum Task {
    Begin(HeaderBytes, Slot),
    Finish,
    Reset,
}

/// An answer: the variant's number, and what it holds.
type Body = (u8, Option<u32>);

struct Server<'a, F, L> {
    flash: &'a mut F,
    board: &'static Board,
    info: &'a Info,
    line: &'a mut L,
    journal: Journal,
    asked: bool,
    transfer: Option<(HeaderBytes, Receiver)>,
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
                None if self.asked && self.silence() > PATIENCE => return Task::Reset,
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
        let Some(Request { session, number, command }) = parse(message) else {
            self.answer(0, Err(refusal::COMMAND));
            return None;
        };
        if let Command::Status = command {
            self.tell_state(number);
            return None;
        }
        if self.holder.is_some_and(|holder| holder != session) && self.silence() < SILENCE {
            self.answer(number, Err(refusal::BUSY));
            return None;
        }
        self.holder = Some(session);
        self.heard = self.line.now();
        self.request = (session, number);
        let is_repeated = self.done == Some(self.request);
        let result = match (command, &self.transfer) {
            (Command::Begin { .. }, Some((_, receiver))) if is_repeated => Ok((body::BEGUN, Some(receiver.next()))),
            (Command::Begin { header, target }, _) => return Some(Task::Begin(*header, target)),
            (Command::Finish, None) if is_repeated => Ok((body::DONE, None)),
            (Command::Finish, _) => return Some(Task::Finish),
            (Command::Write { offset, bytes }, _) => self.write(offset, bytes),
            (Command::Abort, _) => {
                self.transfer = None;
                self.holder = None;
                Ok((body::DONE, None))
            }
            (Command::Reset, _) => {
                self.answer(number, Ok((body::DONE, None)));
                return Some(Task::Reset);
            }
            (Command::Status | Command::Other, _) => Err(refusal::RECOVERY),
        };
        self.answer(number, result);
        None
    }

    fn silence(&mut self) -> u32 {
        self.line.now().wrapping_sub(self.heard)
    }

    fn trust(&self) -> Trust<'_> {
        let record = self.journal.record();
        Trust { board: self.board, info: self.info, revoked: record.revoked, epoch_floor: record.epoch_floor }
    }

    #[inline(never)]
    fn begin(&mut self, header: &HeaderBytes, target: Slot) -> Result<Body, u8> {
        self.transfer = None;
        let mut record = *self.journal.record();
        if self.asked && target == record.confirmed {
            return Err(refusal::OTHER_TARGET);
        }
        let checked = self.trust().check(header, target).map_err(number)?;
        if record.trial.take().is_some() {
            self.journal.append(self.flash, record).map_err(|_| number(Invalid::Flash))?;
        }
        let slot = self.board.slot(target).start;
        let end = slot + checked.table_offset() + checked.header().table_length;
        let mut unit = slot;
        while unit < end {
            self.line.feed_watchdog();
            let next = unit + self.board.slot_unit;
            self.flash.erase(unit, next).map_err(|_| number(Invalid::Flash))?;
            unit = next;
        }
        let receiver = Receiver::new(checked, self.board);
        let next = receiver.next();
        self.transfer = Some((*header, receiver));
        Ok((body::BEGUN, Some(next)))
    }

    /// Bytes at any other offset than the next one are not taken, and answered all the same.
    fn write(&mut self, offset: u32, mut bytes: &[u8]) -> Result<Body, u8> {
        let (_, receiver) = self.transfer.as_mut().ok_or(refusal::NO_TRANSFER)?;
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
        Ok((body::WRITTEN, Some(receiver.next())))
    }

    #[inline(never)]
    fn finish(&mut self) -> Result<Body, u8> {
        let (header, receiver) = self.transfer.as_ref().ok_or(refusal::NO_TRANSFER)?;
        if !receiver.is_complete() {
            return Err(refusal::INCOMPLETE);
        }
        let slot = receiver.checked().slot();
        let written = self.flash.write(self.board.slot(slot).start, header);
        self.transfer = None;
        written.map_err(|_| number(Invalid::Flash))?;
        self.line.feed_watchdog();
        let record = *self.journal.record();
        let trust =
            Trust { board: self.board, info: self.info, revoked: record.revoked, epoch_floor: record.epoch_floor };
        verify(self.flash, &trust, slot).map_err(number)?;
        let mut record = record;
        record.trial = Some(Trial::new(slot));
        // Where nothing starts, the confirmed slot may be the target: it has to earn that name again.
        record.confirmed = slot.other();
        self.journal.append(self.flash, record).map_err(|_| number(Invalid::Flash))?;
        Ok((body::DONE, None))
    }

    fn answer(&mut self, number: u8, result: Result<Body, u8>) {
        let (variant, value) = result.unwrap_or_else(|refusal| (body::REFUSED, Some(u32::from(refusal))));
        let mut frame = Outgoing::begin(self.line);
        frame.bytes(&[number, variant]);
        if let Some(value) = value {
            frame.number(value);
        }
        frame.end();
    }

    /// The state as it stands in flash: the host knows how to read it.
    fn tell_state(&mut self, number: u8) {
        let record = self.journal.record().to_bytes(0);
        let mut frame = Outgoing::begin(self.line);
        frame.bytes(&[number, body::RECOVERY, u8::from(self.asked)]);
        frame.number(CHUNK as u32);
        let [a, b] = Slot::BOTH.map(|slot| self.board.slot(slot).start);
        let info = self.board.bootloader.end() - INFO_LENGTH as u32;
        let mut bytes = [0; HEADER_LENGTH];
        for (index, start) in [info, a, b].into_iter().enumerate() {
            if index == 1 {
                frame.number(record.len() as u32);
                frame.bytes(&record);
            }
            if self.flash.read(start, &mut bytes).is_err() {
                bytes = [0; HEADER_LENGTH];
            }
            frame.number(HEADER_LENGTH as u32);
            frame.bytes(&bytes);
        }
        frame.end();
    }
}

/// What is wrong with an image, as the wire's refusals number it.
const fn number(invalid: Invalid) -> u8 {
    invalid as u8
}
