//! What is done to a device whose line is open, and how that ended, in the fleet's words.

use super::places::Taken;
use crate::device::{Act, Ending, Look, Transferred};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::describe::{reason, running};
use lifeboot_client::device::{DeviceError, rollback};
use lifeboot_client::link::Link;
use lifeboot_client::pipe::Pipe;
use lifeboot_client::push::{Options, Progress, PushError, PushOutcome, Pushed, Step, Until, push};
use lifeboot_client::refusal::Refused;
use lifeboot_client::state::{ImageState, WantedImage};
use lifeboot_wire::{Outcome, Refusal, ResetCause, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A device that has said who it is, and the line to it.
pub(super) struct Asked<'a, P> {
    pub link: Link<P>,
    pub look: Look,
    pub status: Status,
    /// Once true, nothing more is waited for.
    pub given_up: Arc<AtomicBool>,
    /// Held until the line is closed: fields are dropped in their order.
    pub port: Taken<'a>,
}

impl<P: Pipe> Asked<'_, P> {
    /// Does something to the device, and waits at most `confirm` for its confirm.
    pub fn act(
        mut self,
        act: Act,
        image: &ImageFile,
        confirm: Duration,
        progress: &mut dyn FnMut(Transferred) -> bool,
    ) -> Ending {
        self.port.begin_act(&self.look.device);
        let wanted = WantedImage::from(image);
        let mut reporter = Reporter { progress, given_up: self.given_up.clone(), at: Transferred::default() };
        let options = |until| Options { until, timeout: confirm, ..Options::default() };
        let pushed = match act {
            // What is staged is only activated; what is not there any more is sent again.
            Act::Update | Act::Activate => {
                push(&mut self.link, image, &options(Until::Confirmed), &mut reporter).map(|_| Ending::Confirmed)
            }
            Act::Stage => push(&mut self.link, image, &options(Until::Staged), &mut reporter).map(of_staging),
            Act::Check => return check(&self.status, &wanted),
            Act::Rollback => return self.roll_back(&wanted, confirm),
        };
        pushed.unwrap_or_else(of_push)
    }

    fn roll_back(&mut self, image: &WantedImage, confirm: Duration) -> Ending {
        match ImageState::of(&self.status, image) {
            // It runs what it ran before, or something else that this rollout has not brought.
            ImageState::Rejected(_) | ImageState::Absent | ImageState::Staged => return Ending::Restored,
            ImageState::Confirmed | ImageState::Trial(_) | ImageState::Marked => {}
        }
        match rollback(&mut self.link, confirm) {
            Ok(_) => Ending::Restored,
            Err(DeviceError::Refused(refused)) => of_refusal(&refused),
            Err(DeviceError::Away { .. }) => Ending::Silent { last: running(&self.status) },
            Err(error @ (DeviceError::Stayed { .. } | DeviceError::InRecovery { .. })) => {
                Ending::Refused { reason: error.to_string() }
            }
            Err(error) => Ending::Interrupted { reason: error.to_string() },
        }
    }
}

/// Returns whether the image still runs and is confirmed.
fn check(status: &Status, image: &WantedImage) -> Ending {
    match ImageState::of(status, image) {
        ImageState::Confirmed => Ending::Confirmed,
        ImageState::Rejected(outcome) => rolled_back(&outcome),
        ImageState::Trial(_) | ImageState::Marked | ImageState::Staged | ImageState::Absent => {
            let reason = format!("runs {} instead", running(status));
            Ending::RolledBack { reason, cause: None, pc: None }
        }
    }
}

/// How it ended that the image was brought to a device, which may have started it before.
fn of_staging(pushed: Pushed) -> Ending {
    match pushed.outcome {
        PushOutcome::Staged => Ending::Staged,
        PushOutcome::Confirmed | PushOutcome::AlreadyConfirmed => Ending::Confirmed,
        PushOutcome::Marked | PushOutcome::OnTrial => {
            Ending::Interrupted { reason: "the image is being tried: another host has started it".to_owned() }
        }
    }
}

fn of_push(error: PushError) -> Ending {
    match error {
        PushError::RolledBack { outcome, .. } => rolled_back(&outcome),
        PushError::Refused(refused) => of_refusal(&refused),
        PushError::CannotStage { .. } => Ending::Refused { reason: error.to_string() },
        PushError::Unconfirmed { last, .. } => Ending::Silent { last },
        error => Ending::Interrupted { reason: error.to_string() },
    }
}

fn of_refusal(refused: &Refused) -> Ending {
    let reason = format!("{}; {}", refused.meaning(), refused.next());
    match refused.refusal {
        // What another host or the firmware does at this moment, or a bad moment of the flash.
        Refusal::Busy | Refusal::TrialRunning | Refusal::Superseded | Refusal::OtherRunning | Refusal::OtherTarget => {
            Ending::Interrupted { reason }
        }
        Refusal::Rejected => Ending::RolledBack { reason, cause: None, pc: None },
        _ => Ending::Refused { reason },
    }
}

fn rolled_back(outcome: &Outcome) -> Ending {
    let cause = match outcome.cause {
        ResetCause::Unknown => None,
        ResetCause::PowerOn => Some("power_on"),
        ResetCause::BrownOut => Some("brown_out"),
        ResetCause::Pin => Some("pin"),
        ResetCause::Watchdog => Some("watchdog"),
        ResetCause::Fault => Some("fault"),
        ResetCause::Request => Some("request"),
    };
    let pc = outcome.fault.map(|fault| fault.pc);
    Ending::RolledBack { reason: reason(outcome), cause: cause.map(str::to_owned), pc }
}

/// How it ended for a device that was not found.
pub(super) fn absent(tried: &[String]) -> Ending {
    let reason = if tried.is_empty() { "there is no port to look for it at".to_owned() } else { tried.join("; ") };
    Ending::Absent { reason }
}

/// Passes the progress of a push on, and its end.
struct Reporter<'a> {
    progress: &'a mut dyn FnMut(Transferred) -> bool,
    given_up: Arc<AtomicBool>,
    at: Transferred,
}

impl Reporter<'_> {
    fn report(&mut self) {
        if !(self.progress)(self.at) {
            self.given_up.store(true, Ordering::Relaxed);
        }
    }
}

impl Progress for Reporter<'_> {
    fn step(&mut self, step: Step) {
        // Once the image is pending, the act must not be given up: the device starts it in any case.
        if !matches!(step, Step::Restarting | Step::Trial(_)) {
            self.report();
        }
    }

    fn bytes(&mut self, done: u64, total: u64) {
        self.at = Transferred { done, total };
        self.report();
    }
}
