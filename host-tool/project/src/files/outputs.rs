//! Writes files. A regular file is replaced completely or not at all, by renaming a new one over it; a symbolic link
//! stays, and what it names is written; a device or a pipe is written into.

use super::error::FileError;
use super::identity::{Identity, note_output};
use super::names::is_stdout;
use super::place::open_to_write;
use lifeboot_pem::Block;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use tempfile::Builder;
use zeroize::Zeroizing;

/// Most symbolic links that lead to a file, as on Linux.
const MOST_LINKS: usize = 40;

/// Number of bytes in which a private key is looked for.
const KEY_WITHIN: u64 = 16 << 20;

/// Checks a command's outputs before the first of them is written: no two may be one file, under whatever names.
///
/// # Errors
/// See [`write()`].
pub fn check_outputs(paths: &[&Path]) -> Result<(), FileError> {
    let mut places: Vec<PathBuf> = Vec::new();
    for path in paths.iter().filter(|path| !is_stdout(path)) {
        let place = match target(path)? {
            Target::New(place) => match (place.parent(), place.file_name()) {
                (Some(folder), Some(name)) => {
                    folder_of(folder).canonicalize().map_or(place.clone(), |at| at.join(name))
                }
                _ => place,
            },
            Target::File(place, _) => place,
            // Nothing is lost there: each output follows the other.
            Target::Other => continue,
        };
        if places.contains(&place) {
            return Err(FileError::WrittenTwice((*path).to_owned()));
        }
        places.push(place);
    }
    Ok(())
}

/// Writes a file, replacing an existing one; `-` is stdout.
///
/// # Errors
/// [`FileError`] if the file cannot be written, was read or written by this process, or holds a key.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let error = |source| FileError::Write { path: path.to_owned(), source };
    if is_stdout(path) {
        let mut stdout = io::stdout().lock();
        return stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(error);
    }
    let (target, written) = match target(path)? {
        Target::New(target) => {
            let written = put(&target, bytes, 0o666, None);
            (target, written)
        }
        Target::File(target, metadata) => {
            let written = match put(&target, bytes, 0o666, Some(&metadata)) {
                Err(failed) if needs_place(&failed) => in_place(&target, bytes),
                done => done,
            };
            (target, written)
        }
        Target::Other => {
            let mut file = other(path)?;
            return file.write_all(bytes).and_then(|()| file.flush()).map_err(error);
        }
    };
    note_output(&target);
    written.map_err(error)
}

/// Opens a file to write bit by bit, emptying an existing one; `-` is stdout.
///
/// # Errors
/// See [`write()`].
pub fn stream(path: &Path) -> Result<Box<dyn Write + Send>, FileError> {
    let error = |source| FileError::Write { path: path.to_owned(), source };
    if is_stdout(path) {
        return Ok(Box::new(io::stdout()));
    }
    let target = match target(path)? {
        Target::New(target) | Target::File(target, _) => target,
        Target::Other => return Ok(Box::new(other(path)?)),
    };
    let file = File::create(&target).map_err(error)?;
    note_output(&target);
    Ok(Box::new(file))
}

/// Writes a new file with this mode; never replaces an existing one.
///
/// # Errors
/// [`FileError::Write`] if the file cannot be written, or exists.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    put(path, bytes, mode, None).map_err(|source| FileError::Write { path: path.to_owned(), source })
}

/// Reads a small file that this program keeps for itself beside another; `None` if there is none, or something else than a
/// regular file of at most `most` bytes is there. No link is followed.
pub fn read_note(path: &Path, most: u64) -> Option<String> {
    let metadata = path.symlink_metadata().ok().filter(Metadata::is_file)?;
    let mut text = String::new();
    let is_small = metadata.len() <= most;
    is_small.then(|| File::open(path).and_then(|file| file.take(most).read_to_string(&mut text)))?.ok()?;
    Some(text)
}

/// Writes a file that this program keeps for itself, completely or not at all. No link is followed: only a regular file is
/// replaced, and what other names it has stays as it is.
///
/// # Errors
/// The reason, if the file cannot be written or something else is there.
pub fn write_note(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_file() => Err(ErrorKind::AlreadyExists.into()),
        Ok(metadata) => put(path, bytes, 0o666, Some(&metadata)),
        Err(_) => put(path, bytes, 0o666, None),
    }
}

/// What is at an output's place.
enum Target {
    /// Nothing yet; links were followed to this path.
    New(PathBuf),
    /// A regular file, which may be replaced.
    File(PathBuf, Metadata),
    /// A device, a pipe or a socket.
    Other,
}

fn target(path: &Path) -> Result<Target, FileError> {
    let error = |source| FileError::Write { path: path.to_owned(), source };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            // The system's own message.
            let refused = OpenOptions::new().write(true).open(path).err();
            Err(error(refused.unwrap_or(ErrorKind::IsADirectory.into())))
        }
        Ok(metadata) if metadata.is_file() => {
            let identity = Identity::of(path, &metadata);
            if identity.as_ref().is_some_and(Identity::was_read) {
                return Err(FileError::IsInput(path.to_owned()));
            }
            if identity.as_ref().is_some_and(is_output) {
                return Err(FileError::WrittenTwice(path.to_owned()));
            }
            refuse_key(path)?;
            Ok(Target::File(path.canonicalize().map_err(error)?, metadata))
        }
        Ok(_) => Ok(Target::Other),
        Err(failed) if failed.kind() == ErrorKind::NotFound => Ok(Target::New(behind_links(path).map_err(error)?)),
        Err(failed) => Err(error(failed)),
    }
}

/// Returns whether this process has written a file, or its stdout goes there.
fn is_output(file: &Identity) -> bool {
    #[cfg(unix)]
    let is_stdout = Identity::of_open(io::stdout()).as_ref() == Some(file);
    #[cfg(not(unix))]
    let is_stdout = false;
    is_stdout || file.was_written()
}

/// Returns the path that a symbolic link to nothing names.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(to) => path = path.parent().unwrap_or(Path::new("")).join(to),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn other(path: &Path) -> Result<File, FileError> {
    open_to_write(path).map_err(|source| match source.kind() {
        ErrorKind::TimedOut => FileError::NoPeer { path: path.to_owned(), reading: false },
        _ => FileError::Write { path: path.to_owned(), source },
    })
}

/// Fails if a file holds a key of any algorithm, as PEM text, or is a document in DER, as private keys of all algorithms and
/// their containers are (PKCS#1, PKCS#8, PKCS#12).
fn refuse_key(path: &Path) -> Result<(), FileError> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(KEY_WITHIN).read_to_end(&mut bytes));
    read.map_err(|source| FileError::Write { path: path.to_owned(), source })?;
    let blocks = lifeboot_pem::blocks(&bytes);
    match () {
        () if is_der(&bytes) || blocks.iter().any(Block::is_private) => Err(FileError::HoldsKey(path.to_owned())),
        () if blocks.iter().any(Block::is_public) => Err(FileError::HoldsPublicKey(path.to_owned())),
        () => Ok(()),
    }
}

/// Returns whether bytes are exactly one SEQUENCE in DER (X.690, 8.1.3 and 8.9).
fn is_der(bytes: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = bytes else { return false };
    match *length {
        short @ 0..0x80 => rest.len() == usize::from(short),
        long => {
            let count = usize::from(long & 0x7f);
            let Some((digits, content)) = rest.split_at_checked(count).filter(|_| (1..=4).contains(&count)) else {
                return false;
            };
            digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit)) == content.len()
        }
    }
}

/// Returns a path's folder, the current one if it names none.
fn folder_of(parent: &Path) -> &Path {
    if parent.as_os_str().is_empty() { Path::new(".") } else { parent }
}

/// Puts a file into its place, replacing a regular file `old`.
fn put(path: &Path, bytes: &[u8], mode: u32, old: Option<&Metadata>) -> io::Result<()> {
    let folder = folder_of(path.parent().unwrap_or(Path::new("")));
    let mut builder = Builder::new();
    builder.prefix(".lifeboot-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode; // A new file has its folder's permissions there.
    // Fails early with the system's own message: the temporary file's error would name a file unknown to the user.
    fs::read_dir(folder)?;
    let mut file = builder.tempfile_in(folder).map_err(|failed| io::Error::from(failed.kind()))?;
    file.write_all(bytes)?;
    if let Some(old) = old {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    let put = if old.is_some() { file.persist(path) } else { file.persist_noclobber(path) };
    put.map(|_| ()).map_err(|failed| failed.error)
}

/// Returns whether an existing file cannot be replaced, but may still be written: it is mounted there, or its folder
/// takes no new files.
fn needs_place(error: &io::Error) -> bool {
    use ErrorKind::{CrossesDevices, NotFound, PermissionDenied, ReadOnlyFilesystem, ResourceBusy, Unsupported};
    matches!(
        error.kind(),
        CrossesDevices | NotFound | PermissionDenied | ReadOnlyFilesystem | ResourceBusy | Unsupported
    )
}

fn in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    match file.sync_all() {
        // Not every file system can.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// `rename` over a file that is mounted fails with EBUSY, where a container's secrets and outputs are mounted one by
    /// one. A full disk is no reason to empty the old file.
    #[test]
    fn a_mounted_file_is_written_where_it_is() {
        assert!(needs_place(&rustix::io::Errno::BUSY.into()));
        assert!(needs_place(&rustix::io::Errno::ROFS.into()));
        assert!(!needs_place(&rustix::io::Errno::NOSPC.into()));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mounted");
        fs::write(&file, "something longer").unwrap();
        in_place(&file, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }
}
