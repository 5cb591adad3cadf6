//! Watches files for changes.

use super::error::WatchError;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Files have settled if nothing has changed for this time: editors and linkers write in several steps.
const SETTLED: Duration = Duration::from_millis(300);

/// Watches files, and reports when they have changed.
pub struct Changes {
    /// Watches until it is dropped.
    _watcher: RecommendedWatcher,
    events: Receiver<notify::Result<Event>>,
    what: What,
    /// When the last unreported change happened.
    last: Option<Instant>,
}

enum What {
    /// Everything in these folders, except hidden files and what is in one of the `passed` folders.
    Folders { folders: Vec<PathBuf>, passed: Vec<PathBuf> },
    /// One file, by its absolute path.
    File(PathBuf),
}

impl Changes {
    /// Watches everything in these folders, except hidden files and the `passed` folders, such as cargo's target
    /// folder.
    ///
    /// # Errors
    /// [`WatchError::Watch`] if the system cannot watch.
    pub fn in_folders(folders: &[PathBuf], passed: &[PathBuf]) -> Result<Changes, WatchError> {
        let folders = folders.iter().map(|folder| whole(folder)).collect::<Result<Vec<_>, _>>()?;
        let passed: Vec<PathBuf> = passed.iter().map(|path| path.canonicalize().unwrap_or(path.clone())).collect();
        let mut places = Vec::new();
        for folder in &folders {
            places.push((folder.clone(), RecursiveMode::NonRecursive));
            let inside = folder.read_dir().map_err(|error| unwatchable(folder, &error))?;
            // Passed folders can be large, and each folder in them would take one of the system's watches.
            let inside = inside.filter_map(|entry| entry.ok()).map(|entry| entry.path());
            places.extend(
                inside
                    .filter(|path| path.is_dir() && !is_hidden(path) && !passed.contains(path))
                    .map(|path| (path, RecursiveMode::Recursive)),
            );
        }
        Changes::new(What::Folders { folders, passed }, places)
    }

    /// Watches one file, which may be replaced by another file of the same name.
    ///
    /// # Errors
    /// [`WatchError::Watch`] if the system cannot watch.
    pub fn of_file(path: &Path) -> Result<Changes, WatchError> {
        let path = whole(path)?;
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        Changes::new(What::File(path), vec![(folder, RecursiveMode::NonRecursive)])
    }

    fn new(what: What, places: Vec<(PathBuf, RecursiveMode)>) -> Result<Changes, WatchError> {
        let (sender, events) = channel();
        let first = places.first().map(|(path, _)| path.clone()).unwrap_or_default();
        let mut watcher = notify::recommended_watcher(sender).map_err(|error| unwatchable(&first, &error))?;
        for (path, mode) in places {
            watcher.watch(&path, mode).map_err(|error| unwatchable(&path, &error))?;
        }
        Ok(Changes { _watcher: watcher, events, what, last: None })
    }

    /// Returns whether files have changed since this last returned `true`, and have settled. Does not wait.
    pub fn have_settled(&mut self) -> bool {
        for event in self.events.try_iter() {
            // A lost event may have been a change.
            if event.map_or(true, |event| self.what.is_meant(&event)) {
                self.last = Some(Instant::now());
            }
        }
        self.last.take_if(|last| last.elapsed() >= SETTLED).is_some()
    }
}

impl What {
    fn is_meant(&self, event: &Event) -> bool {
        // Reading is not a change; a compiler reads a lot.
        if matches!(event.kind, EventKind::Access(_)) {
            return false;
        }
        match self {
            What::File(file) => event.paths.contains(file),
            What::Folders { folders, passed } => event.paths.iter().any(|path| {
                let inside = folders.iter().filter_map(|folder| path.strip_prefix(folder).ok());
                let is_visible = inside
                    .min_by_key(|rest| rest.as_os_str().len())
                    .is_some_and(|rest| !rest.components().any(|part| is_hidden(Path::new(part.as_os_str()))));
                is_visible && !passed.iter().any(|passed| path.starts_with(passed))
            }),
        }
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with('.'))
}

fn whole(path: &Path) -> Result<PathBuf, WatchError> {
    path.canonicalize().map_err(|error| unwatchable(path, &error))
}

fn unwatchable(path: &Path, why: &dyn std::fmt::Display) -> WatchError {
    WatchError::Watch { path: path.to_owned(), why: why.to_string() }
}
