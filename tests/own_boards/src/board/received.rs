//! What interrupts leave for the application: bytes that have arrived, and the time.

use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};
use critical_section::Mutex;
use heapless::Deque;

static BYTES: Mutex<RefCell<Deque<u8, 1024>>> = Mutex::new(RefCell::new(Deque::new()));
static MILLISECONDS: AtomicU32 = AtomicU32::new(0);

/// Keeps a byte; if the reader is late, it is lost.
pub fn put(byte: u8) {
    critical_section::with(|section| {
        let _ = BYTES.borrow_ref_mut(section).push_back(byte);
    });
}

/// Takes the next byte.
pub fn take() -> Option<u8> {
    critical_section::with(|section| BYTES.borrow_ref_mut(section).pop_front())
}

/// Adds a millisecond; for one interrupt only.
pub fn tick() {
    MILLISECONDS.store(now().wrapping_add(1), Ordering::Relaxed);
}

/// Milliseconds since the start.
pub fn now() -> u32 {
    MILLISECONDS.load(Ordering::Relaxed)
}
