//! What a seeded bug is, and the files that they are put into.

use crate::suite::Suite;
use anyhow::{Result, bail};
use std::ops::Range;

/// A bug: what to write instead of what.
#[derive(Debug)]
pub struct Bug {
    /// What is wrong then.
    pub name: &'static str,
    /// The file, from the root.
    pub file: &'static str,
    /// What stands there, exactly once.
    pub from: &'static str,
    /// What is to stand there.
    pub to: &'static str,
    /// The tests that run.
    pub suite: Suite,
}

// The files that bugs are put into.

pub const WRITING: &str = "bootloader/core/src/journal/writing.rs";
pub const OPERATION: &str = "bootloader/core/src/operation.rs";
pub const JOURNAL: &str = "bootloader/core/src/journal.rs";
pub const PLACES: &str = "bootloader/core/src/journal/places.rs";
pub const RECORD: &str = "bootloader/core/src/record.rs";
pub const OUTCOMES: &str = "bootloader/core/src/record/outcomes.rs";
pub const HANDOVER: &str = "bootloader/core/src/handover.rs";
pub const BOOT: &str = "bootloader/core/src/boot.rs";
pub const IMAGE: &str = "bootloader/core/src/image.rs";
pub const HEADER: &str = "bootloader/core/src/image/header.rs";
pub const REBASE: &str = "bootloader/core/src/rebase.rs";
pub const RECEIVE: &str = "bootloader/core/src/receive.rs";
pub const VERIFY: &str = "bootloader/core/src/verify.rs";
pub const SIGNATURE: &str = "bootloader/core/src/signature.rs";
pub const SCALAR: &str = "bootloader/core/src/signature/scalar.rs";
pub const STEPS: &str = "bootloader/core/src/signature/steps.rs";
pub const RECOVERY: &str = "bootloader/core/src/recovery.rs";
pub const RECOVERY_FRAME: &str = "bootloader/core/src/recovery/frame.rs";
pub const CORTEX_M: &str = "bootloader/src/cortex_m.rs";
pub const NRF51: &str = "bootloader/src/chips/nrf51/mod.rs";
pub const RP2040_CLOCK: &str = "bootloader/src/chips/rp2040/clock.rs";
pub const STM32F4: &str = "bootloader/src/chips/stm32f4/mod.rs";
pub const SUSPECTS: &str = "updater/src/suspects.rs";
pub const TRANSFER: &str = "updater/src/transfer.rs";
pub const UPDATER: &str = "updater/src/updater.rs";
pub const FINISH: &str = "updater/src/finish.rs";
pub const STAGING: &str = "updater/src/staging.rs";
pub const ROLLBACK: &str = "updater/src/rollback.rs";
pub const STEP: &str = "updater/src/step.rs";
pub const DUE: &str = "updater/src/due.rs";
pub const CONFIRM: &str = "updater/src/confirm.rs";
pub const SESSION: &str = "updater/src/session.rs";
pub const LINE: &str = "updater/src/line.rs";
pub const EVENT: &str = "updater/src/event.rs";
pub const GEOMETRY: &str = "updater/src/geometry.rs";
pub const CONVERSATION: &str = "updater/src/conversation.rs";
pub const FRAME: &str = "updater/wire/src/frame.rs";
pub const SENDER: &str = "host-tool/client/src/push/sender.rs";
pub const INSTRUCTIONS: &str = "updater/wire/src/patch/patcher.rs";
pub const OLD: &str = "updater/src/patching/old.rs";
pub const PATCHED: &str = "updater/src/patched.rs";
pub const PATCHING: &str = "updater/src/patching.rs";

/// A bug, in one call.
pub const fn bug(name: &'static str, file: &'static str, from: &'static str, to: &'static str, suite: Suite) -> Bug {
    Bug { name, file, from, to, suite }
}

impl Bug {
    /// Where the text that the bug changes stands in its file.
    pub fn place(&self, source: &str) -> Result<Range<usize>> {
        let mut found = source.match_indices(self.from);
        match (found.next(), found.next()) {
            (Some((start, text)), None) => Ok(start..start + text.len()),
            _ => bail!(
                "{}: {} does not hold `{}` exactly once: bring the bug up to date",
                self.name,
                self.file,
                self.from
            ),
        }
    }
}
