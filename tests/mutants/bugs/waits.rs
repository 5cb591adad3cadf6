//! Bugs of what waits for whom: deadlines that wait for the line, a host and the application that wait for each other.

use crate::bug::{Bug, CONFIRM, CONVERSATION, EVENT, GEOMETRY, LINE, SESSION, STEP, UPDATER, bug};
use crate::suite::Suite;

/// All of them.
pub const BUGS: &[Bug] = &[
    bug(
        "the deadline of a trial waits for the line",
        SESSION,
        "if updater.is_overdue(now, self.trial_deadline) {",
        "if self.conversation.pending_output().is_empty() && updater.is_overdue(now, self.trial_deadline) {",
        Suite::Line,
    ),
    bug(
        "a port that fails keeps the deadline away",
        LINE,
        "let carried = self.carry_ready(serial);",
        "let carried = Ok(self.carry_ready(serial)?);",
        Suite::Line,
    ),
    bug(
        "the deadline of a trial is a single moment",
        UPDATER,
        "TrialClock::Since(since) if now.wrapping_sub(since) > deadline =>",
        "TrialClock::Since(since) if now.wrapping_sub(since) == deadline =>",
        Suite::Line,
    ),
    bug(
        "a deadline that has passed is forgotten when the time comes around",
        UPDATER,
        "matches!(self.trial_clock, TrialClock::Overdue) && self.is_trial()",
        "matches!(core::mem::replace(&mut self.trial_clock, TrialClock::Since(now)), TrialClock::Overdue)\n            && self.is_trial()",
        Suite::Line,
    ),
    bug(
        "a restart waits for the line",
        EVENT,
        "let wait = if self.is_sent { RESTART_DELAY } else { SESSION_TIMEOUT_MS };",
        "let wait = if self.is_sent { RESTART_DELAY } else { u32::MAX };",
        Suite::Line,
    ),
    bug(
        "a restart does not let its answer go out",
        EVENT,
        "let wait = if self.is_sent { RESTART_DELAY } else { SESSION_TIMEOUT_MS };",
        "let wait = if self.is_sent { 0 } else { SESSION_TIMEOUT_MS };",
        Suite::Line,
    ),
    bug(
        "the bootloader's log replaces what is being sent",
        SESSION,
        "if is_free && !log.is_empty() {",
        "if !log.is_empty() {",
        Suite::Line,
    ),
    bug(
        "the application's confirm replaces the host's rollback",
        CONFIRM,
        "        if self.is_rolled_back() {
            return Err(Refusal::RollbackRequested);
        }
        if let Some(ticket) = self.confirm.under_way() {",
        "        if self.is_rolled_back() {
            self.abort();
        }
        if let Some(ticket) = self.confirm.under_way() {",
        Suite::Line,
    ),
    bug(
        "a rollback that was recorded is confirmed away",
        CONFIRM,
        "        !record.is_confirmed(self.running)
            && match",
        "        !record.is_confirmed(self.running)
            && record.trial.is_some()
            && match",
        Suite::Line,
    ),
    bug(
        "a rollback that waits for the reset is confirmed away",
        CONFIRM,
        "Some(trial) => trial.slot != self.running,",
        "Some(_) => false,",
        Suite::Line,
    ),
    bug(
        "what the application's step has ended is answered to nobody",
        SESSION,
        "if let Some((number, end)) = conversation.settle(updater) {",
        "if step != Ok(Step::Idle)
            && let Some((number, end)) = conversation.settle(updater)
        {",
        Suite::Line,
    ),
    bug(
        "a confirm that fails again and again keeps the operation waiting",
        STEP,
        "self.confirmed_last = self.confirm.under_way().is_some() && !self.confirmed_last;",
        "self.confirmed_last = self.confirm.under_way().is_some();",
        Suite::Line,
    ),
    bug(
        "a write whose future was dropped is done again",
        STEP,
        "let begun = self.begun.take()?;",
        "let begun = self.begun.take().filter(|_| self.begun.is_some())?;",
        Suite::Boot,
    ),
    bug(
        "a host feeds the application's transfer",
        UPDATER,
        "if self.lane.ticket() == Some(ticket) { Ok(()) } else { Err(Refusal::Superseded) }",
        "if self.lane.ticket() == Some(ticket) || self.next().is_some() { Ok(()) } else { Err(Refusal::Superseded) }",
        Suite::Line,
    ),
    bug(
        "a host is told that a transfer has begun which the application has aborted",
        CONVERSATION,
        "(Command::Begin { .. }, Err(refusal)) => Body::Refused(refusal),",
        "(Command::Begin { .. }, Err(_)) => Body::Done,",
        Suite::Line,
    ),
    bug(
        "a driver whose erase reaches past the journal's unit is used",
        GEOMETRY,
        "(used.all(|(run, _)| divides(U::ERASE_SIZE, run.length)) || is_largest)",
        "(used.all(|(run, _)| U::ERASE_SIZE > run.length as usize || divides(U::ERASE_SIZE, run.length)) || is_largest)",
        Suite::Line,
    ),
];
