//! Bugs of the journal.

use crate::bug::{Bug, JOURNAL, RECORD, bug};
use crate::suite::Suite;

/// All of them.
pub const BUGS: &[Bug] = &[
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
        "if self.is_blank_at(flash, this) && ",
        "if ",
        Suite::Journal,
    ),
    bug(
        "a record that may be torn is not written again",
        JOURNAL,
        "if !cause.may_tear() || ",
        "if cause.may_tear() || true || ",
        Suite::Journal,
    ),
    bug(
        "what was torn behind the newest record stays the last",
        JOURNAL,
        "if untouched && equal >= EQUAL_RECORDS {",
        "if equal >= EQUAL_RECORDS {",
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
];
