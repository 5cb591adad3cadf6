//! The seeded bugs, and the tests that are to catch each.

mod boot;
mod doors;
mod hostile;
mod journal;
mod recovery;
mod transfer;
mod verifier;

/// A bug: what to write instead of what.
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

/// Tests that run together.
#[derive(Clone, Copy, Debug)]
pub enum Suite {
    /// The journal, over simulated flash that is cut and torn.
    Journal,
    /// The boot policy, and whole lives by chance.
    Boot,
    /// A whole life, cut everywhere, under the oracle's eyes.
    Life,
    /// The same on flash with ECC.
    LifeEcc,
    /// The verifier, and published vectors.
    Verifier,
    /// The updater and its session at the end of a bad line, and a bootloader that answers.
    Line,
    /// A bootloader that answers, its flash looked at after every operation.
    Recovery,
    /// What the bootloader leaves behind.
    Handover,
    /// What an instruction that the bootloader skips may do.
    Skips,
}

impl Suite {
    /// All of them.
    pub const ALL: &[Suite] = &[
        Suite::Journal,
        Suite::Boot,
        Suite::Life,
        Suite::LifeEcc,
        Suite::Verifier,
        Suite::Line,
        Suite::Recovery,
        Suite::Handover,
        Suite::Skips,
    ];

    /// Package, test binary, and which of its tests.
    pub const fn command(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Suite::Journal => ("lifeboot-tests", "lifeboot", &["journal::", "--skip", "fuzz::"]),
            Suite::Boot => ("lifeboot-tests", "lifeboot", &["boot::"]),
            Suite::Life => ("lifeboot-tests", "lifeboot", &["lives::nrf51"]),
            Suite::LifeEcc => ("lifeboot-tests", "lifeboot", &["lives::stm32l476"]),
            Suite::Verifier => ("lifeboot-tests", "lifeboot", &["image::", "vectors::", "--skip", "fuzz::"]),
            Suite::Line => ("lifeboot-host-tool", "serial", &[]),
            Suite::Recovery => ("lifeboot-tests", "lifeboot", &["fuzz::recovery::"]),
            Suite::Handover => ("lifeboot-tests", "lifeboot", &["handover::"]),
            Suite::Skips => (
                "lifeboot-tests",
                "lifeboot",
                &["skips::altered_payload_b", "skips::epoch", "skips::signature_that", "skips::no_signature"],
            ),
        }
    }
}

const JOURNAL: &str = "bootloader/core/src/journal.rs";
const RECORD: &str = "bootloader/core/src/record.rs";
const OUTCOMES: &str = "bootloader/core/src/record/outcomes.rs";
const HANDOVER: &str = "bootloader/core/src/handover.rs";
const BOOT: &str = "bootloader/core/src/boot.rs";
const IMAGE: &str = "bootloader/core/src/image.rs";
const RECOVERY: &str = "bootloader/core/src/recovery.rs";
const RECEIVE: &str = "bootloader/core/src/receive.rs";
const VERIFY: &str = "bootloader/core/src/verify.rs";
const SUSPECTS: &str = "updater/src/suspects.rs";
const TRANSFER: &str = "updater/src/transfer.rs";
const UPDATER: &str = "updater/src/updater.rs";
const STEP: &str = "updater/src/step.rs";
const CONVERSATION: &str = "updater/src/conversation.rs";
const SENDER: &str = "host-tool/client/src/push/sender.rs";
const INSTRUCTIONS: &str = "updater/wire/src/patch/patcher.rs";
const OLD: &str = "updater/src/patching/old.rs";
const PATCHED: &str = "updater/src/patched.rs";
const PATCHING: &str = "updater/src/patching.rs";

const fn bug(name: &'static str, file: &'static str, from: &'static str, to: &'static str, suite: Suite) -> Bug {
    Bug { name, file, from, to, suite }
}

/// All of them.
pub fn bugs() -> impl Iterator<Item = &'static Bug> {
    [journal::BUGS, verifier::BUGS, boot::BUGS, transfer::BUGS, recovery::BUGS, hostile::BUGS, doors::BUGS]
        .into_iter()
        .flatten()
}
