//! What this library's callers see when something goes wrong. Every error says what, and its help says what to do.

use crate::bootloader_file::BootloaderError;
use crate::cargo_version::CargoVersionError;
use crate::device::DeviceError;
use crate::difference::DifferenceError;
use crate::elf::ElfError;
use crate::flash_file::FlashFileError;
use crate::image_file::ImageError;
use crate::keys::KeyError;
use crate::link::LinkError;
use crate::monitor::MonitorError;
use crate::port::PortError;
use crate::provision::ProvisionError;
use crate::push::PushError;
use crate::relocations::RelocationError;
use crate::report::RecordedError;
use crate::settings::SettingsError;
use crate::sign::RelinkedError;
use crate::watch::WatchError;
use miette::Diagnostic;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Anything that can go wrong.
#[derive(Debug, Error, Diagnostic)]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}", .path.display())]
    #[diagnostic(help("{}", about_reading(source)))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}", .path.display())]
    #[diagnostic(help("{}", about_writing(source)))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The ELF file is not firmware for the board.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Elf(#[from] ElfError),
    /// The firmware cannot be rebased.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Relocation(#[from] RelocationError),
    /// Not an image, or not one for this purpose.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Image(#[from] ImageError),
    /// A key cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Key(#[from] KeyError),
    /// Rebasing is not what linking again gives.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Relinked(#[from] RelinkedError),
    /// An image for both slots has to be linked for slot A.
    #[error("the firmware is linked for slot B, and an image is made from firmware that is linked for slot A")]
    #[diagnostic(help(
        "link it for slot A: its relocations carry it to slot B; or sign with --bound for an image of slot B"
    ))]
    LinkedForSlotB,
    /// A signature from outside has another length.
    #[error("{} holds {length} bytes, and an Ed25519 signature has 64", .path.display())]
    #[diagnostic(help(
        "openssl pkeyutl -sign -rawin -inkey key.pem -in BYTES -out SIGNATURE writes one as it has to be"
    ))]
    SignatureLength {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        length: usize,
    },
    /// Not a bootloader.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Bootloader(#[from] BootloaderError),
    /// Bootloader and image do not make a board that starts.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Provision(#[from] ProvisionError),
    /// A file for flashing cannot be made or read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    FlashFile(#[from] FlashFileError),
    /// A debug probe was asked for, and there is no code for one.
    #[error("this lifeboot was built without debug probes")]
    #[diagnostic(help(
        "cargo install --path host-tool --features probe; or flash what lifeboot provision writes with another tool"
    ))]
    NoProbeSupport,
    /// The board was not flashed.
    #[cfg(feature = "probe")]
    #[error(transparent)]
    #[diagnostic(transparent)]
    Probe(#[from] crate::probe::ProbeError),
    /// `run` got something else than firmware.
    #[error("the ELF file is not linked for slot A of a board that this lifeboot knows")]
    #[diagnostic(help(
        "run firmware, linked with the memory.x that Lifeboot renders for the board; a bootloader is flashed with it"
    ))]
    NoFirmware,
    /// There is no key.
    #[error("there is no key to sign the firmware with")]
    #[diagnostic(help(
        "give --key KEY.pem, or say it once: key = \"KEY.pem\" in lifeboot.toml, or LIFEBOOT_KEY in the environment; \
         lifeboot keygen --demo demo.pem makes a throw-away key"
    ))]
    KeyNeeded,
    /// There is no public half of a key that stays elsewhere.
    #[error("there is no public key, and the private one stays elsewhere")]
    #[diagnostic(help("give --public-key KEY.pub.pem, or say it once: public-key = \"KEY.pub.pem\" in lifeboot.toml"))]
    PublicKeyNeeded,
    /// There is no version.
    #[error("nothing says which version the firmware has")]
    #[diagnostic(help(
        "give --version 1.2.3, or say it once: version = \"1.2.3\" in lifeboot.toml, or LIFEBOOT_VERSION in the \
         environment; in cargo's target folder, Cargo.toml's counts"
    ))]
    VersionNeeded,
    /// The version in `Cargo.toml` cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    CargoVersion(#[from] CargoVersionError),
    /// `lifeboot.toml` cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Settings(#[from] SettingsError),
    /// `run` has no bootloader.
    #[error("there is no bootloader at {}", .path.display())]
    #[diagnostic(help(
        "build one for the key: LIFEBOOT_KEYS=$PWD/demo.pub.pem cargo build -p lifeboot-bootloader --features {board} \
         --target TARGET --profile embedded; or give --bootloader; or push to a board that runs Lifeboot with --port"
    ))]
    BootloaderNeeded {
        /// Where it was looked for.
        path: PathBuf,
        /// The firmware's board.
        board: &'static str,
    },
    /// An ELF file's board cannot be told.
    #[error("the ELF file is linked for slot A of no board that this lifeboot knows")]
    #[diagnostic(help("say which board it is for with --board, one of: {boards}"))]
    BoardNeeded {
        /// The names to choose from.
        boards: String,
    },
    /// The port cannot be opened.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Port(#[from] PortError),
    /// The device cannot be talked to.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Link(#[from] LinkError),
    /// Nothing can be shown.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Monitor(#[from] MonitorError),
    /// Nothing can be watched or built.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Watch(#[from] WatchError),
    /// The update failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Push(#[from] PushError),
    /// The device did not do it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Device(#[from] DeviceError),
    /// The monitor did not show the text that it was to end with.
    #[error("no line with {text:?} was shown")]
    #[diagnostic(help("give more time with --for; the text is looked for in messages and lines as they are shown"))]
    NotShown {
        /// The text.
        text: String,
    },
    /// Two images have nothing to compare.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Difference(#[from] DifferenceError),
    /// A recorded state of a device cannot be used.
    #[error("{} cannot be used", .path.display())]
    #[diagnostic(help("record a device's state with: lifeboot status --json > status.json"))]
    Recorded {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RecordedError,
    },
    /// `--force` names another image.
    #[error("--force names another image: this one's digest begins with {digest}")]
    #[diagnostic(help("give the file that you mean to force: the one whose digest the device's refusal shows"))]
    OtherDigest {
        /// The first half of the image's.
        digest: String,
    },
}

fn about_reading(why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::NotFound => "check the name: a path starts at the current folder, in lifeboot.toml at that file",
        io::ErrorKind::PermissionDenied => "see who may read it: ls -l",
        io::ErrorKind::IsADirectory => "give a file, not a folder",
        _ => "see that the disk is there and well",
    }
}

fn about_writing(why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::NotFound => "make its folder first",
        io::ErrorKind::PermissionDenied => "see who may write into its folder: ls -ld",
        io::ErrorKind::IsADirectory => "give a file's name, not a folder's",
        io::ErrorKind::StorageFull => "make room on the disk",
        _ => "see that its folder is one, and that its disk is there and well",
    }
}
