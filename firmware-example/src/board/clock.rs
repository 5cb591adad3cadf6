//! The time, as the board's timer interrupt counts it.

use core::sync::atomic::{AtomicU32, Ordering};

/// Milliseconds since the start, counted by the board's timer interrupt.
pub struct Clock(());

static MILLISECONDS: AtomicU32 = AtomicU32::new(0);

impl Clock {
    /// The clock, once the board has started its timer.
    pub const fn new() -> Self {
        Clock(())
    }

    /// Returns the milliseconds since the start.
    pub fn now(&self) -> u32 {
        MILLISECONDS.load(Ordering::Relaxed)
    }

    /// Adds a millisecond; only the timer's interrupt may call this.
    pub fn tick() {
        // Not an atomic read-modify-write: the Cortex-M0 has none, and there is only one writer.
        MILLISECONDS.store(MILLISECONDS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}
