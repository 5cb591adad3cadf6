//! What a doctor looks at.

use lifeboot_core::Board;
use std::ffi::OsString;
use std::path::PathBuf;

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The project's folder, or one below it.
    pub folder: PathBuf,
    /// The folders of programs, as in `PATH`.
    pub path: OsString,
    /// The folder that is the machine's `/`.
    pub root: PathBuf,
    /// The board that the project's firmware is for.
    pub board: Option<&'static Board>,
    /// The private key that signs.
    pub key: Option<PathBuf>,
    /// The public key that images are checked with.
    pub public_key: Option<PathBuf>,
    /// The public keys that a bootloader is built with: `LIFEBOOT_KEYS`.
    pub bootloader_keys: Option<OsString>,
    /// The device's port.
    pub port: Option<String>,
    /// The bootloader's ELF file.
    pub bootloader: Option<PathBuf>,
    /// The folder that cargo builds into, where that is not `target`.
    pub target_folder: Option<PathBuf>,
    /// Whether this tool flashes through debug probes.
    pub flashes: bool,
}
