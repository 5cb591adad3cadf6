//! The folder with the logs of all rollouts.

use super::error::LogError;
use super::file::{Content, Log, read};
use super::lock::{DeviceLock, is_locked, lock};
use crate::definition::RolloutId;
use crate::device::DeviceId;
use crate::rollout::{Stamped, State};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder with the logs of all rollouts, and with the locks of their devices.
#[derive(Clone, Debug)]
pub struct StateFolder {
    path: PathBuf,
}

impl StateFolder {
    /// Returns the folder at a path. It need not exist.
    pub fn new(path: impl Into<PathBuf>) -> StateFolder {
        StateFolder { path: path.into() }
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins the log of a new rollout. Its first event must be [`Event::Started`](crate::rollout::Event::Started).
    ///
    /// # Errors
    /// [`LogError`] if there is such a rollout, or if the disk refuses.
    pub fn create(&self, rollout: &RolloutId) -> Result<Log, LogError> {
        let folder = self.rollout(rollout);
        fs::create_dir_all(&folder).map_err(LogError::io("create", &folder))?;
        let lock = self.lock_rollout(rollout)?;
        let path = folder.join("log");
        let begun = self.content(rollout)?.is_some_and(|content| !content.events.is_empty());
        if begun {
            return Err(LogError::Exists(rollout.clone()));
        }
        let log = Log::create(&path, lock).and_then(|log| {
            // The names must survive a crash as the content does.
            for folder in [&folder, &self.path.join("rollouts"), &self.path] {
                sync_folder(folder)?;
            }
            Ok(log)
        });
        log.inspect_err(|_| self.discard(rollout))
    }

    /// Removes a rollout that could not be started: nothing has begun.
    pub fn discard(&self, rollout: &RolloutId) {
        // What stays is an empty log, which is no rollout.
        let _ = fs::remove_dir_all(self.rollout(rollout));
    }

    /// Takes a rollout over: opens its log, cuts off what a crash has torn, and returns the state that it gives. The next event
    /// must be [`Event::TakenOver`](crate::rollout::Event::TakenOver).
    ///
    /// # Errors
    /// [`LogError`] if there is no such rollout, if another process drives it, or if the log is damaged.
    pub fn open(&self, rollout: &RolloutId) -> Result<(Log, State), LogError> {
        if !self.rollout(rollout).exists() {
            return Err(LogError::Missing(rollout.clone()));
        }
        let lock = self.lock_rollout(rollout)?;
        let content = self.content(rollout)?.ok_or_else(|| LogError::Missing(rollout.clone()))?;
        let state = self.replay(rollout, &content.events)?;
        Ok((Log::go_on(&self.rollout(rollout).join("log"), &content, lock)?, state))
    }

    /// Reads a rollout that another process may drive: its events so far, and the state that they give.
    ///
    /// # Errors
    /// [`LogError`] if there is no such rollout, or if its log is damaged.
    pub fn read(&self, rollout: &RolloutId) -> Result<(Vec<Stamped>, State), LogError> {
        let content = self.content(rollout)?.ok_or_else(|| LogError::Missing(rollout.clone()))?;
        let state = self.replay(rollout, &content.events)?;
        Ok((content.events, state))
    }

    /// Lists the rollouts that have a log, in the order of their names.
    ///
    /// # Errors
    /// [`LogError::Io`] if the folder cannot be read.
    pub fn list(&self) -> Result<Vec<RolloutId>, LogError> {
        let folder = self.path.join("rollouts");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(LogError::io("read", &folder)(error)),
        };
        let mut all = Vec::new();
        for entry in entries {
            let entry = entry.map_err(LogError::io("read", &folder))?;
            let id = entry.file_name().into_string().ok().and_then(|name| RolloutId::new(name).ok());
            all.extend(id.filter(|_| entry.path().join("log").is_file()));
        }
        all.sort();
        Ok(all)
    }

    /// Returns whether a process drives a rollout now.
    ///
    /// # Errors
    /// [`LogError::Io`] if its lock cannot be tried.
    pub fn is_driven(&self, rollout: &RolloutId) -> Result<bool, LogError> {
        is_locked(&self.rollout(rollout).join("lock"))
    }

    /// Takes a device for a rollout. A driver must hold all of its devices as long as it drives: an open file each.
    ///
    /// # Errors
    /// [`LogError::DeviceInUse`] if a rollout that is driven now has the device.
    pub fn lock_device(&self, device: &DeviceId, rollout: &RolloutId) -> Result<DeviceLock, LogError> {
        let folder = self.path.join("devices");
        fs::create_dir_all(&folder).map_err(LogError::io("create", &folder))?;
        DeviceLock::take(&folder.join(format!("{}.lock", file_name(device))), device, rollout)
    }

    fn rollout(&self, rollout: &RolloutId) -> PathBuf {
        self.path.join("rollouts").join(rollout.as_str())
    }

    fn lock_rollout(&self, rollout: &RolloutId) -> Result<File, LogError> {
        lock(&self.rollout(rollout).join("lock"))?.ok_or_else(|| LogError::InUse(rollout.clone()))
    }

    /// Returns what a rollout's log holds; `None` if there is none.
    fn content(&self, rollout: &RolloutId) -> Result<Option<Content>, LogError> {
        let path = self.rollout(rollout).join("log");
        match fs::read(&path) {
            Ok(bytes) => read(&path, &bytes).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LogError::io("read", &path)(error)),
        }
    }

    fn replay(&self, rollout: &RolloutId, events: &[Stamped]) -> Result<State, LogError> {
        if events.is_empty() {
            return Err(LogError::Empty(rollout.clone()));
        }
        let path = || self.rollout(rollout).join("log");
        State::replay(events).map_err(|source| LogError::Replay { path: path(), source })
    }
}

/// Returns a name of a file that no other device has, whatever the port is called.
fn file_name(device: &DeviceId) -> String {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let encode = |byte: u8| if legal(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") };
    device.0.bytes().map(encode).collect()
}

fn sync_folder(path: &Path) -> Result<(), LogError> {
    // Elsewhere, folders cannot be opened as files.
    if cfg!(unix) {
        File::open(path).and_then(|folder| folder.sync_all()).map_err(LogError::io("sync", path))?;
    }
    Ok(())
}
