//! The reports of the commands: plain types, each with a text for people and fields for a program (`--json`).
//!
//! With `--json` every line on stdout is one JSON object. The last one is the result, or the [`Failure`]; those before
//! it report progress, and have a field `event`. **Stable**: fields may be added, but are never renamed, removed or
//! given another meaning. Versions, slots and digests are strings as people write them: `1.2.3+4`, `A`, `0a1b…`.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod admission;
mod bootloader;
mod device;
mod devices;
mod diagnosis;
mod difference;
mod each;
mod either;
mod failure;
mod firmware;
mod flash;
mod gateway;
mod image;
mod keys;
mod map;
mod monitor;
mod new_project;
mod patches;
mod ports;
mod push;
mod recorded;
mod reset;
mod rollout;
mod schema;
mod shell;
mod slot_name;
mod slot_use;
mod table;
mod watch;

pub use admission::{Admission, Rule, RuleReport, Verdict};
pub use bootloader::{BuiltBootloader, TrustedKey};
pub use device::{
    Cancelled, Content, Device, Ending, Fault, LastBoot, LastOutcome, Pending, RecoveryReason, Rejected, Running,
    Slots, Staged, Start, TrialLeft,
};
pub use devices::{FoundDevice, FoundDevices};
pub use diagnosis::{Diagnosis, Finding, State};
pub use difference::{ChangedField, Difference, RelocationChanges, SizeChange, SizeChanges, Transfer};
pub use each::{AtPort, AtPortOutcome, DeviceEvent, Each};
pub use either::Either;
pub use failure::{Failure, FailureDetails};
pub use firmware::{FirmwareElf, RelocationsElf, SectionPart, SectionRelocations, Thunk};
pub use flash::{FlashPart, Flashed, Provisioned};
pub use gateway::GatewayReport;
pub use image::{Inspected, Keygen, Proved, Relocations, Schemas, SignedImage, ToSign};
pub use keys::{Key, KeyState, Keys, Named, SignedSlot};
pub use map::{FlashMap, MapRegion, UnitRun};
pub use monitor::{MonitorEnd, Monitored};
pub use new_project::{LeftToDo, SetUp};
pub use patches::PatchReport;
pub use ports::{Port, Ports};
pub use push::{Activated, PushEvent, PushResult, PushStep, Pushed};
pub use recorded::RecordedError;
pub use reset::Reset;
pub use rollout::{
    ListedRollout, PlanVerdict, PlannedDevice, PlannedWave, Rollout, RolloutCounts, RolloutDevice, RolloutEvent,
    RolloutImage, RolloutPhase, RolloutPlan, RolloutWave, Rollouts, UnreadableRollout,
};
pub use schema::schemas;
pub use shell::{Completions, ManFiles, ManPage};
pub use slot_name::SlotName;
pub use slot_use::SlotUse;
pub use table::{WIDTH, set_width};
pub use watch::{WatchEvent, Watched};

use lifeboot_client::text::escaped_json;
use serde::Serialize;
use std::fmt::Display;

/// A report of a command: its text is for people, its fields are for a program.
pub trait Report: Serialize + Display {
    /// Returns the report as one line of JSON.
    fn json(&self) -> String {
        escaped_json(&serde_json::to_string(self).expect("reports are made of strings, numbers and lists of them"))
    }
}

impl<T: Serialize + Display> Report for T {}
