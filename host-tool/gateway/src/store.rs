//! The logs of the devices' runs, a file each: what has happened survives any kill and any loss of power.
//!
//! A line is an event as JSON. A line is complete once its line feed is there; what is behind the last one was being written
//! when the machine stopped, and is dropped. A new run begins with a new file, which replaces the old one as a whole.

use crate::controller::Event;
use lifeboot_fleet::device::DeviceId;
use miette::Diagnostic;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

const ENDING: &str = "log";

/// Where events are kept.
pub trait Store: Send + Sync {
    /// Returns the events of all devices, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    fn load(&self) -> Result<Vec<(DeviceId, Vec<Event>)>, StoreError>;

    /// Adds an event of a device. Once this has returned, the event outlasts a loss of power. An [`Event::Offered`] may drop
    /// those before it.
    ///
    /// # Errors
    /// [`StoreError`]; whether the event was kept is then unknown.
    fn append(&self, device: &DeviceId, event: &Event) -> Result<(), StoreError>;
}

/// Why what has happened cannot be kept, or is not known.
#[derive(Debug, Error, Diagnostic)]
pub enum StoreError {
    /// Another gateway uses the folder.
    #[error("another gateway uses {}", .0.display())]
    #[diagnostic(help(
        "stop it (systemctl stop lifeboot-gateway), or give this one another folder: state in [gateway]"
    ))]
    InUse(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot keep the state in {}", path.display())]
    #[diagnostic(help("check state in [gateway] of fleet.toml: room on the disk, and who may write there"))]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A line is no event.
    #[error("{}:{line}: this is no event", path.display())]
    #[diagnostic(help(
        "use the lifeboot that wrote it, or a newer one; or remove the file: then the device itself is asked"
    ))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
}

/// A folder with a file for each device.
pub struct Folder {
    path: PathBuf,
    /// Locked while this exists.
    _lock: File,
}

impl Folder {
    /// Opens a folder, and creates it if need be.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it.
    pub fn open(path: &Path) -> Result<Folder, StoreError> {
        let wrong = |source| StoreError::File { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(wrong)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.join("lock")).map_err(wrong)?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(wrong(source)),
        }
    }

    fn file(&self, device: &DeviceId) -> PathBuf {
        self.path.join(format!("{}.{ENDING}", encoded(&device.0)))
    }

    fn write(&self, file: &Path, event: &Event) -> io::Result<()> {
        let line = format!("{}\n", serde_json::to_string(event).map_err(io::Error::other)?);
        if matches!(event, Event::Offered(_)) {
            let mut new = tempfile::NamedTempFile::new_in(&self.path)?;
            new.write_all(line.as_bytes())?;
            new.as_file().sync_all()?;
            new.persist(file).map_err(|error| error.error)?;
            return File::open(&self.path)?.sync_all();
        }
        // Somebody may have removed it: then these lines alone mean nothing, and the device is asked.
        let mut file = OpenOptions::new().create(true).append(true).open(file)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    }
}

impl Store for Folder {
    fn load(&self) -> Result<Vec<(DeviceId, Vec<Event>)>, StoreError> {
        let wrong = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::File { path, source }
        };
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(wrong(&self.path))? {
            let path = entry.map_err(wrong(&self.path))?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).and_then(decoded);
            let (Some(device), true) = (stem, path.extension().is_some_and(|ending| ending == ENDING)) else {
                continue;
            };
            let bytes = fs::read(&path).map_err(wrong(&path))?;
            let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            if whole < bytes.len() {
                let file = OpenOptions::new().write(true).open(&path).map_err(wrong(&path))?;
                file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(wrong(&path))?;
            }
            let lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n').enumerate();
            let events = lines.map(|(index, line)| {
                serde_json::from_slice(line).map_err(|_| StoreError::Damaged { path: path.clone(), line: index + 1 })
            });
            all.push((DeviceId(device), events.collect::<Result<_, _>>()?));
        }
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(all)
    }

    fn append(&self, device: &DeviceId, event: &Event) -> Result<(), StoreError> {
        let file = self.file(device);
        self.write(&file, event).map_err(|source| StoreError::File { path: file, source })
    }
}

/// A device's id as the name of a file: what is not plain as `%` and two digits.
fn encoded(id: &str) -> String {
    let encode = |byte: u8| match byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02x}"),
    };
    id.bytes().map(encode).collect()
}

fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_id_is_a_file_name_and_back() {
        for id in ["0123abcd", "port:/dev/ttyACM0", "port:COM3", "ä%2f/..", ".", ""] {
            assert!(!encoded(id).contains(['/', '\\', '.', ':']), "{id}");
            assert_eq!(decoded(&encoded(id)).as_deref(), Some(id));
        }
    }

    #[test]
    fn a_folder_has_one_gateway() {
        let folder = tempfile::tempdir().unwrap();
        let first = Folder::open(folder.path()).unwrap();
        assert!(matches!(Folder::open(folder.path()), Err(StoreError::InUse(_))));
        drop(first);
        Folder::open(folder.path()).unwrap();
    }

    #[test]
    fn what_was_being_written_is_dropped_and_what_is_damaged_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let store = Folder::open(folder.path()).unwrap();
        let device = DeviceId("ab".to_owned());
        let file = folder.path().join("ab.log");
        fs::write(&file, "{\"event\":\"closed\"}\n{\"event\":\"go\0\0").unwrap();
        assert_eq!(store.load().unwrap(), [(device.clone(), vec![Event::Closed])]);
        store.append(&device, &Event::Gone).unwrap();
        assert_eq!(store.load().unwrap(), [(device.clone(), vec![Event::Closed, Event::Gone])]);
        fs::write(&file, "{\"event\":\"closed\"}\n{\"event\":\"other\"}\n").unwrap();
        assert!(matches!(store.load(), Err(StoreError::Damaged { line: 2, .. })));
    }
}
