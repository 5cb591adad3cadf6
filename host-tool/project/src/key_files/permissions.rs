//! Who may read a file.

use std::fs::Metadata;

/// Returns the mode of a file that group or others may read; `None` if it is private, or if the system has no such
/// bits.
pub(super) fn exposed(file: &Metadata) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.permissions().mode() & 0o777;
        (mode & 0o077 != 0).then_some(mode)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        None
    }
}
