//! Bugs of the journal.

use crate::bug::{Bug, JOURNAL, RECORD, bug};
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
        JOURNAL,
        "&& back == *record",
        "&& back.len() == record.len()",
        Suite::Journal,
    ),
    bug(
        "a place that was torn is written again",
        JOURNAL,
        "if self.is_blank_at(flash, this) {
                if self.write(",
        "{
                if self.write(",
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
        JOURNAL,
        "let is_erased = self.prepared == Some(unit)",
        "let is_erased = self.prepared == Some(unit) || self.is_blank_at(flash, Place { unit, start: unit })",
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
