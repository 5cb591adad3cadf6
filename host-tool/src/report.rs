//! What the commands report: plain types, each with its text for a person and its fields for a program (`--json`).
//!
//! With `--json` every line on stdout is one JSON object. The last one is the result, or the [`Failure`]; those before
//! it tell how the command goes on, and have a field `event`. **Stable**: fields are added, and never renamed, removed
//! or given another meaning. Versions, slots and digests are strings as people write them: `1.2.3+4`, `A`, `0a1b…`.

mod admission;
mod device;
mod diagnosis;
mod difference;
mod failure;
mod firmware;
mod flash;
mod image;
mod keys;
mod monitor;
mod patches;
mod push;
mod recorded;
mod reset;
mod schema;
mod shell;
mod table;
mod watch;

pub use admission::{Admission, Finding, Rule, RuleReport};
pub use device::{
    Content, Device, Ending, Fault, LastBoot, LastOutcome, RecoveryReason, Rejected, Running, Slots, Start, TrialLeft,
};
pub use diagnosis::{Checkup, Diagnosis, State};
pub use difference::{ChangedField, Difference, RelocationChanges, SizeChange, SizeChanges, Transfer};
pub use failure::{Failure, FailureDetails};
pub use firmware::{FirmwareElf, RelocationsElf, SectionPart, SectionRelocations, Thunk};
pub use flash::{FlashPart, Flashed, Provisioned};
pub use image::{Inspected, Keygen, Proved, Relocations, Schemas, SignedImage, SlotUse, ToSign};
pub use keys::{Key, KeyState, Keys, Named, SignedSlot};
pub use monitor::{MonitorEnd, Monitored};
pub use patches::PatchReport;
pub use push::{PushEvent, PushResult, PushStep, Pushed};
pub use recorded::RecordedError;
pub use reset::Reset;
pub use schema::schemas;
pub use shell::{Completions, ManFiles, ManPage};
pub use watch::{WatchEvent, Watched};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display};

/// What a command has to say: a person gets the text, a program the fields.
pub trait Report: Serialize + Display {
    /// The report as one line of JSON.
    fn json(&self) -> String {
        serde_json::to_string(self).expect("reports are made of strings, numbers and lists of them")
    }
}

impl<T: Serialize + Display> Report for T {}

/// One of two reports of the same command.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Either<A, B> {
    /// The one.
    One(A),
    /// The other.
    Other(B),
}

impl<A: Display, B: Display> Display for Either<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Either::One(report) => report.fmt(f),
            Either::Other(report) => report.fmt(f),
        }
    }
}

/// A slot's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum SlotName {
    /// Slot A.
    A,
    /// Slot B.
    B,
}

impl From<lifeboot_core::Slot> for SlotName {
    fn from(slot: lifeboot_core::Slot) -> Self {
        match slot {
            lifeboot_core::Slot::A => SlotName::A,
            lifeboot_core::Slot::B => SlotName::B,
        }
    }
}

impl From<lifeboot_wire::Slot> for SlotName {
    fn from(slot: lifeboot_wire::Slot) -> Self {
        lifeboot_core::Slot::from(slot).into()
    }
}

impl Display for SlotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SlotName::A => "A",
            SlotName::B => "B",
        })
    }
}

/// A line of a list of things with names, its line feed in front unless it is the first.
fn line(f: &mut fmt::Formatter<'_>, first: bool, name: &str, value: impl Display) -> fmt::Result {
    let feed = if first { "" } else { "\n" };
    write!(f, "{feed}{name:<12} {value}")
}
