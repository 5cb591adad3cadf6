//! The defmt logger. Log frames wait in a ring buffer until the session can send them, so that logging never waits for
//! a host. A frame that does not fit is dropped as a whole.

use crate::board;
use core::cell::RefCell;
use critical_section::{CriticalSection, Mutex, RestoreState};
use heapless::Deque;
use lifeboot_updater::Session;
use lifeboot_updater::wire::frame;
use lifeboot_updater::wire::{Answer, Body};

/// Maximum number of bytes of log that can wait.
const WAITING: usize = 512;

/// Bytes that are sent at once.
const PIECE: usize = 64;

struct Log {
    encoder: defmt::Encoder,
    waiting: Deque<u8, WAITING>,
    /// How many bytes waited before the frame that is being encoded; `None` if the frame did not fit.
    frame_start: Option<usize>,
    restore: RestoreState,
}

static LOG: Mutex<RefCell<Log>> = Mutex::new(RefCell::new(Log {
    encoder: defmt::Encoder::new(),
    waiting: Deque::new(),
    frame_start: None,
    restore: RestoreState::invalid(),
}));

#[defmt::global_logger]
struct Logger;

// SAFETY: `acquire` enters a critical section that only `release` leaves, so frames cannot interleave.
unsafe impl defmt::Logger for Logger {
    fn acquire() {
        // SAFETY: paired with the release below; defmt calls them in pairs.
        let restore = unsafe { critical_section::acquire() };
        critical_section::with(|section| {
            let Log { encoder, waiting, frame_start, restore: place } = &mut *LOG.borrow_ref_mut(section);
            *place = restore;
            *frame_start = Some(waiting.len());
            encoder.start_frame(|bytes| push(waiting, frame_start, bytes));
        });
    }

    unsafe fn flush() {
        flush();
    }

    unsafe fn write(bytes: &[u8]) {
        critical_section::with(|section| {
            let Log { encoder, waiting, frame_start, .. } = &mut *LOG.borrow_ref_mut(section);
            encoder.write(bytes, |bytes| push(waiting, frame_start, bytes));
        });
    }

    unsafe fn release() {
        let restore = critical_section::with(|section| {
            let Log { encoder, waiting, frame_start, restore } = &mut *LOG.borrow_ref_mut(section);
            encoder.end_frame(|bytes| push(waiting, frame_start, bytes));
            *restore
        });
        // SAFETY: the state that the acquire above returned.
        unsafe { critical_section::release(restore) }
    }
}

/// Appends a part of a frame; removes the whole frame if the part does not fit.
fn push(waiting: &mut Deque<u8, WAITING>, frame_start: &mut Option<usize>, bytes: &[u8]) {
    let Some(start) = *frame_start else { return };
    if bytes.iter().any(|byte| waiting.push_back(*byte).is_err()) {
        waiting.truncate(start);
        *frame_start = None;
    }
}

/// Passes waiting bytes to the session while the line is free.
pub fn drain<const N: usize>(session: &mut Session<N>) {
    let mut piece = [0; PIECE];
    let length = critical_section::with(|section| copy_front(section, &mut piece));
    let taken = session.offer_log(&piece[..length]);
    critical_section::with(|section| drop_front(section, taken));
}

/// Sends all waiting bytes without the session: for the moment before a reset.
pub fn flush() {
    let mut piece = [0; PIECE];
    loop {
        let length = critical_section::with(|section| copy_front(section, &mut piece));
        if length == 0 {
            return;
        }
        let message = Answer { number: 0, body: Body::Log(&piece[..length]) };
        let (mut scratch, mut out) = ([0; PIECE + 16], [0; PIECE + 24]);
        if let Some(length) = frame::encode(&message, &mut scratch, &mut out) {
            board::write_now(&[0]);
            board::write_now(&out[..length]);
        }
        critical_section::with(|section| drop_front(section, length));
    }
}

fn copy_front(section: CriticalSection, piece: &mut [u8; PIECE]) -> usize {
    let log = LOG.borrow_ref(section);
    let length = log.waiting.len().min(PIECE);
    for (to, from) in piece.iter_mut().zip(&log.waiting) {
        *to = *from;
    }
    length
}

fn drop_front(section: CriticalSection, count: usize) {
    let mut log = LOG.borrow_ref_mut(section);
    for _ in 0..count {
        log.waiting.pop_front();
    }
}
