//! Ctrl-C and requests to terminate.

use crate::output::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Once};

static CAME: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static REMEMBERS: AtomicBool = AtomicBool::new(false);

/// The exit status of a program that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// From now on a signal to end does not end the program before a program that reads its output got its last line, an
/// error.
pub fn report(output: Output) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a handler, Ctrl-C ends the program immediately, as by default.
        let _ = ctrlc::set_handler(move || {
            // The second one ends the program immediately, whatever it does.
            if !REMEMBERS.load(Ordering::Relaxed) || CAME.swap(true, Ordering::Relaxed) {
                output.end_at_once(INTERRUPTED);
            }
        });
    });
}

/// From now on Ctrl-C, or a request to terminate, is only recorded, so that the command can end in good order; the
/// second one ends the program immediately.
pub fn remember(output: Output) {
    REMEMBERS.store(true, Ordering::Relaxed);
    report(output);
}

/// Returns the flag that Ctrl-C or a request to terminate sets, for what waits in other threads.
pub fn flag() -> Arc<AtomicBool> {
    CAME.clone()
}

/// Returns whether Ctrl-C or a request to terminate was received.
pub fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}
