//! Locks of the operating system.

use super::error::LogError;
use crate::definition::RolloutId;
use crate::device::DeviceId;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;

/// What Unix systems say when a process has too many files open.
const EMFILE: i32 = 24;

/// A device that no other rollout may have. It is free again once this is dropped, or its process has ended in any way.
#[derive(Debug)]
pub struct DeviceLock {
    /// Closed, it is no longer locked.
    _file: File,
}

impl DeviceLock {
    /// Locks the device with this file.
    pub(super) fn take(path: &Path, device: &DeviceId, rollout: &RolloutId) -> Result<DeviceLock, LogError> {
        let Some(mut file) = lock(path)? else {
            let rollout = std::fs::read_to_string(path).ok().filter(|name| !name.is_empty());
            return Err(LogError::DeviceInUse { device: device.clone(), rollout });
        };
        // For the message above only.
        let noted = file.set_len(0).and_then(|()| file.write_all(rollout.as_str().as_bytes()));
        noted.map_err(LogError::io("write", path))?;
        Ok(DeviceLock { _file: file })
    }
}

/// Locks a file, which is created if there is none; `None` if another process, or another part of this one, has locked it.
pub fn lock(path: &Path) -> Result<Option<File>, LogError> {
    let is_full = |error: &io::Error| cfg!(unix) && error.raw_os_error() == Some(EMFILE);
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let file = file.map_err(|error| match is_full(&error) {
        true => LogError::TooManyFiles(path.to_owned()),
        false => LogError::io("open", path)(error),
    })?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(LogError::io("lock", path)(error)),
    }
}

/// Returns whether a process has locked a file. The caller may lack the right to write it.
pub fn is_locked(path: &Path) -> Result<bool, LogError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(LogError::io("open", path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(LogError::io("lock", path)(error)),
    }
}
