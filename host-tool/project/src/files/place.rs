//! Opens what is no regular file without waiting for ever: a named pipe may have no program at its other end.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long a named pipe may stay without a program at its other end.
pub(super) const WAIT: Duration = Duration::from_secs(5);

/// Opens a file to read, and does not wait until a program writes into a pipe.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    unix::do_not_wait(&mut options);
    options.open(path)
}

/// Opens a device or a pipe to write. Waits for [`WAIT`] at most until a program reads from a pipe; after that, the
/// error is of kind [`TimedOut`](io::ErrorKind::TimedOut).
pub(super) fn open_to_write(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    return unix::open_with_reader(path);
    #[cfg(not(unix))]
    OpenOptions::new().write(true).open(path)
}

#[cfg(unix)]
mod unix {
    use super::WAIT;
    use rustix::fs::OFlags;
    use rustix::io::Errno;
    use std::fs::{File, OpenOptions};
    use std::io;
    use std::os::unix::fs::OpenOptionsExt;
    use std::path::Path;
    use std::time::{Duration, Instant};

    pub(super) fn do_not_wait(options: &mut OpenOptions) {
        // A serial port must not become this process's terminal either.
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32);
    }

    pub(super) fn open_with_reader(path: &Path) -> io::Result<File> {
        let deadline = Instant::now() + WAIT;
        let mut options = OpenOptions::new();
        options.write(true);
        do_not_wait(&mut options);
        loop {
            match options.open(path) {
                Ok(file) => {
                    // Opening it a second time instead would show the reader an end, and wait for the next reader.
                    rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
                    return Ok(file);
                }
                Err(error) if error.raw_os_error() != Some(Errno::NXIO.raw_os_error()) => return Err(error),
                Err(_) if Instant::now() >= deadline => return Err(io::ErrorKind::TimedOut.into()),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}
