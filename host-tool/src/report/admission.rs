//! `lifeboot inspect --port`, `--against`: whether a device would take an image, rule by rule.

use super::line;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// Whether a device would take an image.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Admission {
    /// The device: its port, or the file with its state.
    pub device: String,
    /// Whether no rule is known to refuse the image.
    pub accepted: bool,
    /// What each rule says.
    pub rules: Vec<RuleReport>,
    /// What the image's confirm would end there for good, in words.
    pub consequences: Vec<String>,
}

/// What a rule says of an image.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RuleReport {
    /// The rule.
    pub rule: Rule,
    /// Its verdict.
    pub finding: Finding,
    /// Why.
    pub text: String,
    /// What to do about a refusal, or to know more.
    pub help: Option<String>,
}

/// What an image is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Firmware on trial is not replaced.
    Trial,
    /// A key of the device signed the image, and was not revoked.
    Key,
    /// It does not revoke the key that signed it.
    Revocation,
    /// It is for the device's board.
    Board,
    /// It fits a slot.
    Size,
    /// It runs in the slot that does not run.
    Slot,
    /// The bootloader knows the format that it asks for.
    Bootloader,
    /// Its epoch is not below the device's.
    Epoch,
    /// It can live with what the device has stored.
    Schemas,
    /// It was not rejected there before.
    Quarantine,
}

/// A rule's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The image keeps the rule.
    Passed,
    /// The device would refuse the image.
    Refused,
    /// A device's state does not tell.
    Unknown,
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

impl Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Finding::Passed => "passed",
            Finding::Refused => "REFUSED",
            Finding::Unknown => "unknown",
        })
    }
}

impl Display for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.accepted { "nothing speaks against it" } else { "would refuse this image" };
        line(f, true, "device", format_args!("{}: {verdict}", self.device))?;
        for RuleReport { rule, finding, text, help } in &self.rules {
            write!(f, "\n  {rule:<10} {finding:<8} {text}")?;
            help.iter().try_for_each(|help| write!(f, "\n{:<22}{help}", ""))?;
        }
        self.consequences.iter().try_for_each(|text| write!(f, "\n  {text}"))
    }
}
