//! Artifacts on disk, by digest: each is downloaded once, for all devices.
//!
//! Invariant: a file has its digest's name only once all of it is on disk and has that digest, so a kill or a loss of power at
//! any instant leaves nothing that is taken for an artifact. A download goes to `DIGEST.part`, and goes on there. What was
//! written by an earlier process is checked again before it is used.

use crate::ddi::DdiError;
use crate::digest::Digest;
use miette::Diagnostic;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use thiserror::Error;

const PART: &str = "part";

/// Requests for one download, if the line breaks in between.
const ATTEMPTS: usize = 4;

/// A folder of artifacts.
pub struct Cache {
    folder: PathBuf,
    limit: u64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Whose files were checked by this process.
    checked: BTreeSet<Digest>,
    /// What is being downloaded.
    under_way: BTreeSet<Digest>,
}

/// Whether an artifact is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It is.
    Whole,
    /// Another thread downloads it.
    UnderWay,
}

/// Downloads from an offset: calls the function with each piece and whether it begins the file anew.
pub type Download<'a> = &'a mut dyn FnMut(u64, &mut dyn FnMut(&[u8], bool) -> io::Result<()>) -> Result<u64, DdiError>;

/// Why an artifact is not there.
#[derive(Debug, Error, Diagnostic)]
pub enum CacheError {
    /// A file cannot be read or written.
    #[error("cannot keep an artifact in {}", path.display())]
    #[diagnostic(help("check cache in [gateway] of fleet.toml: room on the disk, and who may write there"))]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// It cannot be downloaded.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Download(#[from] DdiError),
    /// What was downloaded is something else.
    #[error("what the fleet server sent does not have the digest {0}")]
    #[diagnostic(help("upload the artifact to the server again; it is downloaded again by itself"))]
    Digest(Digest),
    /// It ended too early.
    #[error("the fleet server sent {there} bytes of {size}")]
    #[diagnostic(help("check the network; it goes on by itself"))]
    Incomplete {
        /// Bytes that are there.
        there: u64,
        /// Bytes in all.
        size: u64,
    },
}

impl Cache {
    /// Opens a folder, and creates it if need be. It holds up to `limit` bytes, or what is in use.
    ///
    /// # Errors
    /// [`CacheError::File`]
    pub fn open(folder: &Path, limit: u64) -> Result<Cache, CacheError> {
        fs::create_dir_all(folder).map_err(|source| CacheError::File { path: folder.to_owned(), source })?;
        Ok(Cache { folder: folder.to_owned(), limit, known: Mutex::default() })
    }

    /// Returns whether an artifact is there, and right.
    pub fn contains(&self, digest: &Digest) -> bool {
        let path = self.path(digest);
        if self.known().checked.contains(digest) {
            return path.is_file();
        }
        let is_right = File::open(&path).and_then(|mut file| digest.fits(&mut file)).unwrap_or(false);
        if is_right {
            self.known().checked.insert(digest.clone());
        }
        is_right
    }

    /// Returns an artifact.
    ///
    /// # Errors
    /// [`CacheError::Digest`] if it is not there any more, or not what it was: then it has to be fetched again.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, CacheError> {
        let path = self.path(digest);
        let bytes = fs::read(&path).unwrap_or_default();
        if !digest.fits(&mut &*bytes).unwrap_or(false) {
            self.known().checked.remove(digest);
            return Err(CacheError::Digest(digest.clone()));
        }
        // What is used last is dropped last; if the time cannot be set, the order is only less good.
        let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Ok(bytes)
    }

    /// Sees to it that an artifact is there. `in_use` says what must not be dropped to make room.
    ///
    /// # Errors
    /// [`CacheError`]; then another call goes on where this one was.
    pub fn fetch(
        &self,
        digest: &Digest,
        size: u64,
        in_use: &BTreeSet<Digest>,
        download: Download,
    ) -> Result<Fetched, CacheError> {
        if self.contains(digest) {
            return Ok(Fetched::Whole);
        }
        if !self.known().under_way.insert(digest.clone()) {
            return Ok(Fetched::UnderWay);
        }
        let _ended = Ended { cache: self, digest };
        // Another thread may have ended just before.
        if self.contains(digest) {
            return Ok(Fetched::Whole);
        }
        self.make_room(size, digest, in_use);
        self.complete(digest, size, download)?;
        Ok(Fetched::Whole)
    }

    fn complete(&self, digest: &Digest, size: u64, download: Download) -> Result<(), CacheError> {
        let part = self.path(digest).with_extension(PART);
        let wrong = |source| CacheError::File { path: part.clone(), source };
        let mut file = OpenOptions::new().create(true).append(true).open(&part).map_err(wrong)?;
        let mut there = file.metadata().map_err(wrong)?.len();
        if there > size {
            file.set_len(0).map_err(wrong)?;
            there = 0;
        }
        for attempt in 1..=ATTEMPTS {
            if there == size {
                break;
            }
            let before = there;
            let downloaded = download(there, &mut |piece, restart| {
                if restart {
                    file.set_len(0)?;
                }
                file.write_all(piece)
            });
            there = file.metadata().map_err(wrong)?.len();
            match downloaded {
                Err(error @ DdiError::Transport(_)) if attempt == ATTEMPTS || there == before => {
                    return Err(error.into());
                }
                Ok(_) | Err(DdiError::Transport(_)) => {}
                Err(error) => {
                    // Such as a range that the server does not accept: the next attempt begins anew.
                    let _ = fs::remove_file(&part);
                    return Err(error.into());
                }
            }
        }
        if there != size {
            return Err(CacheError::Incomplete { there, size });
        }
        let is_right = File::open(&part).and_then(|mut file| digest.fits(&mut file)).map_err(wrong)?;
        if !is_right {
            fs::remove_file(&part).map_err(wrong)?;
            return Err(CacheError::Digest(digest.clone()));
        }
        file.sync_all().map_err(wrong)?;
        fs::rename(&part, self.path(digest)).map_err(wrong)?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(wrong)?;
        self.known().checked.insert(digest.clone());
        Ok(())
    }

    /// Drops what was not used for longest. What cannot be dropped stays: room on the disk is checked by writing.
    fn make_room(&self, size: u64, wanted: &Digest, in_use: &BTreeSet<Digest>) {
        let kept: BTreeSet<String> = in_use.iter().chain([wanted]).map(Digest::to_string).collect();
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if let (Ok(metadata), path) = (entry.metadata(), entry.path())
                && metadata.is_file()
            {
                files.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), path));
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in files {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if total.saturating_add(size) <= self.limit {
                return;
            }
            if !kept.contains(&name) && fs::remove_file(&path).is_ok() {
                total -= length;
            }
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.to_string())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Another thread may download again, however the download ended.
struct Ended<'a> {
    cache: &'a Cache,
    digest: &'a Digest,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.cache.known().under_way.remove(self.digest);
    }
}

#[cfg(test)]
mod tests;
