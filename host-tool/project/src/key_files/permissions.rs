//! Who may read a file.

use crate::files::FileError;
use std::path::Path;

/// The permissions of a file that group or world may read; other systems than Unix have no such bits to look at.
pub(super) fn exposed(path: &Path) -> Result<Option<u32>, FileError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(path).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
        let mode = metadata.permissions().mode() & 0o777;
        Ok((mode & 0o077 != 0).then_some(mode))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(None)
    }
}
