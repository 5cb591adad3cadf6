//! The seeded bugs, and the tests that are to catch each.

mod doors;
mod hostile;
mod recovery;

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
            Suite::Skips => {
                ("lifeboot-tests", "lifeboot", &["skips::altered_payload_b", "skips::epoch", "skips::signature_that"])
            }
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
const DOUBT: &str = "updater/src/doubt.rs";
const TRANSFER: &str = "updater/src/transfer.rs";
const UPDATER: &str = "updater/src/updater.rs";
const WORK: &str = "updater/src/work.rs";
const CONVERSATION: &str = "updater/src/conversation.rs";

const fn bug(name: &'static str, file: &'static str, from: &'static str, to: &'static str, suite: Suite) -> Bug {
    Bug { name, file, from, to, suite }
}

/// All of them.
pub fn bugs() -> impl Iterator<Item = &'static Bug> {
    BUGS.iter().chain(recovery::BUGS).chain(hostile::BUGS).chain(doors::BUGS)
}

const BUGS: &[Bug] = &[
    bug(
        "the journal erases the unit that holds the newest record",
        JOURNAL,
        "map_or(start, |(_, place)| place.unit + self.board.journal_unit)",
        "map_or(start, |(_, place)| place.unit)",
        Suite::Journal,
    ),
    bug(
        "a stale boot record is preferred",
        JOURNAL,
        "|(newest, _)| sequence > newest)",
        "|(newest, _)| sequence < newest)",
        Suite::Journal,
    ),
    bug("a boot record is not read back", JOURNAL, "&& back == *record", "&& back.len() == record.len()", Suite::Journal),
    bug("a place that was torn is written again", JOURNAL, "if self.is_blank_at(flash, this) && ", "if ", Suite::Journal),
    bug(
        "a record that may be torn is not written afresh",
        JOURNAL,
        "if !cause.may_tear() || ",
        "if cause.may_tear() || true || ",
        Suite::Journal,
    ),
    bug(
        "what was torn behind the newest record stays the last",
        JOURNAL,
        "if untouched && equal >= SETTLED {",
        "if equal >= SETTLED {",
        Suite::Journal,
    ),
    bug(
        "a unit that reads as blank is not erased",
        JOURNAL,
        "if !self.prepared {
            flash.erase",
        "if !self.prepared && !self.is_blank_at(flash, first) {
            flash.erase",
        Suite::Journal,
    ),
    bug(
        "the CRC of a boot record is not checked",
        RECORD,
        "(bytes)) != crc {",
        "(bytes)) != crc && crc == 1 {",
        Suite::Journal,
    ),
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
        "Some(counted) if device.append(|record| record.trial = Some(counted)).is_ok() => {",
        "Some(_) => {",
        Suite::Boot,
    ),
    bug(
        "a trial without starts left is not ended",
        BOOT,
        "None => device.reject(trial.slot, Ending::NotConfirmed, reset),",
        "None => {}",
        Suite::Boot,
    ),
    bug(
        "the epoch of an image is not checked",
        IMAGE,
        "if header.epoch < self.epoch_floor {",
        "if header.epoch < self.epoch_floor && header.epoch > 1000 {",
        Suite::Verifier,
    ),
    bug(
        "the signature is not checked",
        IMAGE,
        "if point != *first_half(signature) {",
        "if point != *first_half(signature) && point == [1; 32] {",
        Suite::Verifier,
    ),
    bug(
        "the lengths of an image are not bounded",
        IMAGE,
        ".is_none_or(|length| length > board.slot(slot).length)",
        ".is_none_or(|length| length > u32::MAX / 2 + board.slot(slot).length)",
        Suite::Verifier,
    ),
    bug(
        "a second signature can be made of the first",
        "bootloader/core/src/signature/scalar.rs",
        ".lt(ORDER.into_iter().rev())",
        ".lt([0x2000_0000; 8].into_iter())",
        Suite::Verifier,
    ),
    bug(
        "the check in steps does not compare",
        "bootloader/core/src/signature/steps.rs",
        "return Some(self.sum.compress().0 == self.r);",
        "return Some(self.sum.compress().0 != [0; 32] && self.r != [0xff; 32]);",
        Suite::Verifier,
    ),
    bug(
        "what the check in steps says is not heard",
        IMAGE,
        "Some(false) => Err(Invalid::Signature),",
        "Some(false) => self.admit(trust).map(Some),",
        Suite::Verifier,
    ),
    bug(
        "the digest is not compared",
        VERIFY,
        "if !self.checked.has(digest) {",
        "if !self.checked.has(digest) && digest == [0; 32] {",
        Suite::Verifier,
    ),
    bug(
        "the entry point is not checked",
        VERIFY,
        "if !inside || entry & 1 == 0 {",
        "if !inside && entry & 1 == 0 {",
        Suite::Verifier,
    ),
    bug(
        "a table may point past the payload",
        VERIFY,
        "if at_end && !rebaser.is_done() || done == 0 {",
        "if done == 0 {",
        Suite::Verifier,
    ),
    bug(
        "what was written is not read back before the trial",
        UPDATER,
        "        let (header, checked) = transfer.parts();\n        self.stage = Stage::Verifying(header, Check::new(checked, self.board));",
        "        let (header, checked) = transfer.parts();\n        self.stage = Stage::Sealing(header, checked.slot());",
        Suite::Line,
    ),
    bug(
        "an update begins while the confirmed slot is the target",
        UPDATER,
        "        if self.is_trial() {\n            return Err(Refusal::TrialRunning);",
        "        if self.is_trial() && belief.target != self.target() {\n            return Err(Refusal::TrialRunning);",
        Suite::Line,
    ),
    bug(
        "the slot's old header stays while its payload is replaced",
        TRANSFER,
        "old_header: !present.is_some_and(|present| is_erased(&present)),",
        "old_header: present.is_none(),",
        Suite::Life,
    ),
    bug(
        "a header that reads as the new one stays, whole or torn",
        TRANSFER,
        "old_header: !present.is_some_and(|present| is_erased(&present)),",
        "old_header: !present.is_some_and(|present| present == *header || is_erased(&present)),",
        Suite::Life,
    ),
    bug(
        "the header is written before the payload",
        TRANSFER,
        "            self.old_header = false;\n",
        "            self.old_header = false;\n            flash.write(start, &self.header).map_err(|_| Refusal::Flash)?;\n",
        Suite::Life,
    ),
    bug(
        "the slot is marked before it is verified",
        UPDATER,
        "        self.stage = Stage::Verifying(header, Check::new(checked, self.board));\n        Ok(())\n    }\n\n    /// Gives up",
        "        self.stage = Stage::Recording(Change::MarkTrial(checked.slot()));\n        Ok(())\n    }\n\n    /// Gives up",
        Suite::Life,
    ),
    bug(
        "what a power cut tore last is passed over",
        DOUBT,
        "!present.as_ref().is_some_and(is_of_another)",
        "present.as_ref().is_some_and(is_of_another) && present.is_none()",
        Suite::Life,
    ),
    bug(
        "the epoch floor rises before the confirm is durable",
        WORK,
        "                    Change::Confirm(outcome, consequences) if is_trial(*running, &record) => {",
        "                    Change::Confirm(_, consequences) if consequences.epoch > record.epoch_floor => {
                        record.epoch_floor = consequences.epoch;
                        last = false;
                    }
                    Change::Confirm(outcome, consequences) if is_trial(*running, &record) => {",
        Suite::Life,
    ),
    bug(
        "keys are revoked before the confirm is durable",
        WORK,
        "                    Change::Confirm(outcome, consequences) if is_trial(*running, &record) => {",
        "                    Change::Confirm(_, consequences) if consequences.revoked & !record.revoked != 0 => {
                        record.revoked |= consequences.revoked;
                        last = false;
                    }
                    Change::Confirm(outcome, consequences) if is_trial(*running, &record) => {",
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
        "if own & revokes != 0 {",
        "if own & revokes != 0 && revokes == 0 {",
        Suite::Boot,
    ),
    bug(
        "what was revoked before is forgotten",
        BOOT,
        "record.revoked |= self.revoked;",
        "record.revoked = self.revoked;",
        Suite::Boot,
    ),
    bug(
        "a revoked key is accepted",
        IMAGE,
        "Some((bit, _)) if self.revoked & bit != 0 =>",
        "Some((bit, _)) if self.revoked & bit != 0 && self.revoked == 0 =>",
        Suite::Boot,
    ),
    bug(
        "a way back below the floor is tried all the same",
        UPDATER,
        "if epoch < record.epoch_floor {",
        "if epoch > record.epoch_floor {",
        Suite::Boot,
    ),
    bug(
        "a confirm is reported before it is durable",
        WORK,
        "                    journal.append(flash, record)?;
                    return Ok(if last",
        "                    if is_trial(*running, journal.record()) && record.trial.is_none() {
                        return Ok(Work::Done);
                    }
                    journal.append(flash, record)?;
                    return Ok(if last",
        Suite::Life,
    ),
    bug(
        "the updater writes to the slot that it runs from",
        TRANSFER,
        "        let start = board.slot(self.receiver.checked().slot()).start + unit * board.slot_unit;",
        "        let start = board.slot(self.receiver.checked().slot().other()).start + unit * board.slot_unit;",
        Suite::Life,
    ),
    bug(
        "an erase goes one unit too far",
        TRANSFER,
        "flash.erase(start, start + board.slot_unit).map_err(|_| Refusal::Flash)?;",
        "flash.erase(start, start + 2 * board.slot_unit).map_err(|_| Refusal::Flash)?;",
        Suite::Life,
    ),
    bug(
        "an ECC word of the slot is written twice",
        RECEIVE,
        "flash.write(start + self.written, padded).map_err(|_| Invalid::Flash)?;",
        "flash.write(start + self.written, padded).map_err(|_| Invalid::Flash)?;
        flash.write(start + self.written, padded.get(..F::WRITE_SIZE).unwrap_or_default()).map_err(|_| Invalid::Flash)?;",
        Suite::LifeEcc,
    ),
    bug(
        "an ECC word of the journal is written twice",
        JOURNAL,
        "if self.is_blank_at(flash, this) && ",
        "if ",
        Suite::LifeEcc,
    ),
    bug(
        "bytes are taken at any offset",
        CONVERSATION,
        "let taken = updater.feed(next, rest)?;",
        "let taken = updater.feed(next, if rest.is_empty() { bytes } else { rest })?;",
        Suite::Line,
    ),
    bug(
        "the CRC of a frame is not checked",
        "updater/src/frame.rs",
        "(CRC.checksum(message) == u32::from_le_bytes(*crc)).then_some(message.len())",
        "(CRC.checksum(message) == u32::from_le_bytes(*crc) || true).then_some(message.len())",
        Suite::Line,
    ),
    bug(
        "the end of the table stays in the buffer",
        RECEIVE,
        "self.phase == Phase::Table && self.written == self.phase_end()",
        "self.phase == Phase::Table && self.next() == self.phase_end()",
        Suite::Line,
    ),
    bug("a rejected image is taken again", WORK, "if rejected && !force {", "if rejected && force {", Suite::Line),
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
        "outcome.ending != Ending::FellBack && outcome",
        "outcome.ending.is_rejection() && outcome",
        Suite::Boot,
    ),
    bug(
        "an image that is started in need leaves the quarantine",
        OUTCOMES,
        "outcome.ending != Ending::FellBack && outcome",
        "outcome",
        Suite::Boot,
    ),
    bug(
        "a rollback goes to an image that was rejected",
        UPDATER,
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
    bug(
        "a bootloader that answers takes what was rejected",
        RECOVERY,
        "if !force && record.outcomes.have_rejected(",
        "if force && record.outcomes.have_rejected(",
        Suite::Line,
    ),
];
