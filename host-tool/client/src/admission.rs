//! Whether a device would accept an image, judged from its state before anything is sent, with the texts of its
//! refusals.
//!
//! The rules and their order are those of `lifeboot_updater::Updater::begin`. The device has the last word: its state
//! does not report which keys its bootloader holds, nor the schema of its stored data.

use crate::describe::{board_name, running};
use crate::push::accepted;
use crate::refusal::{RefusalContext, Refused};
use crate::state::{WantedImage, is_image, is_on_trial, is_rejection, running_content, target};
use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::{ImageFile, SlotUse};
use lifeboot_core::Slot;
use lifeboot_core::image::{Invalid, Trust};
use lifeboot_core::info::key_id;
use lifeboot_core::layout::EPOCH_STEP;
use lifeboot_core::record::Record;
use lifeboot_wire::{Keys, Refusal, Rejection, Status};

/// The result of one rule for an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleReport {
    /// The rule.
    pub rule: Rule,
    /// Whether the image passes.
    pub verdict: Verdict,
    /// The reason.
    pub text: String,
    /// What to do about a refusal, or how to find out more.
    pub help: Option<String>,
}

/// A rule that an image must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The running firmware is not on trial: a trial is never replaced.
    Trial,
    /// A key of the device signed the image, and is not revoked.
    Key,
    /// The image does not revoke the key that signed it.
    Revocation,
    /// The image is for the device's board.
    Board,
    /// The image fits a slot.
    Size,
    /// The image can run in the slot that is not running.
    Slot,
    /// The bootloader knows the format that the image requires.
    Bootloader,
    /// The image's epoch is not below the device's.
    Epoch,
    /// The firmware can read the data that the device has stored.
    Schemas,
    /// The device did not reject the image before.
    Quarantine,
}

/// A rule's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The image passes the rule.
    Passed,
    /// The device would refuse the image because of the rule.
    Refused,
    /// The device's state does not show it.
    Unknown,
}

/// Returns the result of each rule. If the device's bootloader file is given, its keys are checked as well.
pub fn judge(
    image: &ImageFile,
    status: &Status,
    quarantine: Option<&[Rejection]>,
    keys: Option<&Keys>,
    bootloader: Option<&Bootloader>,
) -> Vec<RuleReport> {
    let judge = Judge { image, status, quarantine };
    vec![
        judge.trial(),
        judge.key(keys, bootloader),
        judge.revocation(),
        judge.board(),
        judge.size(),
        judge.slot(),
        judge.bootloader(),
        judge.epoch(),
        judge.schemas(),
        judge.quarantine(),
    ]
}

struct Judge<'a> {
    image: &'a ImageFile,
    status: &'a Status,
    quarantine: Option<&'a [Rejection]>,
}

impl Judge<'_> {
    fn trial(&self) -> RuleReport {
        let Judge { image, status, .. } = self;
        let runs = running(status);
        if is_image(&running_content(status), &WantedImage::from(*image)) {
            return passed(Rule::Trial, format!("it runs already: {runs}"));
        }
        match is_on_trial(status) {
            _ if status.recovery.is_some() => passed(Rule::Trial, format!("nothing runs: {runs}, answers")),
            true => self.refused(Rule::Trial, Refusal::TrialRunning),
            false => passed(Rule::Trial, format!("what runs is confirmed: {runs}")),
        }
    }

    fn key(&self, keys: Option<&Keys>, bootloader: Option<&Bootloader>) -> RuleReport {
        let Judge { image, status, .. } = self;
        let id = hex(&image.header().key_id);
        if let (Some(keys), None) = (keys, bootloader) {
            let holds = keys.ids.contains(&Some(image.header().key_id));
            return match (holds, accepted(keys).any(|key| key == image.header().key_id)) {
                (false, _) => self.refused(Rule::Key, Refusal::UnknownKey),
                (true, false) => self.refused(Rule::Key, Refusal::RevokedKey),
                (true, true) => passed(Rule::Key, format!("key {id} signed it, and the device accepts that key")),
            };
        }
        let Some(bootloader) = bootloader else {
            return RuleReport {
                rule: Rule::Key,
                verdict: Verdict::Unknown,
                text: format!("its state does not say which keys it accepts; key {id} signed"),
                help: Some("give the bootloader that it was flashed with: --bootloader lifeboot-bootloader".to_owned()),
            };
        };
        let (board, info) = (image.board(), bootloader.info());
        // Only what decides about the key: the other rules judge the rest.
        let mut record = Record { schema: image.header().schemas.0, ..Record::FACTORY };
        for (_, key) in info.keys().iter().enumerate().filter(|(index, _)| status.revoked >> index & 1 != 0) {
            record.revoked.add(key_id(key), |_| true);
        }
        let trust = Trust { board, info, record: &record };
        match trust.check(image.header_bytes(), image.linked_for()) {
            Err(invalid @ (Invalid::UnknownKey | Invalid::RevokedKey | Invalid::Signature)) => {
                self.refused(Rule::Key, invalid.into())
            }
            _ => passed(Rule::Key, format!("key {id} of its bootloader signed it")),
        }
    }

    fn revocation(&self) -> RuleReport {
        let header = self.image.header();
        let ids: Vec<String> = header.revokes.ids().map(|id| hex(&id)).collect();
        match header.revokes.ids().any(|id| id == header.key_id) {
            true => self.refused(Rule::Revocation, Refusal::OwnKey),
            false if ids.is_empty() => passed(Rule::Revocation, "it revokes no key".to_owned()),
            false => passed(Rule::Revocation, format!("it revokes {}, and not the key that signed it", ids.join(", "))),
        }
    }

    fn board(&self) -> RuleReport {
        let Judge { image, status, .. } = self;
        match self.is_of_board() {
            true => passed(Rule::Board, image.board().name.to_owned()),
            false if status.bootloader == 0 => self.refused(Rule::Board, Refusal::NoBootloader),
            false if board_name(&status.board) != image.board().name => self.refused(Rule::Board, Refusal::Board),
            false => self.refused(Rule::Board, Refusal::Map),
        }
    }

    fn size(&self) -> RuleReport {
        // An image file never exceeds the slots of its own board.
        let length = self.image.header().image_length().unwrap_or_default();
        match self.is_of_board() {
            true => passed(Rule::Size, SlotUse::new(self.image.board(), length).to_string()),
            false => unknown(Rule::Size, format!("{length} bytes, and the slots are another board's")),
        }
    }

    fn slot(&self) -> RuleReport {
        let target = Slot::from(target(self.status, &self.image.into()));
        match self.image.is_bound() && self.image.linked_for() != target {
            true => self.refused(Rule::Slot, Refusal::OtherSlot),
            false => passed(Rule::Slot, format!("it would go to slot {target}, and runs there")),
        }
    }

    fn bootloader(&self) -> RuleReport {
        let (wanted, there) = (self.image.header().lowest_bootloader, self.status.bootloader);
        match (there, wanted > there) {
            (0, _) => self.refused(Rule::Bootloader, Refusal::NoBootloader),
            (_, true) => self.refused(Rule::Bootloader, Refusal::Bootloader),
            (_, false) => passed(Rule::Bootloader, format!("it asks for format {wanted}, and the device's is {there}")),
        }
    }

    fn epoch(&self) -> RuleReport {
        let (epoch, floor) = (self.image.header().epoch, self.status.epoch_floor);
        match epoch < floor {
            true => self.refused(Rule::Epoch, Refusal::Epoch),
            false if epoch - floor > EPOCH_STEP => self.refused(Rule::Epoch, Refusal::EpochStep),
            false => passed(Rule::Epoch, format!("{epoch}, and the device starts {floor} and up")),
        }
    }

    fn schemas(&self) -> RuleReport {
        let (lowest, highest) = self.image.header().schemas;
        unknown(
            Rule::Schemas,
            format!("a device does not say which schema its data has; the image can live with {lowest} to {highest}"),
        )
    }

    fn quarantine(&self) -> RuleReport {
        let digest = &self.image.header().digest;
        let rejected = self
            .status
            .outcome
            .is_some_and(|outcome| is_rejection(outcome.ending) && digest.starts_with(&outcome.digest));
        let in_quarantine = |earlier: &Rejection| digest.starts_with(&earlier.digest);
        match self.quarantine {
            _ if rejected => self.refused(Rule::Quarantine, Refusal::Rejected),
            Some(quarantine) if quarantine.iter().any(in_quarantine) => {
                self.refused(Rule::Quarantine, Refusal::Rejected)
            }
            Some(_) => passed(Rule::Quarantine, "the device does not remember it as rejected".to_owned()),
            None => unknown(
                Rule::Quarantine,
                "it is not the image that the device rejected last; what it rejected before, it does not say"
                    .to_owned(),
            ),
        }
    }

    fn is_of_board(&self) -> bool {
        board_name(&self.status.board) == self.image.board().name && self.status.map == self.image.header().map_digest
    }

    fn refused(&self, rule: Rule, refusal: Refusal) -> RuleReport {
        let context = RefusalContext {
            status: Some(self.status),
            image: Some(self.image.header()),
            named: None,
            quarantine: self.quarantine.unwrap_or_default(),
        };
        let refused = Refused::new(refusal, context);
        let (text, help) = (refused.meaning().to_owned(), Some(refused.next().to_owned()));
        RuleReport { rule, verdict: Verdict::Refused, text, help }
    }
}

fn passed(rule: Rule, text: String) -> RuleReport {
    RuleReport { rule, verdict: Verdict::Passed, text, help: None }
}

fn unknown(rule: Rule, text: String) -> RuleReport {
    RuleReport { rule, verdict: Verdict::Unknown, text, help: None }
}
