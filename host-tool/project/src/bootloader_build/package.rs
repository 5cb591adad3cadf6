//! The package that cargo builds a bootloader from: made in the target folder, and made again at each build.

use super::error::BootloaderBuildError;
use super::source::Source;
use crate::files::{self, FileError};
use lifeboot_artifact::hex;
use lifeboot_artifact::keys::PublicKey;
use lifeboot_board::BoardDescription;
use std::fs;
use std::path::{Path, PathBuf};

/// The profile that Lifeboot's own bootloaders are measured with: what only a manifest says, of single packages.
const PROFILE: &str = "\
# With what `lifeboot bootloader` passes to cargo: what Lifeboot's own bootloaders are built and measured with.
[profile.release.package.curve25519-dalek]
opt-level = \"s\"

[profile.release.package.ed25519-dalek]
opt-level = \"s\"

[profile.release.package.\"sha2@0.11\"]
opt-level = \"s\"

[profile.release.package.\"sha2@0.10\"]
opt-level = \"s\"
";

/// The rest of that profile, as settings for cargo's command line, which no configuration and no variable overrides.
pub const PROFILE_SETTINGS: [&str; 7] = [
    "profile.release.opt-level=\"z\"",
    "profile.release.lto=\"fat\"",
    "profile.release.codegen-units=1",
    "profile.release.panic=\"abort\"",
    "profile.release.overflow-checks=false",
    "profile.release.debug=2",
    "profile.release.strip=false",
];

/// The flags that it is built with: the compact form of SHA-2, and functions in their callers only where that makes the whole
/// smaller.
pub const FLAGS: [&str; 3] = ["--cfg", "sha2_backend_soft=\"compact\"", "-Cllvm-args=-inline-threshold=3"];

/// What the program is called.
pub const NAME: &str = "bootloader";

const MAIN: &str = include_str!("../../templates/main.rs");

const BUILD: &str = include_str!("../../templates/build.rs");

/// What a bootloader is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Recovery mode.
    pub recovery: bool,
    /// A log, in development.
    pub defmt: bool,
    /// A second look at the signature.
    pub two_part_signature: bool,
}

impl Features {
    fn of(self, board: &BoardDescription) -> Vec<&'static str> {
        let Features { recovery, defmt, two_part_signature } = self;
        let mut features = vec![board.chip.family.feature()];
        features.extend(board.verifier.feature());
        features.extend(recovery.then_some("recovery"));
        features.extend(defmt.then_some("defmt"));
        features.extend(two_part_signature.then_some("two-part-signature"));
        features
    }
}

/// Writes the package into a folder, and the public keys; returns the keys' files. A file that is as it should be stays as it is, so
/// that cargo builds nothing anew.
pub fn write(
    folder: &Path,
    source: &Source,
    board: &BoardDescription,
    features: Features,
    keys: &[PublicKey],
) -> Result<Vec<PathBuf>, BootloaderBuildError> {
    let depends_on = features.of(board);
    let own = if features.defmt { "\n[features]\ndefault = [\"defmt\"]\ndefmt = []\n" } else { "" };
    let manifest = format!(
        "# Made by `lifeboot bootloader`, and made again by the next one.\n\
         [package]\nname = \"{NAME}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n{own}\n\
         [[bin]]\nname = \"{NAME}\"\npath = \"src/main.rs\"\ntest = false\nbench = false\n\n\
         [dependencies]\nlifeboot-bootloader = {{ {}, default-features = false, features = {depends_on:?} }}\n\n\
         # A workspace of its own, whatever is above.\n[workspace]\n\n{PROFILE}",
        source.dependency()
    );
    for (name, text) in [("Cargo.toml", manifest.as_str()), ("build.rs", BUILD), ("src/main.rs", MAIN)] {
        put(&folder.join(name), text)?;
    }
    // The private half of no key is a build's business.
    let mut written = Vec::new();
    for key in keys {
        let path = folder.join("keys").join(format!("{}.pub.pem", hex(&key.id())));
        put(&path, &key.to_pem()?)?;
        written.push(path);
    }
    let lock = folder.join("Cargo.lock");
    if let (false, Some(tested)) = (lock.exists(), source.lock_file()) {
        let text = files::read_text(&tested, files::Kind::Settings)?;
        keep(&lock, &text)?;
    }
    Ok(written)
}

fn put(path: &Path, text: &str) -> Result<(), FileError> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|source| FileError::Write { path: folder.to_owned(), source })?;
    keep(path, text)
}

fn keep(path: &Path, text: &str) -> Result<(), FileError> {
    let written = files::write_note(path, text.as_bytes());
    written.map_err(|source| FileError::Write { path: path.to_owned(), source })
}
