//! The meaning of a device's refusals, in their own words or, where more is known, in more specific ones; and what to do next.

use crate::describe::{board_name, earlier_reason, reason};
use crate::state::{content, is_rejection, other};
use lifeboot_artifact::hex;
use lifeboot_core::image::Header;
use lifeboot_core::layout::EPOCH_STEP;
use lifeboot_core::{Slot, Version};
use lifeboot_wire::{IMAGE_NAME, Refusal, Rejection, SESSION_TIMEOUT_MS, SlotContent, Status};
use miette::Diagnostic;
use std::error::Error;
use std::fmt::{self, Display};

/// What is known about a refused request; more context gives more specific texts.
#[derive(Clone, Copy, Debug, Default)]
pub struct RefusalContext<'a> {
    /// The device's state.
    pub status: Option<&'a Status>,
    /// The image that was offered; `None` if the request was about the content of the other slot.
    pub image: Option<&'a Header>,
    /// The start of the digest of the image that was named, if no more is known of it.
    pub named: Option<[u8; IMAGE_NAME]>,
    /// The images that the device rejected before the last outcome.
    pub quarantine: &'a [Rejection],
}

/// A refusal, with its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The refusal that the device reported.
    pub refusal: Refusal,
    meaning: String,
    next: String,
}

impl Refused {
    /// Describes a refusal.
    pub fn new(refusal: Refusal, context: RefusalContext) -> Self {
        let (meaning, next) = describe(refusal, context);
        Refused { refusal, meaning, next }
    }

    /// Returns the reason.
    pub fn meaning(&self) -> &str {
        &self.meaning
    }

    /// Returns what to do next.
    pub fn next(&self) -> &str {
        &self.next
    }
}

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the device refused: {}", self.meaning)
    }
}

impl Error for Refused {}

impl Diagnostic for Refused {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(&self.next))
    }
}

/// What to do about an image that runs in one slot only.
const RELOCATABLE: &str =
    "sign it from firmware that was linked with --emit-relocs, without --bound: then it runs in either slot";

/// Returns the meaning and what to do next. The meaning is in the refusal's own words, unless more is known.
fn describe(refusal: Refusal, context: RefusalContext) -> (String, String) {
    let RefusalContext { status, image, .. } = context;
    // What it would lead to is not the previous firmware.
    let status = status.filter(|_| context.named.is_none());
    let key = image.map(|image| format!(" {}", hex(&image.key_id))).unwrap_or_default();
    let next = match refusal {
        Refusal::NoImage => "push one: lifeboot push IMAGE; lifeboot status shows what is there",
        Refusal::Format => "sign with the lifeboot that the running firmware was built with, or update in two steps",
        Refusal::UnknownKey => {
            let which = image.map(|image| format!(" (its key is {})", hex(&image.key_id))).unwrap_or_default();
            return (
                format!("{refusal}{which}"),
                "sign it with a key whose public half the bootloader was built with".to_owned(),
            );
        }
        Refusal::RevokedKey => {
            if let (Some(previous), None) = (status.and_then(previous), image) {
                return (
                    format!("the key that signed the previous firmware, {previous}, was revoked on this device"),
                    "push a corrected release that another of its keys signed: lifeboot keys shows them".to_owned(),
                );
            }
            return (
                format!("the key{key} that signed it was revoked on this device"),
                "sign it with one of the bootloader's other keys: lifeboot keys shows them".to_owned(),
            );
        }
        Refusal::Signature => "the header was changed after it was signed: sign it again",
        Refusal::Board => return other_board(status, image),
        Refusal::Map => return other_map(status, image),
        Refusal::Bounds => {
            "build it with the flash map that the device's bootloader was built with, and small enough for a slot"
        }
        Refusal::OtherSlot if status.is_some_and(|status| status.recovery.is_some()) => {
            return ("the image is bound to the slot that is kept".to_owned(), RELOCATABLE.to_owned());
        }
        Refusal::OtherSlot => RELOCATABLE,
        Refusal::Bootloader => "a bootloader is not updated in the field: build the firmware for the one that is there",
        Refusal::Epoch => return epoch(status, image),
        Refusal::EpochStep => return epoch_step(status, image),
        Refusal::OwnKey => {
            return (
                format!(
                    "the image would revoke the key{key} that signed it, and no device gives up what may be its last"
                ),
                "sign it with another of the bootloader's keys: lifeboot keys shows them".to_owned(),
            );
        }
        Refusal::Table => "push again; if that does not help, sign the image again. The running firmware is untouched",
        Refusal::Digest => {
            "push again; if that does not help, its flash is worn out. The running firmware is untouched"
        }
        Refusal::Entry => {
            "its vector table must come first in flash: check the linker script, then build and sign it again"
        }
        Refusal::Stack => "check the linker script's RAM, then build and sign it again",
        Refusal::Flash => {
            "push again; if that does not help, the flash is worn out or protected. The running firmware is untouched"
        }
        Refusal::OtherRunning | Refusal::OtherTarget => "somebody else updated it: see lifeboot status",
        Refusal::TrialRunning if status.is_some_and(|status| status.confirmed.is_none()) => {
            return (
                "the firmware that runs is on trial, and no other is confirmed".to_owned(),
                "tell it to confirm if it works (lifeboot confirm), or push in recovery mode: lifeboot reset --recovery".to_owned(),
            );
        }
        Refusal::TrialRunning => {
            "wait until it confirms, tell it to (lifeboot confirm), or go back first (lifeboot rollback)"
        }
        Refusal::Rejected => return rejected(context),
        Refusal::Schema => "use firmware whose range of storage schemas includes the device's",
        Refusal::Busy => {
            let seconds = SESSION_TIMEOUT_MS / 1000;
            return (
                refusal.to_string(),
                format!("try again when that one is done, or has been silent for {seconds} seconds"),
            );
        }
        Refusal::NoTransfer | Refusal::Incomplete => "push again: it resumes",
        Refusal::NotErased => {
            "push again; if that does not help, the flash is worn out. The running firmware is untouched"
        }
        Refusal::Command => "its firmware is older than this lifeboot: use the lifeboot that belongs to it",
        Refusal::OtherImage => "push the whole image: lifeboot push --whole IMAGE",
        Refusal::Patch => "push again; if that does not help, push the whole image: lifeboot push --whole IMAGE",
        Refusal::Superseded => "try again; a push resumes. If its application updates itself, let that finish first",
        Refusal::RollbackRequested => "restart it: lifeboot reset; then the confirmed firmware runs",
        Refusal::NothingPending => "lifeboot status shows what the slots hold; to leave what runs, lifeboot rollback",
        Refusal::AlreadyStarted => "end its trial: lifeboot confirm keeps it, lifeboot rollback rejects it",
        Refusal::Cancelled => "push that image to try it after all, or another release",
        Refusal::NotStaged => "stage it first: lifeboot push --stage IMAGE; lifeboot status shows what the slots hold",
        Refusal::Staged => "to try the staged one: lifeboot activate DIGEST; lifeboot status shows its digest",
        Refusal::Geometry => "give Updater::new a driver whose units divide the map's; docs/guide.md has the rule",
        Refusal::NoBootloader => "flash the bootloader once with a debug probe",
        Refusal::NoSlot => {
            "link it with the memory.x of this board, sign it, and flash it together with the bootloader"
        }
        Refusal::Recovery => "push firmware; lifeboot reset starts what can be started",
    };
    (refusal.to_string(), next.to_owned())
}

fn other_board(status: Option<&Status>, image: Option<&Header>) -> (String, String) {
    let meaning = match (status, image) {
        (Some(status), Some(image)) => {
            format!("the image is for board {}, and this is {}", board_name(&image.board), board_name(&status.board))
        }
        _ => Refusal::Board.to_string(),
    };
    (meaning, "push the image that was signed for this board, or give the port of the other device".to_owned())
}

fn other_map(status: Option<&Status>, image: Option<&Header>) -> (String, String) {
    let meaning = match (status, image) {
        (Some(status), Some(image)) if image.map_digest != status.map => format!(
            "the image is for another flash map of board {} ({:08x}) than the device has ({:08x})",
            board_name(&status.board),
            image.map_digest,
            status.map
        ),
        _ => Refusal::Map.to_string(),
    };
    let next = "build the firmware with the board's description that the device's bootloader was built with, and sign it again";
    (meaning, next.to_owned())
}

/// Describes what a rollback would lead to.
fn previous(status: &Status) -> Option<String> {
    let slot = other(status.running);
    match content(status, slot) {
        SlotContent::Image { version, .. } => Some(format!("{} in slot {}", Version::from(version), Slot::from(slot))),
        SlotContent::Empty | SlotContent::Unfinished => None,
    }
}

fn epoch(status: Option<&Status>, image: Option<&Header>) -> (String, String) {
    if let (Some(status), None) = (status, image)
        && let Some(previous) = previous(status)
        && let SlotContent::Image { epoch, .. } = content(status, other(status.running))
    {
        let floor = status.epoch_floor;
        return (
            format!("the previous firmware, {previous}, has epoch {epoch}, and the device starts none below {floor}"),
            format!("push a corrected release with epoch {floor} or more: the floor never falls"),
        );
    }
    let meaning = match (status, image) {
        (Some(status), Some(image)) => {
            format!("the image has epoch {}, and the device starts none below {}", image.epoch, status.epoch_floor)
        }
        _ => Refusal::Epoch.to_string(),
    };
    let next = "a fixed hole would open again: push a release with a higher epoch; the device's never goes back";
    (meaning, next.to_owned())
}

fn epoch_step(status: Option<&Status>, image: Option<&Header>) -> (String, String) {
    let meaning = match (status, image) {
        (Some(status), Some(image)) => format!(
            "the image has epoch {}, and the device takes no step of more than {EPOCH_STEP} from its {}",
            image.epoch, status.epoch_floor
        ),
        _ => format!("the image's epoch is more than {EPOCH_STEP} above the device's"),
    };
    let next =
        "its confirm would use up the epochs of later releases for ever: sign with the next epoch, usually one more";
    (meaning, next.to_owned())
}

fn rejected(RefusalContext { status, image, named, quarantine }: RefusalContext) -> (String, String) {
    let held = status.and_then(|status| match content(status, other(status.running)) {
        SlotContent::Image { digest, .. } => Some(digest),
        _ => None,
    });
    let offered = image.and_then(|image| image.digest.first_chunk().copied()).or(named);
    let digest = offered.or(held);
    let why = digest.and_then(|digest| {
        let last = status.and_then(|status| status.outcome);
        let last = last.filter(|last| is_rejection(last.ending) && last.digest == digest);
        let earlier = quarantine.iter().find(|earlier| digest.starts_with(&earlier.digest));
        last.map(|last| reason(&last)).or_else(|| earlier.map(earlier_reason))
    });
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let digits = digest.map_or("DIGEST".to_owned(), |digest| hex(&digest));
    match offered {
        Some(_) => (
            format!("this image was rejected here before{why}"),
            format!("push a corrected one; to try this very one again all the same, type its digest: --force {digits}"),
        ),
        None => (
            format!("there is no previous firmware to go back to: the other slot holds what was rejected here{why}"),
            format!("push a release; to try the rejected one again all the same, push it with --force {digits}"),
        ),
    }
}
