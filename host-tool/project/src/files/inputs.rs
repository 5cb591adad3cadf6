//! Reads files, each no further than a file of its kind can reach.

use super::error::FileError;
use super::identity::Identity;
use super::kind::Kind;
use super::place::{WAIT, open_to_read};
use lifeboot_pem::decoded;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Number of bytes that are checked before the rest is read.
const FIRST: usize = 64;

/// How often a pipe is asked for more.
const PAUSE: Duration = Duration::from_millis(10);

/// What was read from a file.
pub struct Input {
    /// The content; only its beginning, if that begins no file of the wanted kind. It is wiped from memory when
    /// dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// What the system reported about the file that was read.
    pub metadata: Metadata,
}

/// Reads a file. If its first bytes begin no file of this kind, the rest is not read: what parses it reports that.
///
/// # Errors
/// [`FileError`] if the file cannot be read or is too large for its kind, or if no program writes into a named pipe.
pub fn read(path: &Path, kind: Kind) -> Result<Vec<u8>, FileError> {
    Ok(std::mem::take(&mut *input(path, kind)?.bytes))
}

/// Reads a text: UTF-8 with or without a byte order mark, or UTF-16 with one, as PowerShell writes it.
///
/// # Errors
/// See [`read`].
pub fn read_text(path: &Path, kind: Kind) -> Result<String, FileError> {
    Ok(decoded(&read(path, kind)?))
}

/// Reads a file as [`read`] does, for a caller that must also know who may read it.
///
/// # Errors
/// See [`read`].
pub fn input(path: &Path, kind: Kind) -> Result<Input, FileError> {
    let error = |source| FileError::Read { path: path.to_owned(), source };
    let file = open_to_read(path).map_err(error)?;
    let metadata = file.metadata().map_err(error)?;
    if let Some(identity) = Identity::of(path, &metadata) {
        identity.note();
    }
    let mut source = Source { file, is_regular: metadata.is_file(), deadline: Some(Instant::now() + WAIT) };
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::TimedOut => FileError::NoPeer { path: path.to_owned(), reading: true },
        _ => FileError::Read { path: path.to_owned(), source },
    };
    let mut first = Zeroizing::new(Vec::new());
    source.by_ref().take(FIRST as u64).read_to_end(&mut first).map_err(failed)?;
    let Some(limit) = kind.limit_of(&first) else { return Ok(Input { bytes: first, metadata }) };
    let too_large = || FileError::TooLarge { path: path.to_owned(), kind };
    if metadata.is_file() && metadata.len() > limit {
        return Err(too_large());
    }
    // Never grows, so that a key leaves no copy behind in memory, as long as the system knows its size.
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len().min(limit) as usize + 1));
    bytes.extend_from_slice(&first);
    source.take(limit + 1 - first.len() as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(Input { bytes, metadata })
}

/// A file that was opened without waiting for the other end of a pipe.
struct Source {
    file: File,
    is_regular: bool,
    /// Until when a pipe may stay without a program that writes into it; `None` once it had one.
    deadline: Option<Instant>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.file.read(buffer) {
                // A pipe that no program has opened yet has the same end as one whose program has ended.
                Ok(0) if !self.is_regular && !buffer.is_empty() => match self.deadline {
                    Some(deadline) if Instant::now() >= deadline => return Err(ErrorKind::TimedOut.into()),
                    Some(_) if is_pipe(&self.file) => std::thread::sleep(PAUSE),
                    _ => return Ok(0),
                },
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.deadline = None;
                    std::thread::sleep(PAUSE);
                }
                Ok(length) => {
                    self.deadline = None;
                    return Ok(length);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_pipe(file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        file.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}
