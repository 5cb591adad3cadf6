//! Reports on what a watch does: each step, and in the end all of it.

use crate::failure::FailureDetails;
use crate::push::Pushed;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// Paths that are too many for a line.
const MANY: usize = 3;

/// `lifeboot watch` while it goes on, a line each; pushes and what the device logs have events of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum WatchEvent {
    /// It waits for a change.
    Watching {
        /// Of these files or folders.
        paths: Vec<String>,
    },
    /// It builds.
    Building,
    /// The build failed; the compiler has said why, on stderr.
    BuildFailed,
    /// There is nothing new in what was built.
    Unchanged {
        /// The program.
        elf: String,
    },
    /// The device runs it already, confirmed.
    RunsAlready {
        /// Version and slot.
        firmware: String,
    },
    /// The device has rejected just this before, so it is not pushed again.
    RejectedBefore {
        /// Why it was.
        reason: String,
    },
    /// It pushes.
    Pushing {
        /// The image's version.
        version: String,
        /// The image's digest, 64 hexadecimal digits.
        digest: String,
    },
    /// A push went well.
    Pushed(Pushed),
    /// A build could not be signed or pushed, or was rolled back.
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

/// `lifeboot watch`: what it has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Watched {
    /// Builds that went well.
    pub builds: u64,
    /// Builds that failed.
    pub failed_builds: u64,
    /// Pushes that were confirmed.
    pub confirmed: u64,
    /// Pushes that failed or were rolled back.
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
