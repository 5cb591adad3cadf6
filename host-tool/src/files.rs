//! Files that appear whole or not at all, and errors that name them.

use crate::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::Builder;

/// The bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Puts bytes into a file, over an old one of that name.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    put(path, bytes, 0o666, true)
}

/// Puts bytes into a new file with this mode; one that exists is left alone.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    put(path, bytes, mode, false)
}

fn put(path: &Path, bytes: &[u8], mode: u32, replace: bool) -> Result<(), Error> {
    let error = |source| Error::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = Builder::new();
    builder.prefix(".lifeboot-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode; // A new file has its folder's permissions there.
    // By this the system's own words are kept; those of the temporary file would name it, whom nobody asked for.
    fs::read_dir(folder).map_err(error)?;
    let mut file = builder.tempfile_in(folder).map_err(|failed| error(failed.kind().into()))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(error)?;
    let put = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    put.map(|_| ()).map_err(|failed| error(failed.error))
}
