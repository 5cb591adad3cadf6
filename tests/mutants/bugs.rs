//! The seeded bugs, and the tests that are to catch each.

mod boot;
mod doors;
mod hostile;
mod journal;
mod recovery;
mod transfer;
mod verifier;

use crate::suite::Suite;

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

const JOURNAL: &str = "bootloader/core/src/journal.rs";
const RECORD: &str = "bootloader/core/src/record.rs";
const OUTCOMES: &str = "bootloader/core/src/record/outcomes.rs";
const HANDOVER: &str = "bootloader/core/src/handover.rs";
const BOOT: &str = "bootloader/core/src/boot.rs";
const IMAGE: &str = "bootloader/core/src/image.rs";
const HEADER: &str = "bootloader/core/src/image/header.rs";
const REBASE: &str = "bootloader/core/src/rebase.rs";
const RECEIVE: &str = "bootloader/core/src/receive.rs";
const VERIFY: &str = "bootloader/core/src/verify.rs";
const SIGNATURE: &str = "bootloader/core/src/signature.rs";
const SCALAR: &str = "bootloader/core/src/signature/scalar.rs";
const STEPS: &str = "bootloader/core/src/signature/steps.rs";
const RECOVERY: &str = "bootloader/core/src/recovery.rs";
const RECOVERY_FRAME: &str = "bootloader/core/src/recovery/frame.rs";
const CORTEX_M: &str = "bootloader/src/chip/cortex_m.rs";
const NRF51: &str = "bootloader/src/chip/nrf51/mod.rs";
const STM32F4: &str = "bootloader/src/chip/stm32f4/mod.rs";
const DOUBT: &str = "updater/src/doubt.rs";
const TRANSFER: &str = "updater/src/transfer.rs";
const UPDATER: &str = "updater/src/updater.rs";
const WORK: &str = "updater/src/work.rs";
const CONVERSATION: &str = "updater/src/conversation.rs";
const FRAME: &str = "updater/src/frame.rs";
const INSTRUCTIONS: &str = "updater/src/patch/instructions.rs";
const OLD: &str = "updater/src/patch/old.rs";
const PATCHING: &str = "updater/src/patch/patching.rs";
const SENDER: &str = "host-tool/src/push/sender.rs";

const fn bug(name: &'static str, file: &'static str, from: &'static str, to: &'static str, suite: Suite) -> Bug {
    Bug { name, file, from, to, suite }
}

/// All of them.
pub fn bugs() -> impl Iterator<Item = &'static Bug> {
    [journal::BUGS, verifier::BUGS, boot::BUGS, transfer::BUGS, recovery::BUGS, hostile::BUGS, doors::BUGS]
        .into_iter()
        .flatten()
}
