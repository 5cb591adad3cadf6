//! How many boards run at once: one for each processor, since each keeps one busy.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// Held by a board that runs.
pub struct Permit(());

impl Permit {
    /// Waits until another board may run.
    pub fn take() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = ENDED.wait_while(running, |running| *running >= processors);
        *waited.unwrap_or_else(PoisonError::into_inner) += 1;
        Permit(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ENDED.notify_one();
    }
}
