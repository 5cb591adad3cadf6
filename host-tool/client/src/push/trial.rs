//! Restarts the device into the new firmware, and waits for its outcome.

use super::error::PushError;
use super::progress::{Progress, Step};
use crate::describe::{reason, running};
use crate::link::{Link, LinkError, Retry};
use crate::pipe::Pipe;
use crate::restart::{POLL, RESET_AGAIN};
use crate::state::{ImageState, WantedImage};
use lifeboot_wire::Command;
use std::time::Duration;

const ONCE: Retry = Retry { attempts: 1, ..Retry::SHORT };

/// Waits until the image is confirmed, after restarting the device if it has not started the image yet.
pub(super) fn watch<P: Pipe>(
    link: &mut Link<P>,
    image: &WantedImage,
    timeout: Duration,
    progress: &mut dyn Progress,
) -> Result<(), PushError> {
    let until = link.now().saturating_add(timeout);
    let mut last = "no answer".to_owned();
    let mut asked = None;
    loop {
        // During a restart there may be no answer, and a USB device has no port: only the timeout ends the wait.
        let answer = link.status(ONCE);
        if let Err(LinkError::Stopped) = answer {
            return Err(LinkError::Stopped.into());
        }
        if let Ok(status) = answer {
            last = running(&status);
            match ImageState::of(&status, image) {
                ImageState::Confirmed => return Ok(()),
                ImageState::Trial(trial) => progress.step(Step::Trial(trial)),
                ImageState::Rejected(outcome) => {
                    return Err(PushError::RolledBack { reason: reason(&outcome), running: last, outcome });
                }
                ImageState::Absent | ImageState::Staged => return Err(PushError::CalledOff { running: last }),
                ImageState::Marked if asked.is_none_or(|asked| link.now().saturating_sub(asked) > RESET_AGAIN) => {
                    progress.step(Step::Restarting);
                    asked = Some(link.now());
                    // Sent once; its effect shows whether it was received. A repetition could reach the new firmware,
                    // and cost it one of its starts.
                    let _ = link.ask(&Command::Reset, ONCE);
                }
                ImageState::Marked => {}
            }
        }
        if link.now() >= until {
            return Err(PushError::Unconfirmed { seconds: timeout.as_secs(), last });
        }
        link.pause(POLL);
    }
}
