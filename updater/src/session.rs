//! [`Session`]: answers a host over any byte pipe.
//!
//! It does no I/O of its own: bytes go [in](Session::receive) and [out](Session::pending_output), and
//! [`advance`](Session::advance) does what is next, at most one flash operation. The file `line.rs` connects it to a
//! serial port, for blocking firmware and for async.
//!
//! A host pipelines `Write` frames up to the window. Each is answered with the next missing offset, so a lost, damaged,
//! repeated or reordered frame is only sent again.

use crate::conversation::Conversation;
use crate::event::Event;
use crate::operation::Step;
use crate::step::Turn;
use crate::updater::Updater;
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash::NorFlash as AsyncNorFlash;
use lifeboot_wire::frame;
use lifeboot_wire::{BEGIN_LENGTH, Body, Refusal};

/// Maximum number of bytes of log in one frame.
const LOG: usize = 128;

/// Maximum number of bytes in a `Write` request's message beside the image's: session, number, variant, offset, length.
const WRITE_OVERHEAD: usize = 3 + 1 + 1 + 5 + 2;

/// The least `N` of a session: a frame must be able to bring the header of an image.
const LEAST: usize = BEGIN_LENGTH + frame::CRC_LENGTH;
// As the texts below say.
const _: () = assert!(LEAST == 285);

/// Milliseconds that a trial may run without a confirm, after which [`Event::Reset`] requests the next attempt.
pub const TRIAL_DEADLINE: u32 = 60_000;

/// A session of one host with the device.
///
/// # The two sizes
/// `Session::<528>::new(1024)`: frames of 528 bytes at most, over a port whose driver buffers 1,024.
///
/// - **`N`, the frame**: the longest message that the session takes, with its checksum, in bytes. It must be 285 or more, since a
///   frame must bring an image's header. It carries [`chunk`](Self::chunk) bytes of image, 16 fewer. It costs `N` bytes of
///   RAM; the rest of a session takes about 400 more.
/// - **The receive buffer**, which [`new`](Self::new) is given: how many bytes the port's driver keeps until they are
///   read, by an interrupt or DMA; the session has no buffer of its own for them. The host never has more on the way. It must not be
///   more than the driver keeps.
///
/// The buffer comes first: while flash is erased or written, and between two turns of the application's loop, all that
/// arrives must fit, 11.5 bytes a millisecond at 115,200 baud. What does not fit is sent again, so a buffer that is too small
/// costs time and never a wrong byte. Then `N` is about half of it: the host sends frames of at most half of the buffer, so
/// that one arrives while the one before is written, and what `N` is above that is RAM without a use.
///
/// | `N` | buffer | bytes of image in a frame | of the line's time for the frames' own bytes | for |
/// | --- | --- | --- | --- | --- |
/// | 285 | 600 | 269 | 7 % | the least RAM |
/// | 528 | 1,100 | 512 | 4 % | a chip with 16 KiB of RAM; a fast line |
/// | 2,064 | 4,200 | 2,048 | 1 % | a chip with RAM to spare |
///
/// A frame that is damaged is sent again as a whole: on a bad line short ones are faster, and the host makes them shorter by itself.
///
/// ```compile_fail,E0080
/// // A frame of this size can bring no header, so nobody could update the device.
/// lifeboot_updater::Session::<284>::new(1024);
/// ```
pub struct Session<const N: usize> {
    decoder: frame::Decoder<N>,
    /// Whether the decoder holds a request that is not answered yet.
    pending: bool,
    /// Whether the last [`advance`](Self::advance) left something to do.
    busy: bool,
    conversation: Conversation,
    /// Whether the port was not flushed yet since it took the last output.
    pub(crate) unflushed: bool,
    trial_deadline: u32,
}

impl<const N: usize> Session<N> {
    /// Returns a session over a line whose driver buffers `receive_buffer` bytes between two reads; the host never
    /// keeps more in flight. [Above](Self#the-two-sizes) is how to choose both sizes.
    pub fn new(receive_buffer: usize) -> Self {
        const { assert!(N >= LEAST, "the N of Session<N> must be 285 or more: a frame must hold an image's header") };
        Session {
            decoder: frame::Decoder::new(),
            pending: false,
            busy: false,
            conversation: Conversation::new(receive_buffer as u32, Self::chunk() as u32),
            unflushed: false,
            trial_deadline: TRIAL_DEADLINE,
        }
    }

    /// Sets how long, in milliseconds, firmware on trial may run without a confirm: from the first
    /// [`advance`](Self::advance) of any session with the same updater.
    pub fn with_trial_deadline(self, milliseconds: u32) -> Self {
        Session { trial_deadline: milliseconds, ..self }
    }

    /// Returns how many bytes of image one frame can carry.
    pub const fn chunk() -> usize {
        N - WRITE_OVERHEAD - frame::CRC_LENGTH
    }

    /// Takes received bytes, up to the end of a message; returns how many. Takes none while [`advance`](Self::advance)
    /// has not yet carried out a message.
    pub fn receive(&mut self, bytes: &[u8]) -> usize {
        if !self.wants_input() {
            return 0;
        }
        let end = bytes.iter().position(|byte| self.decoder.push(*byte));
        self.pending = end.is_some();
        end.map_or(bytes.len(), |end| end + 1)
    }

    /// Whether [`receive`](Self::receive) takes any bytes.
    pub fn wants_input(&self) -> bool {
        !self.pending
    }

    /// Returns the bytes to send next; report how many were sent by [`consume_output`](Self::consume_output).
    pub fn pending_output(&self) -> &[u8] {
        self.conversation.pending_output()
    }

    /// Removes the first `count` bytes of [`pending_output`](Self::pending_output), which were sent.
    pub fn consume_output(&mut self, count: usize) {
        self.conversation.consume_output(count);
    }

    /// Whether there is something to do, so that the caller must not wait for input.
    pub fn is_busy(&self) -> bool {
        self.busy || self.pending || !self.pending_output().is_empty()
    }

    /// Does what is next, at most one flash operation; until all output was sent it only watches over the deadline of a
    /// trial and over a restart. `now` is in milliseconds since an arbitrary start, and wraps. Must be called again and
    /// again, also if the port fails or takes nothing.
    pub fn advance<F: NorFlash>(&mut self, now: u32, updater: &mut Updater<F>) -> Event {
        let event = match self.before_turn(now, updater) {
            Some(event) => event,
            None => {
                let turn = updater.turn();
                self.after_turn(turn, now, updater)
            }
        };
        self.busy = event == Event::Busy;
        event
    }

    /// As [`advance`](Self::advance), over async flash: awaits the flash operation, if there is one, and nothing else. Should not
    /// be dropped: see [`Updater::step_async`].
    ///
    /// ```no_run
    /// # use lifeboot_updater::*;
    /// # async fn run<F, R, W, T>(mut rx: R, mut tx: W, mut updater: Updater<F>, now: fn() -> u32, timeout: T, reset: fn() -> !)
    /// # where F: embedded_storage::nor_flash::ReadNorFlash + embedded_storage_async::nor_flash::NorFlash,
    /// #       R: embedded_io_async::Read<Error = W::Error>, W: embedded_io_async::Write,
    /// #       T: AsyncFn(core::pin::Pin<&mut dyn Future<Output = Result<(), W::Error>>>) {
    /// let mut session = Session::<528>::new(1024);
    /// loop {
    ///     // With embassy: with_timeout(Duration::from_millis(100), session.exchange(&mut rx, &mut tx)).await
    ///     timeout(core::pin::pin!(session.exchange(&mut rx, &mut tx))).await;
    ///     // Not under the timeout.
    ///     if let Event::Reset = session.advance_async(now(), &mut updater).await {
    ///         reset();
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn advance_async<F>(&mut self, now: u32, updater: &mut Updater<F>) -> Event
    where
        F: ReadNorFlash + AsyncNorFlash,
    {
        let event = match self.before_turn(now, updater) {
            Some(event) => event,
            None => {
                let turn = updater.turn_async().await;
                self.after_turn(turn, now, updater)
            }
        };
        self.busy = event == Event::Busy;
        event
    }

    /// Returns the event if the updater has no turn now.
    fn before_turn<F: ReadNorFlash>(&mut self, now: u32, updater: &mut Updater<F>) -> Option<Event> {
        // First of all: what the line takes or brings is in somebody else's hands, and must not put the deadline off.
        if updater.is_overdue(now, self.trial_deadline) {
            return Some(Event::Reset);
        }
        if let Some(event) = self.conversation.restart_event(now) {
            return Some(event);
        }
        (!self.conversation.pending_output().is_empty()).then_some(Event::Busy)
    }

    fn after_turn<F: ReadNorFlash>(&mut self, turn: Turn, now: u32, updater: &mut Updater<F>) -> Event {
        let conversation = &mut self.conversation;
        let step = match turn {
            Turn::Operation(step) => step,
            Turn::Confirm(_) => Ok(Step::Busy),
        };
        // Answers come from what became of the operation, not from this step: the application may have ended it.
        if let Some((number, end)) = conversation.settle(updater) {
            // If the host has repeated a request that failed, this was the answer to both.
            let repeated = self.decoder.message().is_some_and(|request| conversation.is_own(&request, number));
            self.pending &= end.is_ok() || !repeated;
            return Event::Busy;
        }
        match step {
            Err(refusal) => conversation.report_failure(refusal, updater),
            Ok(Step::Idle) if self.pending && !conversation.is_working() => {
                self.pending = match self.decoder.message() {
                    Some(request) => conversation.handle(&request, now, updater),
                    // An undamaged message, but of a later version than this device's, or not for a device.
                    None => conversation.answer(0, Body::Refused(Refusal::Command)),
                };
            }
            Ok(Step::Idle) => match updater.verify_ahead() {
                Ok(true) => return Event::Busy,
                Ok(false) => {}
                Err(refusal) => conversation.report_failure(refusal, updater),
            },
            Ok(_) => return Event::Busy,
        }
        let waits = !self.pending && conversation.pending_output().is_empty() && !conversation.is_working();
        if waits && step == Ok(Step::Idle) && updater.confirm.under_way().is_none() { Event::Idle } else { Event::Busy }
    }

    /// Sends the bootloader's log if the line is free; returns whether it was. At most
    /// [`LOG_LENGTH`](lifeboot_core::handover::LOG_LENGTH) bytes.
    pub fn offer_boot_log(&mut self, log: &[u8]) -> bool {
        let is_free = self.conversation.is_free();
        if is_free && !log.is_empty() {
            self.conversation.answer(0, Body::BootLog(log));
        }
        is_free
    }

    /// Sends the beginning of `log` if the line is free; returns how many bytes it took.
    pub fn offer_log(&mut self, log: &[u8]) -> usize {
        if log.is_empty() || !self.conversation.is_free() {
            return 0;
        }
        let piece = log.get(..log.len().min(LOG)).unwrap_or_default();
        self.conversation.answer(0, Body::Log(piece));
        piece.len()
    }
}

#[cfg(test)]
mod tests;
