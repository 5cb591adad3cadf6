//! What the device does next if a push or an activation is stopped, and how to go on.

use super::error::PushError;
use crate::describe::running;
use crate::link::{Link, Retry};
use crate::pipe::Pipe;
use crate::state::{ImageState, WantedImage};

/// How long a stopped push waits for the device's state.
const SHORTLY: Retry = Retry { attempts: 2, ..Retry::SHORT };

/// What was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    Push,
    /// Nothing is sent by it: the image is on the device, or is not.
    Activation,
}

impl Stopped {
    /// Returns one of two texts: for a push, and for an activation.
    fn either(self, push: &'static str, activation: &'static str) -> &'static str {
        if self == Stopped::Push { push } else { activation }
    }
}

/// Leaves the device to the next host, and describes what it does from then on.
pub(super) fn describe<P: Pipe>(link: &mut Link<P>, image: &WantedImage, what: Stopped) -> PushError {
    link.release();
    let status = link.unstopped(|link| link.status(SHORTLY));
    let (state, next) = match status {
        Err(_) => (
            "the device did not answer any more; whatever it was doing, it starts nothing that does not verify"
                .to_owned(),
            what.either(
                "lifeboot status shows what it runs; to go on, push again: it resumes",
                "lifeboot status shows what it runs; to go on, lifeboot activate again",
            ),
        ),
        Ok(status) => match ImageState::of(&status, image) {
            ImageState::Confirmed => {
                (format!("the device runs {}", running(&status)), "nothing is left to do: lifeboot status shows it")
            }
            ImageState::Trial(_) => (
                format!("the device runs {}, and goes back by itself unless that confirms", running(&status)),
                "lifeboot status tells how it ended; lifeboot rollback ends the trial now",
            ),
            ImageState::Marked => (
                format!("the device runs {}; its next reset starts the new image on trial", running(&status)),
                what.either(
                    "to go on, push again, or lifeboot reset; to call it off, lifeboot cancel",
                    "to go on, lifeboot activate again, or lifeboot reset; to call it off, lifeboot cancel",
                ),
            ),
            ImageState::Staged => (
                format!("the device goes on with {}; the new image is staged in the other slot", running(&status)),
                what.either("to go on, push again, or lifeboot activate", "to go on, lifeboot activate again"),
            ),
            ImageState::Rejected(_) => {
                (format!("the device has rolled back and runs {}", running(&status)), "lifeboot status tells why")
            }
            ImageState::Absent if what == Stopped::Activation => (
                format!("the device goes on with {}; the image is not in its other slot", running(&status)),
                "bring it there first: lifeboot push, or lifeboot push --stage",
            ),
            ImageState::Absent => (
                format!("the device goes on with {}; what was sent stays in the other slot", running(&status)),
                "to go on, push again: it resumes",
            ),
        },
    };
    PushError::Stopped { state, next }
}
