//! Bugs of an update: what the updater writes, marks and confirms, and what it takes from the line.

use crate::bug::{
    Bug, CONFIRM, CONVERSATION, DUE, FINISH, FRAME, INSTRUCTIONS, OLD, OPERATION, PATCHED, PATCHING, RECEIVE, RECOVERY,
    SENDER, STEP, SUSPECTS, TRANSFER, UPDATER, VERIFY, WRITING, bug,
};
use crate::suite::Suite;

/// All of them.
pub const BUGS: &[Bug] = &[
    bug(
        "what was written is not read back before the trial",
        FINISH,
        "self.operation = Operation::Verifying(*transfer.header(), check, change);",
        "drop(check);\n        self.operation = Operation::Sealing(*transfer.header(), change);",
        Suite::Line,
    ),
    bug(
        "blocks are verified before they are written",
        VERIFY,
        "+ read + BLOCK <= written",
        "+ read <= written",
        Suite::Verifier,
    ),
    bug(
        "an update begins while the confirmed slot is the target",
        UPDATER,
        "        if self.is_trial() {\n            return Err(Refusal::TrialRunning);\n        }\n        // A bootloader",
        "        if self.is_trial() && expected.target != self.target() {\n            return Err(Refusal::TrialRunning);\n        }\n        // A bootloader",
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
        "behind a table the payload is written over what is there",
        TRANSFER,
        "if self.receiver.phase() != before {",
        "if self.receiver.phase() == before {",
        Suite::Line,
    ),
    bug(
        "the header is written before the payload",
        DUE,
        "                    transfer.note_erased(unit, suspects, board);\n",
        "                    transfer.note_erased(unit, suspects, board);
                    let (start, header) = (board.slot(transfer.checked().slot()).start, transfer.header());
                    if transfer.region(unit, board).start == start {
                        *work = Work::Seal;
                        bench.block.put(header);
                        return Ok(Some(FlashOperation::Write { start, length: header.len() }));
                    }\n",
        Suite::Life,
    ),
    bug(
        "the slot is marked before it is verified",
        FINISH,
        "self.operation = Operation::Verifying(*transfer.header(), check, change);",
        "drop(check);\n        self.operation = Operation::Recording(change);",
        Suite::Life,
    ),
    bug(
        "what a power cut tore last is passed over",
        SUSPECTS,
        "!present.as_ref().is_some_and(is_of_another)",
        "present.as_ref().is_some_and(is_of_another) && present.is_none()",
        Suite::Life,
    ),
    bug(
        "the epoch floor rises before the confirm is durable",
        CONFIRM,
        "        if self.is_trial() {\n            // A trial has",
        "        if self.confirmed()?.epoch_floor != self.journal.record().epoch_floor {
            return Ok(Plan::Flash(Work::Record(State::Effects, Effort::Unbounded, Step::Busy)));
        }
        if self.is_trial() {
            // A trial has",
        Suite::Life,
    ),
    bug(
        "a confirm is reported before it is durable",
        CONFIRM,
        "        if self.is_trial() {\n            // A trial has",
        "        if self.is_trial() {
            return Ok(Plan::Done(Step::Confirmed));
        }
        if self.is_trial() {
            // A trial has",
        Suite::Life,
    ),
    bug(
        "the updater writes to the slot that it runs from",
        TRANSFER,
        "        let start = board.slot(self.receiver.checked().slot()).start;\n        Region {",
        "        let start = board.slot(self.receiver.checked().slot().other()).start;\n        Region {",
        Suite::Life,
    ),
    bug(
        "an erase goes one unit too far",
        TRANSFER,
        "length: unit.end - unit.start }",
        "length: 2 * (unit.end - unit.start) }",
        Suite::Life,
    ),
    bug(
        "an ECC word of the slot is written twice",
        OPERATION,
        "FlashOperation::Write { start, length } => flash.write(start, block.padded(length, F::WRITE_SIZE)).is_ok(),",
        "FlashOperation::Write { start, length } => {
                flash.write(start, block.padded(length, F::WRITE_SIZE)).is_ok()
                    && flash.write(start, block.padded(1, F::WRITE_SIZE)).is_ok()
            }",
        Suite::LifeEcc,
    ),
    bug(
        "an ECC word of the journal is written twice",
        WRITING,
        "if is_blank_at(flash, self.board, writing.start) {",
        "if stride > 0 {",
        Suite::LifeEcc,
    ),
    bug(
        "bytes are taken at any offset",
        CONVERSATION,
        "let taken = updater.feed(own, next, rest)?;",
        "let taken = updater.feed(own, next, if rest.is_empty() { bytes } else { rest })?;",
        Suite::Line,
    ),
    bug(
        "the CRC of a frame is not checked",
        FRAME,
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
    bug(
        "a rejected image is taken again",
        STEP,
        "if record.outcomes.have_rejected(&checked.header().digest) && !force {",
        "if record.outcomes.have_rejected(&checked.header().digest) && force {",
        Suite::Line,
    ),
    bug(
        "a bootloader in recovery mode takes what was rejected",
        RECOVERY,
        "if !force && record.outcomes.have_rejected(",
        "if force && record.outcomes.have_rejected(",
        Suite::Line,
    ),
    bug(
        "a patch is applied to the bytes as they lie in slot B",
        OLD,
        "if !in_table && self.distance != 0 {",
        "if in_table && self.distance != 0 {",
        Suite::Line,
    ),
    bug(
        "an address that lies across what is read at once is not brought back",
        OLD,
        "let first = window.saturating_sub(WINDOW);\n        let last = (window + 2 * WINDOW)",
        "let first = window;\n        let last = (window + WINDOW)",
        Suite::Line,
    ),
    bug(
        "going back in the old bytes does not begin anew in the table",
        OLD,
        "let back = first < self.reached;",
        "let back = self.reached == u32::MAX;",
        Suite::Line,
    ),
    bug(
        "a patch is taken that was made from another image",
        PATCHED,
        "if !header.digest.starts_with(from) {",
        "if !header.digest.starts_with(from.get(..1).unwrap_or_default()) && from.ends_with(&header.digest) {",
        Suite::Line,
    ),
    bug(
        "a patch that makes more than the image is not refused",
        PATCHING,
        "return if transfer.is_complete() { Err(Refusal::Patch) } else { Ok(true) };",
        "return Ok(!transfer.is_complete());",
        Suite::Line,
    ),
    bug(
        "a patch may seek for ever",
        INSTRUCTIONS,
        "let again = kind == Kind::Seek && self.kind == Kind::Seek;",
        "let again = false;",
        Suite::Line,
    ),
    bug(
        "a patch reads behind the old bytes",
        INSTRUCTIONS,
        "if !in_old {",
        "if !in_old && self.position > self.old_length {",
        Suite::Line,
    ),
    bug(
        "a loss does not lower what may be on its way",
        SENDER,
        "                    self.window = (self.window / 2).max(self.frame().saturating_mul(2)).min(self.largest_window);\n",
        "",
        Suite::Line,
    ),
];
