//! Bugs of the journal.

use crate::bug::{Bug, JOURNAL, RECORD, WRITING, bug};
use crate::suite::Suite;

/// All of them.
pub const BUGS: &[Bug] = &[
    bug(
        "the journal erases the unit that holds the newest record",
        JOURNAL,
        "let next = unit + self.board.journal_unit;",
        "let next = unit;",
        Suite::Journal,
    ),
    bug(
        "a stale boot record is preferred",
        JOURNAL,
        "|(newest, _)| sequence > newest)",
        "|(newest, _)| sequence < newest)",
        Suite::Journal,
    ),
    bug(
        "a boot record is not read back",
        WRITING,
        "&& back == block.bytes(RECORD_LENGTH)",
        "&& back.len() == block.bytes(RECORD_LENGTH).len()",
        Suite::Journal,
    ),
    bug(
        "a place that was torn is written again",
        WRITING,
        "if is_blank_at(flash, self.board, writing.start) {",
        "if stride > 0 {",
        Suite::Journal,
    ),
    bug(
        "a record that may be torn is not written again",
        JOURNAL,
        "        equal >= EQUAL_RECORDS
",
        "        equal >= 1
",
        Suite::Journal,
    ),
    bug(
        "what was torn behind the newest record stays the last",
        JOURNAL,
        "if spoilt > 0 || blank <= SPARE",
        "if spoilt > 1000 || blank <= SPARE",
        Suite::Journal,
    ),
    bug(
        "a unit that reads as blank is not erased",
        WRITING,
        "} else if self.prepared == Some(writing.unit) {",
        "} else if self.prepared == Some(writing.unit)
                || is_blank_at(flash, self.board, writing.unit)
            {",
        Suite::Journal,
    ),
    bug(
        "the CRC of a boot record is not checked",
        RECORD,
        "(CRC_AT).0) != crc {",
        "(CRC_AT).0) != crc && crc == 1 {",
        Suite::Journal,
    ),
];
