//! Bugs that a host or an image would have to be made for: lengths, addresses and tables at their limits, and flash that
//! changes between check and use.

use crate::bug::{
    Bug, CONVERSATION, DUE, FINISH, HEADER, IMAGE, REBASE, RECEIVE, STEP, TRANSFER, UPDATER, VERIFY, bug,
};
use crate::suite::Suite;

/// All of them.
pub const BUGS: &[Bug] = &[
    bug(
        "the lengths of an image wrap around",
        HEADER,
        "self.table_offset()?.checked_add(self.table_length)",
        "Some(self.table_offset()?.wrapping_add(self.table_length))",
        Suite::Verifier,
    ),
    bug(
        "an image may be linked for any address",
        IMAGE,
        "let linked_for = header.linked_for(board).ok_or(Invalid::Bounds)?;",
        "let linked_for = header.linked_for(board).unwrap_or(slot);",
        Suite::Verifier,
    ),
    bug(
        "a payload may start anywhere",
        IMAGE,
        "if u32::from(header.header_length) != board.header_length",
        "if u32::from(header.header_length) < board.header_length",
        Suite::Verifier,
    ),
    bug(
        "a payload may be shorter than its vectors",
        IMAGE,
        "|| header.payload_length < 8",
        "|| header.payload_length == 0",
        Suite::Verifier,
    ),
    bug(
        "an image without a table runs in either slot",
        IMAGE,
        "if header.table_length == 0 && linked_for != slot {",
        "if header.table_length == 0 && linked_for != slot && slot == Slot::A {",
        Suite::Verifier,
    ),
    bug(
        "the stack may lie on the words that are shared",
        VERIFY,
        "if stack <= board.ram.start + HANDOVER_LENGTH",
        "if stack <= board.ram.start",
        Suite::Verifier,
    ),
    bug(
        "the entry point may lie behind the payload",
        VERIFY,
        "is_some_and(|offset| offset < header.payload_length);",
        "is_some_and(|offset| offset < board.capacity());",
        Suite::Verifier,
    ),
    bug(
        "the vectors are read again after they were hashed",
        VERIFY,
        "        self.finish(board).map(Some)\n",
        "        flash.read(slot_start + board.header_length, &mut self.vectors).map_err(|_| Invalid::Flash)?;
        self.finish(board).map(Some)\n",
        Suite::Verifier,
    ),
    bug(
        "a verifier reads what the table's length says past the slot",
        VERIFY,
        "        while self.position < self.end {",
        "        while self.position < self.end + 32 {",
        Suite::Verifier,
    ),
    bug(
        "an updater takes a table that points past the payload",
        RECEIVE,
        "if self.phase == Phase::Payload && at_end && !self.rebaser.is_done() {",
        "if self.phase == Phase::Table && at_end && !self.rebaser.is_done() {",
        Suite::Verifier,
    ),
    bug(
        "a number of a table may be longer than it needs to be",
        REBASE,
        "if byte == 0 && self.bytes > 1 {",
        "if byte == 0 && self.bytes > 4 {",
        Suite::Verifier,
    ),
    bug(
        "a table may end within a number",
        VERIFY,
        "if self.decoder.is_whole() { Ok(None) } else { Err(Invalid::Table) }",
        "Ok(None)",
        Suite::Verifier,
    ),
    bug(
        "an entry across two blocks is not carried over",
        REBASE,
        "None => return Ok(start.min(bytes.len())),",
        "None => return Ok(bytes.len()),",
        Suite::Verifier,
    ),
    bug(
        "a header that somebody else wrote is marked",
        STEP,
        "if present == *header {",
        "if !is_erased(&present) {",
        Suite::Line,
    ),
    bug(
        "what is verified is one slot, and the other is marked",
        FINISH,
        "self.start_finish(transfer, Change::MarkTrial(self.target()))",
        "self.start_finish(transfer, Change::MarkTrial(self.running))",
        Suite::Line,
    ),
    bug(
        "the header is written without being read back",
        DUE,
        "            (Work::Seal, Operation::Sealing(header, _)) => {
                bench.block.put(header);
                let write = FlashOperation::Write { start: board.slot(running.other()).start, length: header.len() };
                (!is_done).then_some(write)\n",
        "            (Work::Seal, Operation::Sealing(header, change)) => {
                bench.block.put(header);
                let (change, length) = (*change, header.len());
                let write = FlashOperation::Write { start: board.slot(running.other()).start, length };
                if is_done {
                    *operation = Operation::Recording(change);
                }
                (!is_done).then_some(write)\n",
        Suite::Line,
    ),
    bug(
        "the digests of a host's question may reach behind the slot",
        UPDATER,
        ".filter(|end| *end <= slot.length)",
        ".filter(|end| *end <= 2 * slot.length)",
        Suite::Line,
    ),
    bug(
        "a host's question takes as long as it likes",
        CONVERSATION,
        "if length > wire::DIGEST_RANGE.min(updater.unit_length(offset)) || ",
        "if ",
        Suite::Line,
    ),
    bug(
        "a host skips past the end",
        TRANSFER,
        "&& (to == end || to < end && to.is_multiple_of(BLOCK))",
        "&& (to >= end || to.is_multiple_of(BLOCK))",
        Suite::Line,
    ),
    bug(
        "two hosts are served at once",
        CONVERSATION,
        "now.wrapping_sub(heard) < SESSION_TIMEOUT_MS",
        "now.wrapping_sub(heard) > SESSION_TIMEOUT_MS",
        Suite::Line,
    ),
    bug(
        "a repetition is carried out",
        CONVERSATION,
        "if self.done == Some((session, number)) {",
        "if self.done == Some((session, number)) && self.holder.is_none() {",
        Suite::Line,
    ),
    bug(
        "a number that has come around is taken for a repetition",
        CONVERSATION,
        "        self.done = None;\n",
        "",
        Suite::Line,
    ),
];
