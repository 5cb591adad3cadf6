//! A folder for images: what is moved into it is checked and handed on, once it is there as a whole.
//!
//! A file is taken when it has not changed for a while, so that one which is still being copied waits; hidden files and those
//! that end in `.part` or `.tmp` are left alone. What was handed on goes to `done/`, what is no image to `rejected/`, beside it
//! a file with the reason. A kill in between hands an image on again, so the receiver must know images by their digest.

use crate::stop::Stop;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_artifact::swu;
use miette::Diagnostic;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};
use thiserror::Error;
use tracing::{info, warn};

/// For how long a file must not have changed.
const SETTLED: Duration = Duration::from_secs(1);
/// The folder is looked through this often even if no event came: some file systems report none.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// What was not taken yet is handed on again after this time.
const AGAIN: Duration = Duration::from_secs(5);
/// How soon a request to stop is noticed.
const TICK: Duration = Duration::from_millis(250);

const DONE: &str = "done";
const REJECTED: &str = "rejected";

/// A folder that is watched.
pub struct Inbox {
    folder: PathBuf,
    limit: u64,
    /// Watches until it is dropped.
    _watcher: RecommendedWatcher,
    events: Receiver<()>,
    /// What is not taken yet: how it looked last, and since when.
    waiting: BTreeMap<PathBuf, (u64, SystemTime, Instant)>,
    /// What was handed on and could not be moved away: it is not handed on twice.
    stuck: BTreeMap<PathBuf, (u64, SystemTime)>,
    /// What was not taken yet, why, and when it was handed on last.
    later: BTreeMap<PathBuf, (String, Instant)>,
}

/// Why an image is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// It is no image, or none that is wanted.
    Rejected(String),
    /// Not now: it stays where it is, and is handed on again.
    Later(String),
}

/// Why an inbox cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum InboxError {
    /// The folder cannot be used.
    #[error("cannot use the inbox {}", path.display())]
    #[diagnostic(help("check inbox in [gateway] of fleet.toml: a folder that this user may write to"))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The system cannot report changes.
    #[error("cannot watch the inbox {}: {why}", path.display())]
    #[diagnostic(help("a limit may be reached: sudo sysctl fs.inotify.max_user_instances=512"))]
    Watch {
        /// The folder.
        path: PathBuf,
        /// The reason, as reported by the system.
        why: String,
    },
}

impl Inbox {
    /// Opens a folder, and creates it if need be. Files of more than `limit` bytes are rejected.
    ///
    /// # Errors
    /// [`InboxError`]
    pub fn open(folder: &Path, limit: u64) -> Result<Inbox, InboxError> {
        for folder in [folder.to_owned(), folder.join(DONE), folder.join(REJECTED)] {
            fs::create_dir_all(&folder).map_err(|source| InboxError::Folder { path: folder.clone(), source })?;
        }
        let wrong = |error: notify::Error| InboxError::Watch { path: folder.to_owned(), why: error.to_string() };
        let (sender, events) = channel();
        let mut watcher = notify::recommended_watcher(move |_| {
            // Nobody receives it any more: then it does not matter.
            let _ = sender.send(());
        })
        .map_err(wrong)?;
        watcher.watch(folder, RecursiveMode::NonRecursive).map_err(wrong)?;
        Ok(Inbox {
            folder: folder.to_owned(),
            limit,
            _watcher: watcher,
            events,
            waiting: BTreeMap::new(),
            stuck: BTreeMap::new(),
            later: BTreeMap::new(),
        })
    }

    /// Hands images on until a stop is requested: with the file's name, to a function that returns why it does not take one.
    /// What is there at the begin is handed on, too.
    ///
    /// # Errors
    /// [`InboxError::Folder`] if the folder cannot be read any more.
    pub fn run(
        &mut self,
        stop: &Stop,
        take: &mut dyn FnMut(&str, ImageFile) -> Result<(), NotTaken>,
    ) -> Result<(), InboxError> {
        let mut looked: Option<Instant> = None;
        while !stop.is_requested() {
            let event = match self.events.recv_timeout(TICK) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => stop.wait(TICK),
            };
            while self.events.try_recv().is_ok() {}
            let is_again = self.later.values().any(|(_, since)| since.elapsed() >= AGAIN);
            let is_due = is_again || looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY);
            if event || is_due || !self.waiting.is_empty() {
                looked = Some(Instant::now());
                self.look(take)?;
            }
        }
        Ok(())
    }

    /// Looks through the folder once, and hands on what has settled.
    fn look(&mut self, take: &mut dyn FnMut(&str, ImageFile) -> Result<(), NotTaken>) -> Result<(), InboxError> {
        let wrong = |source| InboxError::Folder { path: self.folder.clone(), source };
        let mut there = BTreeMap::new();
        for entry in fs::read_dir(&self.folder).map_err(wrong)? {
            let path = entry.map_err(wrong)?.path();
            // A link would lead to what is not in the folder.
            let Ok(metadata) = path.symlink_metadata() else { continue };
            if !metadata.is_file() || is_left_alone(&path) {
                continue;
            }
            let now = (metadata.len(), metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
            if self.stuck.get(&path) == Some(&now) {
                continue;
            }
            let before = self.waiting.get(&path).filter(|(length, time, _)| (*length, *time) == now);
            let since = before.map_or_else(Instant::now, |(.., since)| *since);
            there.insert(path, (now.0, now.1, since));
        }
        let (settled, waiting): (BTreeMap<_, _>, BTreeMap<_, _>) =
            there.into_iter().partition(|(_, (.., since))| since.elapsed() >= SETTLED);
        self.waiting = waiting;
        self.later.retain(|path, _| settled.contains_key(path));
        for (path, (length, time, _)) in settled {
            if self.later.get(&path).is_some_and(|(_, since)| since.elapsed() < AGAIN) {
                continue;
            }
            if !self.hand_on(&path, take) {
                self.stuck.insert(path, (length, time));
            }
        }
        Ok(())
    }

    /// Returns whether the file is out of the way then, or waits.
    fn hand_on(&mut self, path: &Path, take: &mut dyn FnMut(&str, ImageFile) -> Result<(), NotTaken>) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let taken = self.read(path).map_err(NotTaken::Rejected).and_then(|image| take(&name, image));
        let before = self.later.remove(path);
        let moved = match &taken {
            Err(NotTaken::Later(reason)) => {
                if before.is_none_or(|(before, _)| before != *reason) {
                    info!(name, reason, "waits in the inbox");
                }
                self.later.insert(path.to_owned(), (reason.clone(), Instant::now()));
                return true;
            }
            Ok(()) => {
                info!(name, "taken from the inbox");
                fs::rename(path, self.folder.join(DONE).join(&name))
            }
            Err(NotTaken::Rejected(reason)) => {
                warn!(name, reason, "rejected");
                let rejected = self.folder.join(REJECTED);
                fs::write(rejected.join(format!("{name}.reason.txt")), format!("{reason}\n"))
                    .and_then(|()| fs::rename(path, rejected.join(&name)))
            }
        };
        if let Err(error) = &moved {
            warn!(name, %error, "stays in the inbox");
        }
        moved.is_ok()
    }

    fn read(&self, path: &Path) -> Result<ImageFile, String> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| error.to_string())?;
        file.take(self.limit + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() as u64 > self.limit {
            return Err(format!("it has more than {} bytes", self.limit));
        }
        swu::image_in(&bytes).map_err(|error| error.to_string())
    }
}

fn is_left_alone(path: &Path) -> bool {
    let is_unfinished = path.extension().is_some_and(|ending| ending == "part" || ending == "tmp");
    is_unfinished || path.file_name().and_then(OsStr::to_str).is_none_or(|name| name.starts_with('.'))
}
