//! `lifeboot inspect --port` and `--against`: whether a device would accept an image, rule by rule.

use crate::table::line;
use lifeboot_client::admission;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// Whether a device would accept an image.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Admission {
    /// The device: its port, or the file with its state.
    pub device: String,
    /// Whether no rule is known to refuse the image.
    pub accepted: bool,
    /// The result of each rule.
    pub rules: Vec<RuleReport>,
    /// Descriptions of what confirming the image would end irreversibly on the device.
    pub confirm_effects: Vec<String>,
}

/// The result of one rule for an image.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The image passes the rule.
    Passed,
    /// The device would refuse the image because of the rule.
    Refused,
    /// The device's state does not show it.
    Unknown,
}

impl Admission {
    /// Makes the report from the results of all rules and the effects of a confirm.
    pub fn new(device: String, rules: Vec<admission::RuleReport>, confirm_effects: Vec<String>) -> Admission {
        let accepted = rules.iter().all(|rule| rule.verdict != admission::Verdict::Refused);
        Admission { device, accepted, rules: rules.into_iter().map(RuleReport::from).collect(), confirm_effects }
    }
}

impl From<admission::RuleReport> for RuleReport {
    fn from(admission::RuleReport { rule, verdict, text, help }: admission::RuleReport) -> Self {
        RuleReport { rule: rule.into(), verdict: verdict.into(), text, help }
    }
}

impl From<admission::Rule> for Rule {
    fn from(rule: admission::Rule) -> Self {
        match rule {
            admission::Rule::Trial => Rule::Trial,
            admission::Rule::Key => Rule::Key,
            admission::Rule::Revocation => Rule::Revocation,
            admission::Rule::Board => Rule::Board,
            admission::Rule::Size => Rule::Size,
            admission::Rule::Slot => Rule::Slot,
            admission::Rule::Bootloader => Rule::Bootloader,
            admission::Rule::Epoch => Rule::Epoch,
            admission::Rule::Schemas => Rule::Schemas,
            admission::Rule::Quarantine => Rule::Quarantine,
        }
    }
}

impl From<admission::Verdict> for Verdict {
    fn from(verdict: admission::Verdict) -> Self {
        match verdict {
            admission::Verdict::Passed => Verdict::Passed,
            admission::Verdict::Refused => Verdict::Refused,
            admission::Verdict::Unknown => Verdict::Unknown,
        }
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Rule::Trial => "trial",
            Rule::Key => "key",
            Rule::Revocation => "revocation",
            Rule::Board => "board",
            Rule::Size => "size",
            Rule::Slot => "slot",
            Rule::Bootloader => "bootloader",
            Rule::Epoch => "epoch",
            Rule::Schemas => "schemas",
            Rule::Quarantine => "quarantine",
        })
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Passed => "passed",
            Verdict::Refused => "REFUSED",
            Verdict::Unknown => "unknown",
        })
    }
}

impl Display for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.accepted { "nothing speaks against it" } else { "would refuse this image" };
        line(f, true, "device", format_args!("{}: {verdict}", self.device))?;
        for RuleReport { rule, verdict, text, help } in &self.rules {
            write!(f, "\n  {rule:<10} {verdict:<8} {text}")?;
            help.iter().try_for_each(|help| write!(f, "\n{:<22}{help}", ""))?;
        }
        self.confirm_effects.iter().try_for_each(|text| write!(f, "\n  {text}"))
    }
}
