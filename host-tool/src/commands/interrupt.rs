//! Ctrl-C, for commands that must end cleanly.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static CAME: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C, or a request to terminate, is only recorded; the second one ends the program immediately.
pub fn remember() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a handler, Ctrl-C ends the program immediately, as by default.
        let _ = ctrlc::set_handler(|| {
            if CAME.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        });
    });
}

/// Returns whether Ctrl-C or a request to terminate was received.
pub fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}
