//! Reports on a push: its progress and its result.

use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::push::{self, Interruption, PatchUse, PushOutcome, Step};
use lifeboot_client::state::WantedImage;
use lifeboot_wire::Recovery;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// The progress of `lifeboot push`, a line for each event.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum PushEvent {
    /// The push has reached another step.
    Step {
        /// The step.
        step: PushStep,
        /// The starts that the trial has left after a crash, if the device reports them.
        attempts: Option<u8>,
    },
    /// The image has patches, and it was decided whether to send one.
    Patch {
        /// Whether a patch is sent.
        used: bool,
        /// Description of the decision.
        text: String,
    },
    /// Bytes have arrived.
    Progress {
        /// Bytes of the image that are in the slot; or bytes of a patch that are on the device.
        done: u64,
        /// Size of the image, or of the patch, in bytes.
        total: u64,
        /// Those of the bytes in the slot that were there already.
        skipped: u64,
    },
    /// Confirming the image will have an irreversible effect; nothing was sent yet.
    ConfirmEffect {
        /// Description of the effect.
        text: String,
    },
}

/// A step of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PushStep {
    /// The device's state is requested.
    Asking,
    /// The bootloader is in recovery mode: no slot can be started.
    NothingStarts,
    /// The bootloader is in recovery mode, as requested.
    RecoveryRequested,
    /// The bootloader is in recovery mode: the confirmed firmware crashes again and again.
    Crashes,
    /// The bootloader is in recovery mode: only rejected or crashing firmware is left.
    LastFirmware,
    /// The image is offered; the device checks its signature.
    Offering,
    /// The content of the slot is compared with the image.
    Comparing,
    /// What the slot does not hold is sent.
    Sending,
    /// The device reads the slot back and verifies it.
    Verifying,
    /// The device verifies the staged image again, and makes it pending.
    Activating,
    /// The device lost the update: it is resumed.
    Resuming,
    /// The slot does not match its reported digests: everything is sent.
    SendingAll,
    /// The patch did not produce the image: the image is sent.
    SendingImage,
    /// What was staged is not whole any more: it is sent again.
    SendingAgain,
    /// The device is restarted.
    Restarting,
    /// The new firmware runs, and must confirm.
    Trial,
}

impl From<Step> for PushEvent {
    fn from(step: Step) -> Self {
        let (step, attempts) = match step {
            Step::Asking => (PushStep::Asking, None),
            Step::Recovery(Recovery::NothingStarts) => (PushStep::NothingStarts, None),
            Step::Recovery(Recovery::Requested) => (PushStep::RecoveryRequested, None),
            Step::Recovery(Recovery::Crashes) => (PushStep::Crashes, None),
            Step::Recovery(Recovery::LastFirmware) => (PushStep::LastFirmware, None),
            Step::Beginning => (PushStep::Offering, None),
            Step::Comparing => (PushStep::Comparing, None),
            Step::Sending => (PushStep::Sending, None),
            Step::Verifying => (PushStep::Verifying, None),
            Step::Activating => (PushStep::Activating, None),
            Step::StartingOver(Interruption::NotAsStaged) => (PushStep::SendingAgain, None),
            Step::StartingOver(Interruption::TransferEnded) => (PushStep::Resuming, None),
            Step::StartingOver(Interruption::NotAsSurveyed) => (PushStep::SendingAll, None),
            Step::StartingOver(Interruption::PatchFailed) => (PushStep::SendingImage, None),
            Step::Restarting => (PushStep::Restarting, None),
            Step::Trial(trial) => (PushStep::Trial, trial.map(|trial| trial.attempts)),
        };
        PushEvent::Step { step, attempts }
    }
}

impl From<&PatchUse> for PushEvent {
    fn from(used: &PatchUse) -> Self {
        PushEvent::Patch { used: matches!(used, PatchUse::Sent { .. }), text: used.to_string() }
    }
}

impl Display for PushEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (step, attempts) = match self {
            PushEvent::Step { step, attempts } => (step, attempts),
            PushEvent::ConfirmEffect { text } | PushEvent::Patch { text, .. } => return f.write_str(text),
            PushEvent::Progress { done, total, skipped: 0 } => return write!(f, "  {done} of {total} bytes"),
            PushEvent::Progress { done, total, skipped } => {
                return write!(f, "  {done} of {total} bytes, {skipped} of them were there already");
            }
        };
        f.write_str(match step {
            PushStep::Asking => "asking the device",
            PushStep::NothingStarts => "the bootloader is in recovery mode: no slot can be started",
            PushStep::RecoveryRequested => "the bootloader is in recovery mode: it was requested",
            PushStep::Crashes => "the bootloader is in recovery mode: the confirmed firmware crashes again and again",
            PushStep::LastFirmware => "the bootloader is in recovery mode: only rejected or crashing firmware is left",
            PushStep::Offering => "offering the image",
            PushStep::Comparing => "looking for what is there already",
            PushStep::Sending => "sending",
            PushStep::Verifying => "the device verifies",
            PushStep::Activating => "the device verifies the staged image, and activates it",
            PushStep::SendingAgain => "what was staged is not whole any more: sending it again",
            PushStep::Resuming => "the device lost the update: resuming",
            PushStep::SendingAll => "the slot holds something else: sending all of it",
            PushStep::SendingImage => "starting over, with the image itself",
            PushStep::Restarting => "restarting the device",
            PushStep::Trial => match attempts {
                None => "the new firmware runs; waiting for it to confirm",
                Some(attempts) => {
                    return write!(
                        f,
                        "the new firmware runs on trial, {attempts} more starts left; waiting for it to confirm"
                    );
                }
            },
        })
    }
}

/// `lifeboot push`: the result.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Pushed {
    /// The image's version.
    pub version: String,
    /// The image's digest, 64 hexadecimal digits.
    pub digest: String,
    /// How the push ended.
    pub outcome: PushResult,
    /// Bytes of the image, or of a patch to it, that were sent, including those sent again.
    pub sent: u64,
    /// Bytes of the image that the slot already held.
    pub skipped: u64,
    /// Bytes that were sent again.
    pub retransmitted: u64,
    /// The version that the sent patch was made from; `null` if the image itself was sent, or nothing.
    pub patched_from: Option<String>,
    /// Bytes that the patch saved.
    pub saved: u64,
}

/// How a successful push ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PushResult {
    /// The image runs and is confirmed.
    Confirmed,
    /// The image already ran and was confirmed: nothing was done.
    AlreadyConfirmed,
    /// The image is in the slot, verified; the next reset starts it on trial.
    Marked,
    /// The image already runs on trial, and the push was not to wait.
    OnTrial,
    /// The image is in the slot, verified; no reset starts it before it is activated.
    Staged,
}

impl From<PushOutcome> for PushResult {
    fn from(outcome: PushOutcome) -> Self {
        match outcome {
            PushOutcome::Confirmed => PushResult::Confirmed,
            PushOutcome::AlreadyConfirmed => PushResult::AlreadyConfirmed,
            PushOutcome::Marked => PushResult::Marked,
            PushOutcome::OnTrial => PushResult::OnTrial,
            PushOutcome::Staged => PushResult::Staged,
        }
    }
}

impl Display for PushResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PushResult::Confirmed => "runs and is confirmed",
            PushResult::AlreadyConfirmed => "runs already and is confirmed: nothing to do",
            PushResult::OnTrial => "runs already, on trial: nothing to do but to wait",
            PushResult::Marked => "is in its slot, verified; the next reset starts it on trial",
            PushResult::Staged => "is in its slot, verified and staged; no reset starts it before lifeboot activate",
        })
    }
}

/// `lifeboot activate`: the result.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Activated {
    /// The start of the image's digest, 32 hexadecimal digits.
    pub digest: String,
    /// The image's version; `null` if only its digest was given.
    pub version: Option<String>,
    /// How it ended; never `staged`.
    pub outcome: PushResult,
}

impl Activated {
    /// Makes the report on the activation of this image.
    pub fn new(image: &WantedImage, outcome: PushOutcome) -> Activated {
        let version = image.header.map(|header| header.version.to_string());
        Activated { digest: hex(&image.digest), version, outcome: outcome.into() }
    }
}

impl Display for Activated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.version.as_ref().unwrap_or(&self.digest), self.outcome)
    }
}

impl Pushed {
    /// Makes the report on a push of this image.
    pub fn new(pushed: &push::Pushed, image: &ImageFile) -> Pushed {
        let header = image.header();
        let (patched_from, saved) = match pushed.patch {
            Some(PatchUse::Sent { from, bytes, whole }) => {
                (Some(from.to_string()), u64::from(whole.saturating_sub(bytes)))
            }
            _ => (None, 0),
        };
        Pushed {
            version: header.version.to_string(),
            digest: hex(&header.digest),
            outcome: pushed.outcome.into(),
            sent: pushed.sent,
            skipped: pushed.skipped,
            retransmitted: pushed.retransmitted,
            patched_from,
            saved,
        }
    }
}

impl Display for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pushed { version, sent, skipped, retransmitted, saved, .. } = self;
        if let Some(from) = &self.patched_from {
            let percent = saved * 100 / (sent + saved).max(1);
            let bytes = format_args!("{sent} bytes sent, {retransmitted} of them again");
            writeln!(f, "{bytes}, as a patch from {from}: {saved} saved ({percent} %)")?;
        } else if sent + skipped > 0 {
            writeln!(f, "{sent} bytes sent, {retransmitted} of them again; {skipped} were there already")?;
        }
        write!(f, "{version} {}", self.outcome)
    }
}
