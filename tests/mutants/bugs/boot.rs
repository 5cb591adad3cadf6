//! Bugs of the boot policy: trials, epochs, keys, outcomes.

use crate::bug::{BOOT, Bug, CONFIRM, DUE, HANDOVER, IMAGE, OUTCOMES, RECORD, ROLLBACK, STAGING, STEP, bug};
use crate::suite::Suite;

/// All of them.
pub const BUGS: &[Bug] = &[
    bug(
        "the starts of a trial are not counted down",
        RECORD,
        "Some(Trial { slot, attempts: attempts - 1, power_attempts })",
        "Some(Trial { slot, attempts, power_attempts })",
        Suite::Boot,
    ),
    bug("a loss of power counts as a crash", RECORD, "if cause.is_power_loss() {", "if false {", Suite::Boot),
    bug(
        "a trial is started before its start is counted",
        BOOT,
        "Some(counted) if device.count(counted).is_ok() =>",
        "Some(_) =>",
        Suite::Boot,
    ),
    bug(
        "a trial without starts left is not ended",
        BOOT,
        "None => device.reject(trial.slot, Ending::NotConfirmed),",
        "None => {}",
        Suite::Boot,
    ),
    bug(
        "keys are revoked before the confirm is durable",
        CONFIRM,
        "        if self.is_trial() {\n            // A trial has",
        "        if self.confirmed()?.revoked != self.journal.record().revoked {
            return Ok(Plan::Flash(Work::Record(State::Effects, Effort::Unbounded, Step::Busy)));
        }
        if self.is_trial() {
            // A trial has",
        Suite::Boot,
    ),
    bug(
        "keys are revoked when the trial starts",
        BOOT,
        "Ok(verified) => return Decision::Trial(verified),",
        "Ok(verified) => {
                        device.follow_confirm(&verified);
                        return Decision::Trial(verified);
                    }",
        Suite::Boot,
    ),
    bug(
        "what a cut kept from a confirm is not made good",
        BOOT,
        "        device.follow_confirm(&verified);\n",
        "",
        Suite::Boot,
    ),
    bug(
        "an image may revoke its own key",
        IMAGE,
        "if header.revokes.contain(header.key_id) {",
        "if header.revokes.contain(header.key_id) && header.epoch > 1000 {",
        Suite::Boot,
    ),
    bug(
        "what was revoked before is forgotten",
        BOOT,
        "let mut after = *record;",
        "let mut after = Record { revoked: KeyIds::NONE, ..*record };",
        Suite::Boot,
    ),
    bug(
        "a revoked key is accepted",
        IMAGE,
        "Some(_) if self.record.revoked.contain(id) =>",
        "Some(_) if self.record.revoked.contain(id) && self.record.schema > 1000 =>",
        Suite::Boot,
    ),
    bug(
        "a way back below the floor is tried all the same",
        ROLLBACK,
        "if epoch < record.epoch_floor {",
        "if epoch > record.epoch_floor {",
        Suite::Boot,
    ),
    bug(
        "a later outcome empties the quarantine",
        RECORD,
        "Record { trial: None, outcomes: self.outcomes.followed_by(outcome), ..*self }",
        "Record { trial: None, outcomes: Outcomes::NONE.followed_by(outcome), ..*self }",
        Suite::Boot,
    ),
    bug(
        "what was rejected last does not enter the quarantine",
        OUTCOMES,
        "self.0.as_chunks().0.get(..=QUARANTINED)",
        "self.0.as_chunks().0.get(..QUARANTINED)",
        Suite::Boot,
    ),
    bug(
        "only what was rejected last is refused",
        OUTCOMES,
        "self.rejections().any(",
        "self.rejections().take(1).any(",
        Suite::Boot,
    ),
    bug(
        "an image that confirms stays in quarantine",
        OUTCOMES,
        "let leaves = outcome.ending != Ending::Cancelled && outcome",
        "let leaves = outcome.ending != Ending::Cancelled && outcome.ending != Ending::Confirmed && outcome",
        Suite::Boot,
    ),
    bug(
        "an image that is cancelled leaves the quarantine",
        OUTCOMES,
        "let leaves = outcome.ending != Ending::Cancelled && outcome",
        "let leaves = outcome",
        Suite::Boot,
    ),
    bug(
        "an image that was started is cancelled",
        ROLLBACK,
        "if trial != Trial::new(trial.slot) || trial.slot == self.running {",
        "if trial.slot == self.running {",
        Suite::Boot,
    ),
    bug(
        "an image that is cancelled is rejected",
        ROLLBACK,
        "Ok(self.end_trial(trial.slot, Ending::Cancelled))",
        "Ok(self.end_trial(trial.slot, Ending::Requested))",
        Suite::Boot,
    ),
    bug(
        "an image that is staged leaves the quarantine",
        OUTCOMES,
        "&Outcome { ending: Ending::Cancelled, ..*outcome }",
        "outcome",
        Suite::Boot,
    ),
    bug(
        "an image that is staged is pending",
        DUE,
        "record.staged(&outcome(flash, board, *slot, Ending::Staged, Reset::default()))",
        "Record { trial: Some(Trial::new(*slot)), ..record.staged(&outcome(flash, board, *slot, Ending::Staged, Reset::default())) }",
        Suite::Boot,
    ),
    bug(
        "any image in the other slot is activated",
        STAGING,
        "if !outcomes.last().is_some_and(|last| last.slot == target && last.digest == *image) {",
        "if false {",
        Suite::Boot,
    ),
    bug(
        "an activation asks nothing of a rejected image",
        STEP,
        "            CheckFor::Activation { force } => {\n                self.check_wanted(&info, &checked, force)?;\n",
        "            CheckFor::Activation { force } => {\n                self.check_wanted(&info, &checked, true | force)?;\n",
        Suite::Boot,
    ),
    bug(
        "an activation gives attempts back that a trial has used up",
        STEP,
        "Change::MarkTrial(slot) if journal.record().trial.is_some_and(|trial| trial.slot == *slot) => {",
        "Change::MarkTrial(slot) if journal.record().trial == Some(Trial::new(*slot)) => {",
        Suite::Boot,
    ),
    bug(
        "a rollback goes to a staged image",
        ROLLBACK,
        "            Some(Ending::Staged) => return Err(Refusal::Staged),\n",
        "",
        Suite::Boot,
    ),
    bug(
        "a rollback goes to an image that was rejected",
        ROLLBACK,
        "if record.outcomes.have_rejected(&digest) {",
        "if false {",
        Suite::Boot,
    ),
    bug(
        "the words of a crash are believed without their mark",
        HANDOVER,
        "(mark == FAULT_MARK && cause == Cause::Fault)",
        "(mark != 0 && cause == Cause::Fault)",
        Suite::Boot,
    ),
    bug(
        "the words of a crash are believed after any reset",
        HANDOVER,
        "(mark == FAULT_MARK && cause == Cause::Fault)",
        "(mark == FAULT_MARK && cause != Cause::Unknown)",
        Suite::Boot,
    ),
];
