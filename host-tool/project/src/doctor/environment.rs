//! The environment that the doctor checks.

use std::ffi::OsString;
use std::path::PathBuf;

/// The environment to check.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The project's folder, or a folder inside it.
    pub folder: PathBuf,
    /// The folders to search for programs, as in `PATH`.
    pub path: OsString,
    /// The root folder of the machine, usually `/`.
    pub root: PathBuf,
    /// The file that describes the project's board.
    pub board: Option<PathBuf>,
    /// The private key that signs images.
    pub key: Option<PathBuf>,
    /// The public key that verifies images.
    pub public_key: Option<PathBuf>,
    /// The public keys that the bootloader is to trust.
    pub bootloader_keys: Vec<PathBuf>,
    /// The device's port.
    pub port: Option<String>,
    /// The bootloader's ELF file.
    pub bootloader: Option<PathBuf>,
    /// Whether this lifeboot can flash through debug probes.
    pub flashes: bool,
}
