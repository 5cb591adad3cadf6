//! Why a log cannot be used.

use crate::definition::RolloutId;
use crate::device::DeviceId;
use crate::rollout::ReplayError;
use miette::Diagnostic;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a log cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum LogError {
    /// The operating system refuses.
    #[error("cannot {what} {}: {source}", .path.display())]
    #[diagnostic(help("check that the folder exists and can be written, and that the disk is not full"))]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The process has too many files open.
    #[error("cannot lock {}: too many files are open", .0.display())]
    #[diagnostic(help("each device of a rollout needs an open file: raise the limit, as with ulimit -n 20000"))]
    TooManyFiles(PathBuf),
    /// Another process drives the rollout.
    #[error("another process drives the rollout {0}")]
    #[diagnostic(help(
        "see what it does: lifeboot rollout status --follow; two processes must not drive the same rollout"
    ))]
    InUse(RolloutId),
    /// Another rollout has the device.
    #[error("the device {device} is in {}, which is not over", named(.rollout.as_deref()))]
    #[diagnostic(help("wait until that rollout is over, or abort it: a device takes part in one rollout at a time"))]
    DeviceInUse {
        /// The device.
        device: DeviceId,
        /// The other rollout, if it is known.
        rollout: Option<String>,
    },
    /// There is a rollout of this name.
    #[error("there is a rollout {0} already")]
    #[diagnostic(help("go on with it: lifeboot rollout resume; or choose another name"))]
    Exists(RolloutId),
    /// There is none of this name.
    #[error("there is no rollout {0}")]
    #[diagnostic(help("list them: lifeboot rollout list"))]
    Missing(RolloutId),
    /// The machine crashed before the start was on the disk.
    #[error("the rollout {0} was never started: its log is empty")]
    #[diagnostic(help("nothing was done with any device: start it again under the same name"))]
    Empty(RolloutId),
    /// It is a log of another format.
    #[error("{}:1: {found} is not a format that this program reads", .path.display())]
    #[diagnostic(help("use the version of lifeboot that began the rollout, or a newer one"))]
    Format {
        /// The file.
        path: PathBuf,
        /// What stands there.
        found: String,
    },
    /// A line is damaged.
    #[error("{}:{line}: {what}", .path.display())]
    #[diagnostic(help(
        "restore the file from a copy. Without one, keep it as it is, and start a rollout of another name: devices that run the \
         image already are left as they are"
    ))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The events do not follow on each other.
    #[error("{}: {source}", .path.display())]
    #[diagnostic(help(
        "restore the file from a copy; it was written by another version of this program, or changed by hand"
    ))]
    Replay {
        /// The file.
        path: PathBuf,
        /// Which, and why.
        source: ReplayError,
    },
    /// A write failed before.
    #[error("{} took no line before, and what it holds is not known", .0.display())]
    #[diagnostic(help("begin nothing more; once the disk works, take the rollout over: lifeboot rollout resume"))]
    Broken(PathBuf),
}

fn named(rollout: Option<&str>) -> String {
    rollout.map_or_else(|| "another rollout".to_owned(), |name| format!("the rollout {name}"))
}

impl LogError {
    /// Returns what makes an error of the operating system's.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LogError {
        move |source| LogError::Io { what, path: path.to_owned(), source }
    }
}
