//! The errors that a command can end with. Every error says what went wrong, and its help says what to do.

use lifeboot_artifact::bootloader_file::BootloaderError;
use lifeboot_artifact::difference::DifferenceError;
use lifeboot_artifact::elf::ElfError;
use lifeboot_artifact::flash_file::FlashFileError;
use lifeboot_artifact::image_file::ImageError;
use lifeboot_artifact::keys::KeyError;
use lifeboot_artifact::provision::ProvisionError;
use lifeboot_artifact::sign::{RelinkedError, SignError};
use lifeboot_artifact::swu::SwuError;
use lifeboot_client::device::DeviceError;
use lifeboot_client::link::LinkError;
use lifeboot_client::push::PushError;
use lifeboot_core::layout::EPOCH_STEP;
use lifeboot_fleet::definition::DefinitionError;
use lifeboot_fleet::drive::DriveError;
use lifeboot_fleet::fleet_file::FleetError;
use lifeboot_fleet::log::LogError;
use lifeboot_fleet::orders::OrderError;
use lifeboot_fleet::rollout::EventError;
use lifeboot_logs::MonitorError;
use lifeboot_project::bootloader_build::BootloaderBuildError;
use lifeboot_project::cargo_version::CargoVersionError;
use lifeboot_project::files::FileError;
use lifeboot_project::key_files::KeyFileError;
use lifeboot_project::new_project::NewProjectError;
use lifeboot_project::relink::RelinkError;
use lifeboot_project::settings::SettingsError;
use lifeboot_project::watch::WatchError;
use lifeboot_report::RecordedError;
use lifeboot_serial::PortError;
use miette::Diagnostic;
use std::path::PathBuf;
use thiserror::Error;

/// Why a command failed.
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
    /// The firmware cannot become an image.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sign(#[from] SignError),
    /// The file is not an image, or cannot be used as one here.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Image(#[from] ImageError),
    /// The image cannot be written in SWUpdate's container.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Container(#[from] SwuError),
    /// A container goes beside a file.
    #[error("--swu writes a second file beside the image, and the image goes to stdout")]
    #[diagnostic(help("write the image to a file: -o OUT.img"))]
    ContainerBesideStdout,
    /// A variable holds the text of a key, or several lines, instead of one value; the text is not shown.
    #[error("{variable} holds {holds}, not {wanted}")]
    #[diagnostic(help(
        "let a pipe hand a key over: {flag} <(printf %s \"${variable}\"); or write it to a file that only you can read, and give \
         the file's name"
    ))]
    KeyInVariable {
        /// The variable.
        variable: String,
        /// The argument that takes its value from it.
        flag: String,
        /// What it holds.
        holds: &'static str,
        /// What it should hold.
        wanted: &'static str,
    },
    /// An argument is the text of a key, or several lines; the text is not shown.
    #[error("{argument} was given {holds}, not {wanted}")]
    #[diagnostic(help(
        "write a key to a file that only you can read, and give the file's name; a private key that was an argument could be \
         seen by everybody on this machine, so better trust it no more"
    ))]
    KeyInArgument {
        /// The argument.
        argument: String,
        /// What it was given.
        holds: &'static str,
        /// What it takes.
        wanted: &'static str,
    },
    /// A key cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Key(#[from] KeyError),
    /// A key file cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The passphrase for a new key is empty.
    #[error("an empty passphrase protects nothing")]
    #[diagnostic(help("give one; or leave out --encrypt, and keep the file where nobody else gets at it"))]
    EmptyPassphrase,
    /// The two typed passphrases differ.
    #[error("the two passphrases differ")]
    #[diagnostic(help("run the command again: no key was made"))]
    PassphrasesDiffer,
    /// The terminal gave no passphrase.
    #[error("the terminal gave no passphrase: {0}")]
    #[diagnostic(help(
        "type one and press Enter; or give --passphrase-file FILE, or the variable LIFEBOOT_PASSPHRASE"
    ))]
    Terminal(String),
    /// Rebasing and relinking give different results.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Relinked(#[from] RelinkedError),
    /// An external signature has the wrong length.
    #[error("{} holds {length} bytes, and an Ed25519 signature has 64", .path.display())]
    #[diagnostic(help(
        "openssl pkeyutl -sign -rawin -inkey key.pem -in BYTES -out SIGNATURE writes one as it has to be"
    ))]
    SignatureLength {
        /// Path of the file.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// The file is not a bootloader.
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
    /// A debug probe is needed, but this lifeboot was built without support for one.
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
    /// `run` was given something other than firmware.
    #[error("the ELF file does not say that it is firmware, and for which board")]
    #[diagnostic(help(
        "run firmware, linked with the memory.x that Lifeboot renders for the board; a bootloader is flashed with it"
    ))]
    NoFirmware,
    /// No key was given.
    #[error("there is no key to sign the firmware with")]
    #[diagnostic(help(
        "give --key KEY.pem, or say it once: key = \"KEY.pem\" in lifeboot.toml, or LIFEBOOT_KEY in the environment; \
         lifeboot keygen --demo demo.pem makes a throw-away key"
    ))]
    KeyNeeded,
    /// The public half of an external key was not given.
    #[error("there is no public key, and the private one stays elsewhere")]
    #[diagnostic(help("give --public-key KEY.pub.pem, or say it once: public-key = \"KEY.pub.pem\" in lifeboot.toml"))]
    PublicKeyNeeded,
    /// No version was given.
    #[error("nothing says which version the firmware has")]
    #[diagnostic(help(
        "give --version 1.2.3, or say it once: version = \"1.2.3\" in lifeboot.toml, or LIFEBOOT_VERSION in the \
         environment; in cargo's target folder, Cargo.toml's counts"
    ))]
    VersionNeeded,
    /// The epoch is below that of the devices.
    #[error("epoch {epoch} is below {epoch_floor}, and devices that have reached that never start it")]
    #[diagnostic(help("give --epoch {epoch_floor} or more, or say it once: epoch = {epoch_floor} in lifeboot.toml"))]
    EpochBelowFloor {
        /// The image's epoch.
        epoch: u32,
        /// The epoch that the devices have reached, as the signer states.
        epoch_floor: u32,
    },
    /// The epoch is too far above that of the devices.
    #[error("epoch {epoch} is more than {EPOCH_STEP} above {epoch_floor}, and no device takes such a step")]
    #[diagnostic(help(
        "an epoch once confirmed is never undone, so a wrong one would leave none for later releases; if your devices have \
         reached a higher epoch already, say so: --epoch-floor EPOCH (lifeboot status shows it)"
    ))]
    EpochStep {
        /// The image's epoch.
        epoch: u32,
        /// The epoch that the devices have reached, as the signer states.
        epoch_floor: u32,
    },
    /// The version in `Cargo.toml` cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    CargoVersion(#[from] CargoVersionError),
    /// The device does not report its flash map.
    #[error("the device does not report its flash map")]
    #[diagnostic(help("give a file instead: its bootloader's, its firmware's or the board's"))]
    NoMapReported,
    /// The firmware cannot be linked for slot B.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Relink(#[from] RelinkError),
    /// `lifeboot.toml` cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Settings(#[from] SettingsError),
    /// A bootloader cannot be built.
    #[error(transparent)]
    #[diagnostic(transparent)]
    BootloaderBuild(#[from] BootloaderBuildError),
    /// No bootloader was given, and none was built for the board.
    #[error("there is no bootloader at {}", .path.display())]
    #[diagnostic(help(
        "build it: {build}; or give the file, by --bootloader, or first to provision; or push to a board that runs Lifeboot"
    ))]
    BootloaderNeeded {
        /// The path that was searched.
        path: PathBuf,
        /// The command that builds one.
        build: String,
    },
    /// The keys have changed since the bootloader was built.
    #[error("{} trusts other keys than bootloader-keys names", .path.display())]
    #[diagnostic(help("build it again: lifeboot bootloader; or give the bootloader that is meant"))]
    OtherKeys {
        /// The bootloader.
        path: PathBuf,
    },
    /// Neither a bootloader nor a board was given.
    #[error("nothing says which bootloader is meant")]
    #[diagnostic(help(
        "describe the board in lifeboot.toml (lifeboot new begins one) and build it: lifeboot bootloader; or give the file, by \
         --bootloader, or first to provision"
    ))]
    NoBootloader,
    /// A project cannot be set up.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NewProject(#[from] NewProjectError),
    /// Nobody is there to answer.
    #[error("nothing says the {what}")]
    #[diagnostic(help("give {flag}"))]
    AnswerNeeded {
        /// What is to be said.
        what: &'static str,
        /// The flag that says it.
        flag: &'static str,
    },
    /// The board of an ELF file is unknown.
    #[error("the ELF file does not say which board it is for")]
    #[diagnostic(help(
        "link it with the memory.x that lifeboot-build renders for the board; or give the board's file: --board BOARD.toml"
    ))]
    BoardNeeded,
    /// The board file describes another board than the one that is flashed.
    #[error("{} does not describe the board that is flashed: {what}", .path.display())]
    #[diagnostic(help(
        "give the board file that bootloader and firmware were built with, or build them again with this one"
    ))]
    OtherBoardFile {
        /// The board file.
        path: PathBuf,
        /// The difference.
        what: String,
    },
    /// The port cannot be opened.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Port(#[from] PortError),
    /// The conversation with the device failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Link(#[from] LinkError),
    /// The log cannot be shown.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Monitor(#[from] MonitorError),
    /// The project cannot be watched or built.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Watch(#[from] WatchError),
    /// The update failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Push(#[from] PushError),
    /// The device did not carry out the request.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Device(#[from] DeviceError),
    /// The monitor ended without the text that it waited for.
    #[error("no line with {text:?} was shown")]
    #[diagnostic(help("give more time with --for; the text is looked for in messages and lines as they are shown"))]
    NotShown {
        /// The text.
        text: String,
    },
    /// The two images cannot be compared.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Difference(#[from] DifferenceError),
    /// A recorded state of a device cannot be used.
    #[error("{} cannot be used", .path.display())]
    #[diagnostic(help("record a device's state with: lifeboot status --json > status.json"))]
    Recorded {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: RecordedError,
    },
    /// The fleet cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Fleet(#[from] FleetError),
    /// A rollout cannot be made of what was given.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Rollout(#[from] DefinitionError),
    /// The log of a rollout cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Log(#[from] LogError),
    /// The rollout is not in a state for this.
    #[error(transparent)]
    #[diagnostic(transparent)]
    RolloutEvent(#[from] EventError),
    /// The rollout is not driven any further.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Drive(#[from] DriveError),
    /// The process that drives the rollout did not follow.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Order(#[from] OrderError),
    /// The gateway's table cannot be used.
    #[cfg(unix)]
    #[error(transparent)]
    #[diagnostic(transparent)]
    GatewaySetting(#[from] lifeboot_gateway::settings::SettingError),
    /// A token cannot be used.
    #[cfg(unix)]
    #[error(transparent)]
    #[diagnostic(transparent)]
    Token(#[from] lifeboot_gateway::ddi::TokenError),
    /// The gateway cannot begin, or cannot go on.
    #[cfg(unix)]
    #[error(transparent)]
    #[diagnostic(transparent)]
    Gateway(#[from] lifeboot_gateway::gateway::GatewayError),
    /// The inbox cannot be used.
    #[cfg(unix)]
    #[error(transparent)]
    #[diagnostic(transparent)]
    Inbox(#[from] lifeboot_gateway::inbox::InboxError),
    /// The system does not let this process handle signals.
    #[error("this process cannot handle signals: {0}")]
    #[diagnostic(help("run it where no policy forbids that; then try again"))]
    Signals(std::io::Error),
    /// The command was stopped by a signal while it asked devices.
    #[error("stopped before each device had answered")]
    #[diagnostic(help("nothing was changed: run the command again"))]
    Stopped,
    /// There is no fleet.
    #[error("nothing says which devices are meant: there is no fleet.toml here")]
    #[diagnostic(help(
        "describe the fleet in fleet.toml (docs/fleets.md; lifeboot devices shows the ids of what is plugged in), name another \
         file with --fleet, or give --port once for each device"
    ))]
    NoFleet,
    /// There is no rollout.
    #[error("no rollout was started here yet")]
    #[diagnostic(help(
        "start one: lifeboot rollout start IMAGE; or name the folder in which it is kept, with --state"
    ))]
    NoRollout,
    /// Nothing says where rollouts are kept.
    #[error("nothing says where rollouts are kept: this user has no home folder")]
    #[diagnostic(help("name a folder with --state, or in the variable LIFEBOOT_STATE"))]
    NoStateFolder,
    /// The rollout waits for no approval.
    #[error("the rollout waits for no approval")]
    #[diagnostic(help("see what it waits for: lifeboot rollout status"))]
    NothingToApprove,
    /// Nobody answers at a port that was given.
    #[error("no device answers at {port}: {reason}")]
    #[diagnostic(help("check what is plugged in there: lifeboot status --port {port}; or leave the port out"))]
    NobodyAt {
        /// The port.
        port: String,
        /// What was tried.
        reason: String,
    },
    /// What is kept of a rollout's ports cannot be read.
    #[error("{} cannot be read: {reason}", .path.display())]
    #[diagnostic(help(
        "use the version of lifeboot that started the rollout, or start another one: devices that run the image stay"
    ))]
    PortsOfRollout {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// `--force` names another image's digest.
    #[error("--force names another image: this one's digest begins with {digest}")]
    #[diagnostic(help("give the file that you mean to force: the one whose digest the device's refusal shows"))]
    OtherDigest {
        /// The first half of the image's digest.
        digest: String,
    },
}
