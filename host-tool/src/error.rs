//! What a command can end with. Every error says what, and its help says what to do.

use lifeboot_artifact::bootloader_file::BootloaderError;
use lifeboot_artifact::difference::DifferenceError;
use lifeboot_artifact::elf::ElfError;
use lifeboot_artifact::flash_file::FlashFileError;
use lifeboot_artifact::image_file::ImageError;
use lifeboot_artifact::keys::KeyError;
use lifeboot_artifact::provision::ProvisionError;
use lifeboot_artifact::sign::{RelinkedError, SignError};
use lifeboot_client::device::DeviceError;
use lifeboot_client::link::LinkError;
use lifeboot_client::push::PushError;
use lifeboot_logs::MonitorError;
use lifeboot_project::cargo_version::CargoVersionError;
use lifeboot_project::files::FileError;
use lifeboot_project::key_files::KeyFileError;
use lifeboot_project::settings::SettingsError;
use lifeboot_project::watch::WatchError;
use lifeboot_report::RecordedError;
use lifeboot_serial::PortError;
use miette::Diagnostic;
use std::path::PathBuf;
use thiserror::Error;

/// Anything that can go wrong.
#[derive(Debug, Error, Diagnostic)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] FileError),
    /// The ELF file is not firmware for the board.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Elf(#[from] ElfError),
    /// The firmware does not become an image.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sign(#[from] SignError),
    /// Not an image, or not one for this purpose.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Image(#[from] ImageError),
    /// A key cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Key(#[from] KeyError),
    /// A key's file cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    KeyFile(#[from] KeyFileError),
    /// A new key was to be encrypted with nothing.
    #[error("an empty passphrase protects nothing")]
    #[diagnostic(help("give one; or leave out --encrypt, and keep the file where nobody else gets at it"))]
    EmptyPassphrase,
    /// Typed twice, differently.
    #[error("the two passphrases differ")]
    #[diagnostic(help("run the command again: no key was made"))]
    PassphrasesDiffer,
    /// The terminal does not give one.
    #[error("the terminal gave no passphrase: {0}")]
    #[diagnostic(help(
        "type one and press Enter; or give --passphrase-file FILE, or the variable LIFEBOOT_PASSPHRASE"
    ))]
    Terminal(String),
    /// Rebasing is not what linking again gives.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Relinked(#[from] RelinkedError),
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
    /// A debug probe is needed, and there is no code for one.
    #[error("this lifeboot was built without debug probes")]
    #[diagnostic(help(
        "cargo install --path host-tool --features probe; or flash what lifeboot provision writes with another tool"
    ))]
    NoProbeSupport,
    /// The board was not flashed.
    #[cfg(feature = "probe")]
    #[error(transparent)]
    #[diagnostic(transparent)]
    Probe(#[from] lifeboot_probe::ProbeError),
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
    /// An ELF file's board is not known.
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
