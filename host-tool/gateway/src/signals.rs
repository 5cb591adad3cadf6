//! The signals that a service gets: SIGHUP to reload, SIGTERM and SIGINT to stop.

use crate::stop::Stop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::io;
use std::thread::{self, Scope};

/// Ends the waiting for signals when it is dropped.
pub struct Watching(Handle);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Waits for signals on a thread of the scope: a reload calls `reload`, anything else requests the stop. Must be called before
/// the threads begin that these signals would end.
///
/// # Errors
/// If the system does not let this process handle them.
pub fn watch<'scope>(
    scope: &'scope Scope<'scope, '_>,
    stop: &Stop,
    mut reload: impl FnMut() + Send + 'scope,
) -> io::Result<Watching> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let handle = signals.handle();
    let stop = stop.clone();
    thread::Builder::new().name("signals".to_owned()).spawn_scoped(scope, move || {
        for signal in signals.forever() {
            match signal {
                SIGHUP => reload(),
                _ => stop.request(),
            }
        }
    })?;
    Ok(Watching(handle))
}
