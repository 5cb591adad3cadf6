//! Reports on a watch: each step, and a summary at the end.

use crate::failure::FailureDetails;
use crate::push::Pushed;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// Most paths that a line shows.
const MANY: usize = 3;

/// The progress of `lifeboot watch`, a line for each event; pushes and the device's log have events of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum WatchEvent {
    /// The watch waits for a change.
    Watching {
        /// The watched files or folders.
        paths: Vec<String>,
    },
    /// A build has started.
    Building,
    /// The build failed; the compiler's messages are on stderr.
    BuildFailed,
    /// The firmware is linked for slot B as well, to prove the image: what it is linked with is new.
    Proving,
    /// The build produced the same program as before.
    Unchanged {
        /// The program's ELF file.
        elf: String,
    },
    /// The device already runs the image, confirmed.
    RunsAlready {
        /// Version and slot.
        firmware: String,
    },
    /// The device rejected this image before, so it is not pushed again.
    RejectedBefore {
        /// Why it was rejected.
        reason: String,
    },
    /// A push has started.
    Pushing {
        /// The image's version.
        version: String,
        /// The image's digest, 64 hexadecimal digits.
        digest: String,
    },
    /// A push succeeded.
    Pushed(Pushed),
    /// A build could not be signed or pushed, or its image was rolled back.
    Failed {
        /// What went wrong, why, and what to do.
        error: FailureDetails,
    },
}

impl Display for WatchEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WatchEvent::Watching { paths } if paths.len() > MANY => {
                write!(f, "watch: waiting for a change in {} folders", paths.len())
            }
            WatchEvent::Watching { paths } => write!(f, "watch: waiting for a change of {}", paths.join(", ")),
            WatchEvent::Building => f.write_str("watch: building"),
            WatchEvent::BuildFailed => f.write_str("watch: the build failed; waiting for the next change"),
            WatchEvent::Proving => f.write_str("watch: proving: linking the firmware for slot B"),
            WatchEvent::Unchanged { elf } => write!(f, "watch: {elf} is the same as before"),
            WatchEvent::RunsAlready { firmware } => write!(f, "watch: the device runs it already: {firmware}"),
            WatchEvent::RejectedBefore { reason } => {
                write!(f, "watch: the device has rejected this very build before: {reason}; not pushed again")
            }
            WatchEvent::Pushing { version, .. } => write!(f, "watch: pushing {version}"),
            WatchEvent::Pushed(pushed) => write!(f, "watch: {}", pushed.to_string().replace('\n', "\nwatch: ")),
            WatchEvent::Failed { error } => {
                write!(f, "watch: not done: {}", error.message)?;
                error.because.iter().try_for_each(|because| write!(f, "\n  because: {because}"))?;
                error.help.iter().try_for_each(|help| write!(f, "\n  help: {help}"))
            }
        }
    }
}

/// `lifeboot watch`: the summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Watched {
    /// Number of successful builds.
    pub builds: u64,
    /// Number of failed builds.
    pub failed_builds: u64,
    /// Number of pushes that were confirmed.
    pub confirmed: u64,
    /// Number of pushes that failed or were rolled back.
    pub failed_pushes: u64,
}

impl Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Watched { builds, failed_builds, confirmed, failed_pushes } = self;
        write!(
            f,
            "interrupted: {builds} builds and {failed_builds} failed ones, {confirmed} pushes confirmed and \
             {failed_pushes} failed"
        )
    }
}
