//! A device's state as text.

use super::{Content, Device, Ending, RecoveryReason, Rejected, TrialLeft};
use crate::slot_name::SlotName;
use crate::table::{gap, list, table};
use std::fmt::{self, Display};

impl Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, bootloader format {}", self.board, self.bootloader_format)?;
        let slots = [self.slot(SlotName::A, &self.slots.a), self.slot(SlotName::B, &self.slots.b)];
        writeln!(f, "{}{}", table(["slot", "version", "epoch", "digest", "state"], slots), gap())?;
        let revoked: Vec<String> = self.revoked_keys.iter().map(u8::to_string).collect();
        let mut lines: Vec<_> = self.recovery.map(|reason| ("recovery", reason.to_string())).into_iter().collect();
        lines.extend(self.device_id.iter().map(|id| ("device id", id.clone())));
        lines.push(("flash map", self.map_digest.clone()));
        lines.extend([("trial", self.trial.map_or("none".to_owned(), |trial| trial.to_string()))]);
        lines.extend(self.pending.as_ref().map(|pending| ("pending", pending.to_string())));
        lines.extend(self.staged.as_ref().map(|staged| ("staged", staged.to_string())));
        lines.extend([
            ("epoch floor", format!("{} and up are started", self.epoch_floor)),
            ("revoked keys", if revoked.is_empty() { "none".to_owned() } else { revoked.join(", ") }),
            ("last update", self.last_outcome.as_ref().map_or("none yet".to_owned(), |outcome| outcome.text.clone())),
        ]);
        let boot = self.last_boot.as_ref();
        // The whole digest is shown, because trying a rejected image again requires it.
        let rejected = self.last_outcome.as_ref().filter(|outcome| outcome.ending.is_rejection());
        lines.extend(rejected.map(|outcome| ("", format!("its digest is {}", outcome.digest))));
        match self.quarantine.as_deref() {
            None => lines.push(("quarantine", "the device does not tell".to_owned())),
            Some([]) => lines.push(("quarantine", "empty".to_owned())),
            Some(quarantine) => {
                let line = |(number, rejected): (usize, &Rejected)| {
                    let label = if number == 0 { "quarantine" } else { "" };
                    (label, format!("{}: {}", rejected.digest, rejected.reason))
                };
                lines.extend(quarantine.iter().enumerate().map(line));
            }
        }
        if self.recovery.is_none() {
            lines.push(("last boot", boot.map_or("the firmware does not tell".to_owned(), |boot| boot.text.clone())));
        }
        lines.extend(self.max_stall_ms.map(|time| {
            ("max stall", format!("up to {time} ms at a time during a push, typically, if its flash driver waits"))
        }));
        if self.journal_failing == Some(true) {
            let failing = "the flash of the boot journal is failing: the device goes on starting its confirmed firmware, but \
                           updates may fail; replace the device";
            lines.push(("warning", failing.to_owned()));
        }
        if self.demo_key {
            lines.push(("warning", "this bootloader was built with a demo key: it protects nothing".to_owned()));
        }
        f.write_str(&list(lines))
    }
}

impl Device {
    /// Returns a slot's row: name, version, epoch, digest and state.
    fn slot(&self, slot: SlotName, content: &Content) -> [String; 5] {
        let on_trial = self.trial.is_some_and(|trial| trial.slot == slot);
        let runs = self.running == slot && self.recovery.is_none();
        let trial =
            if self.pending.as_ref().is_some_and(|pending| pending.slot == slot) { "pending" } else { "on trial" };
        let state = [(runs, "runs"), (self.confirmed == Some(slot), "confirmed"), (on_trial, trial)];
        let mut state: Vec<&str> = state.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word).collect();
        let nothing = String::new;
        let (version, epoch, digest) = match content {
            Content::Empty => {
                state.push("empty");
                (nothing(), nothing(), nothing())
            }
            Content::Unfinished => {
                state.push(if self.recovery.is_some() { "no image" } else { "unfinished: a push resumes" });
                (nothing(), nothing(), nothing())
            }
            Content::Image { version, epoch, digest } => {
                if state.is_empty() {
                    let cancelled = self.last_outcome.as_ref().is_some_and(|last| {
                        last.ending == Ending::Cancelled && last.slot == slot && last.digest == *digest
                    });
                    let staged = self.staged.as_ref().is_some_and(|staged| staged.slot == slot);
                    state.push(match (self.was_rejected(digest), cancelled) {
                        _ if staged => "staged",
                        (true, _) => "rejected",
                        (false, true) => "cancelled",
                        (false, false) => "previous",
                    });
                }
                (version.clone(), epoch.to_string(), digest.clone())
            }
        };
        [slot.to_string(), version, epoch, digest, state.join(", ")]
    }

    fn was_rejected(&self, digest: &str) -> bool {
        let mut earlier = self.quarantine.iter().flatten();
        self.last_outcome.as_ref().is_some_and(|last| last.ending.is_rejection() && last.digest == digest)
            || earlier.any(|rejected| digest.starts_with(&rejected.digest))
    }
}

impl Display for RecoveryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecoveryReason::NothingStarts => {
                "no slot can be started: the bootloader is in recovery mode, push firmware"
            }
            RecoveryReason::Requested => "requested: the bootloader is in recovery mode; lifeboot reset ends it",
            RecoveryReason::Crashes => {
                "the confirmed firmware crashes again and again: the bootloader is in recovery mode for a minute, push a \
                 corrected release"
            }
            RecoveryReason::LastFirmware => {
                "only rejected or crashing firmware is left: the bootloader is in recovery mode for a minute, push a \
                 corrected release"
            }
        })
    }
}

impl Display for TrialLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TrialLeft { slot, attempts, power_attempts } = self;
        write!(f, "slot {slot}: {attempts} starts left after a crash, {power_attempts} after a loss of power")
    }
}
