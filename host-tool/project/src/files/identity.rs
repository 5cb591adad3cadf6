//! Which files this process has read or written, so that none of them is overwritten. A file is recognised by what it is, not by
//! its name: links and other spellings of its path lead to the same file.

use std::fs::Metadata;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A regular file. On Unix its device and inode; elsewhere its canonical path, which does not see through hard links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    #[cfg(unix)]
    file: (u64, u64),
    #[cfg(not(unix))]
    file: std::path::PathBuf,
}

static READ: Mutex<Vec<Identity>> = Mutex::new(Vec::new());
static WRITTEN: Mutex<Vec<Identity>> = Mutex::new(Vec::new());

impl Identity {
    /// Returns the identity of a regular file; `None` for anything else.
    pub(super) fn of(path: &Path, metadata: &Metadata) -> Option<Identity> {
        if !metadata.is_file() {
            return None;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let _ = path;
            Some(Identity { file: (metadata.dev(), metadata.ino()) })
        }
        #[cfg(not(unix))]
        Some(Identity { file: path.canonicalize().ok()? })
    }

    /// Notes that this process has read the file.
    pub(super) fn note(self) {
        self.note_in(&READ);
    }

    fn note_in(self, files: &Mutex<Vec<Identity>>) {
        let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
        if !files.contains(&self) {
            files.push(self);
        }
    }

    /// Returns whether this process has written the file.
    pub(super) fn was_written(&self) -> bool {
        WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).contains(self)
    }

    /// Returns the identity of the regular file that is open here; `None` for anything else, or if the system does not say.
    #[cfg(unix)]
    pub(super) fn of_open(file: impl std::os::fd::AsFd) -> Option<Identity> {
        let state = rustix::fs::fstat(file).ok()?;
        let is_file = rustix::fs::FileType::from_raw_mode(state.st_mode).is_file();
        // The types differ between systems.
        #[allow(clippy::unnecessary_cast)]
        is_file.then_some(Identity { file: (state.st_dev as u64, state.st_ino as u64) })
    }

    /// Returns whether this process has read the file.
    pub(super) fn was_read(&self) -> bool {
        READ.lock().unwrap_or_else(PoisonError::into_inner).contains(self)
    }
}

/// Notes that the file at a path is an output of this process, so that no other output replaces it.
pub(super) fn note_output(path: &Path) {
    if let Some(identity) = std::fs::metadata(path).ok().and_then(|metadata| Identity::of(path, &metadata)) {
        identity.note_in(&WRITTEN);
    }
}

/// Keeps a file from being overwritten by this process, although another program reads it for this one.
pub fn mark_as_input(path: &Path) {
    if let Some(identity) = std::fs::metadata(path).ok().and_then(|metadata| Identity::of(path, &metadata)) {
        identity.note();
    }
}
