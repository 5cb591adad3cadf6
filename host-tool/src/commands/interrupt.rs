//! Ctrl-C, for commands that it ends in good order.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static CAME: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C, or a request to terminate, is remembered; the second one ends the program on the spot.
pub fn remember() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Where there is no handler, Ctrl-C ends the program as it does anyway.
        let _ = ctrlc::set_handler(|| {
            if CAME.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        });
    });
}

/// Whether it came.
pub fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}
