//! The state of a device, for a person to read.

use super::content;
use crate::image_file::hex;
use crate::refusal::board_name;
use lifeboot_core::Version;
use lifeboot_updater::wire::{Outcome, OutcomeEnding, ResetCause, Slot, SlotContent, Status, Trial};
use std::fmt::{Display, Write};

/// The state of a device, a line for each thing, ended by a line feed.
pub fn describe(status: &Status) -> String {
    let mut out = String::new();
    line(&mut out, "board", format!("{}, bootloader format {}", board_name(&status.board), status.bootloader));
    for slot in [Slot::A, Slot::B] {
        line(&mut out, &format!("slot {slot:?}"), slot_line(status, slot));
    }
    line(&mut out, "trial", status.trial.map_or("none".to_owned(), trial));
    line(&mut out, "epoch", format!("{} and up are started", status.epoch_floor));
    if status.revoked != 0 {
        let keys: Vec<String> =
            (0..8).filter(|key| status.revoked & 1 << key != 0).map(|key| (key + 1).to_string()).collect();
        line(&mut out, "revoked", format!("key {} of the bootloader's", keys.join(", ")));
    }
    line(&mut out, "last update", status.outcome.map_or("none yet".to_owned(), |outcome| ending(&outcome)));
    if status.demo_key {
        line(&mut out, "warning", "this bootloader was built with a demo key: it protects nothing");
    }
    out
}

/// What runs, in a few words.
pub fn running(status: &Status) -> String {
    let standing = if is_on_trial(status) { "on trial" } else { "confirmed" };
    match content(status, status.running) {
        SlotContent::Image { version, .. } => {
            format!("{} in slot {:?}, {standing}", Version::from(version), status.running)
        }
        _ => format!("slot {:?}, which holds no image", status.running),
    }
}

/// How an update ended, in words.
pub fn ending(outcome: &Outcome) -> String {
    let Outcome { slot, version, ending, .. } = outcome;
    let version = Version::from(*version);
    match ending {
        OutcomeEnding::Confirmed => format!("{version} in slot {slot:?} was confirmed"),
        OutcomeEnding::FellBack => {
            format!("{version} in slot {slot:?} was started because the confirmed slot could not be")
        }
        OutcomeEnding::Invalid | OutcomeEnding::NotConfirmed | OutcomeEnding::Requested => {
            format!("{version} in slot {slot:?} was rejected: {}", reason(outcome))
        }
    }
}

/// Why an image was rejected, in words.
pub fn reason(outcome: &Outcome) -> String {
    let cause = match outcome.cause {
        ResetCause::Unknown => "",
        ResetCause::PowerOn => "; the last start ended by a loss of power",
        ResetCause::BrownOut => "; the last start ended by a sagging supply",
        ResetCause::Pin => "; the last start ended by the reset pin or a debugger",
        ResetCause::Watchdog => "; the last start ended by the watchdog: it hung",
        ResetCause::Fault => "; the last start ended by a fault or a panic",
        ResetCause::Request => "; the last start ended by a reset that it asked for",
    };
    match outcome.ending {
        OutcomeEnding::Confirmed => "it was confirmed".to_owned(),
        OutcomeEnding::FellBack => format!("the confirmed slot could not be started{cause}"),
        OutcomeEnding::Invalid => "it did not verify when it was to be started".to_owned(),
        OutcomeEnding::NotConfirmed => format!("it did not confirm in any of its starts{cause}"),
        OutcomeEnding::Requested => "the firmware or a host asked to go back".to_owned(),
    }
}

/// Whether what runs still has to confirm.
pub fn is_on_trial(status: &Status) -> bool {
    status.confirmed != status.running || status.trial.is_some_and(|trial| trial.slot == status.running)
}

fn slot_line(status: &Status, slot: Slot) -> String {
    let mut line = match content(status, slot) {
        SlotContent::Empty => "empty".to_owned(),
        SlotContent::Unfinished => "an unfinished update, which a push resumes".to_owned(),
        SlotContent::Image { version, epoch, digest } => {
            format!("{}, epoch {epoch}, digest {}", Version::from(version), hex(&digest))
        }
    };
    let standing = [
        (status.running == slot, "running"),
        (status.confirmed == slot, "confirmed"),
        (status.trial.is_some_and(|trial| trial.slot == slot), "on trial"),
    ];
    for (_, word) in standing.into_iter().filter(|(is_so, _)| *is_so) {
        let _ = write!(line, ", {word}");
    }
    line
}

fn trial(trial: Trial) -> String {
    let Trial { slot, attempts, power_attempts } = trial;
    format!("slot {slot:?}: {attempts} starts left after a crash, {power_attempts} after a loss of power")
}

fn line(out: &mut String, name: &str, value: impl Display) {
    let _ = writeln!(out, "{name:<12} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeboot_updater::wire;

    fn status() -> Status {
        let version = wire::Version { major: 1, minor: 2, patch: 3, build: 0 };
        let newer = wire::Version { minor: 3, patch: 0, ..version };
        let mut board = [0; 16];
        board[..8].copy_from_slice(b"microbit");
        Status {
            wire: 1,
            board,
            bootloader: 1,
            demo_key: true,
            running: Slot::B,
            confirmed: Slot::A,
            trial: Some(Trial { slot: Slot::B, attempts: 2, power_attempts: 10 }),
            slots: [
                SlotContent::Image { version, epoch: 4, digest: [0xab; 16] },
                SlotContent::Image { version: newer, epoch: 5, digest: [0xcd; 16] },
            ],
            epoch_floor: 4,
            revoked: 0b101,
            outcome: Some(Outcome {
                ending: OutcomeEnding::NotConfirmed,
                slot: Slot::B,
                cause: ResetCause::Watchdog,
                version,
                digest: [1; 16],
            }),
            window: 1024,
            chunk: 544,
            unit: 1024,
        }
    }

    #[test]
    fn a_device_is_described() {
        assert_eq!(
            describe(&status()),
            "\
board        microbit, bootloader format 1
slot A       1.2.3, epoch 4, digest abababababababababababababababab, confirmed
slot B       1.3.0, epoch 5, digest cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd, running, on trial
trial        slot B: 2 starts left after a crash, 10 after a loss of power
epoch        4 and up are started
revoked      key 1, 3 of the bootloader's
last update  1.2.3 in slot B was rejected: it did not confirm in any of its starts; the last start ended by the watchdog: it hung
warning      this bootloader was built with a demo key: it protects nothing
"
        );
        assert_eq!(running(&status()), "1.3.0 in slot B, on trial");
    }
}
