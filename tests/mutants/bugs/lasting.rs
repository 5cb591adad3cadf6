//! Bugs that show only if a fault stays, or comes once in a read.

use crate::bug::{BOOT, Bug, HANDOVER, IMAGE, JOURNAL, PLACES, UPDATER, WRITING, bug};
use crate::suite::Suite;

/// All of them.
pub const BUGS: &[Bug] = &[
    bug(
        "the journal is settled before the confirmed firmware starts",
        BOOT,
        "    // 3: the confirmed slot, the default.",
        "    let _ = device.journal.change(device.flash, |_| {});
    // 3: the confirmed slot, the default.",
        Suite::Lasting,
    ),
    bug(
        "a supply that failed at a write is tried again at the next boot",
        BOOT,
        "if self.reset.interrupted { Err(Failed) }",
        "if self.reset.interrupted && self.reset.crashes > 9 { Err(Failed) }",
        Suite::Lasting,
    ),
    bug(
        "torn places do not keep a bounded caller from writing",
        WRITING,
        "if effort == Effort::Bounded && spoilt >= SPOILT {",
        "if effort == Effort::Bounded && spoilt > 1000 {",
        Suite::Journal,
    ),
    bug(
        "firmware that was started without counting that confirms at any price",
        UPDATER,
        "boot.start != Start::FellBack",
        "boot.verification < u32::MAX",
        Suite::Lasting,
    ),
    bug(
        "a boot that dies while it writes ends a crash loop",
        HANDOVER,
        "let has_crashed = interrupted || matches!",
        "let has_crashed = matches!",
        Suite::CoreUnits,
    ),
    bug(
        "an interrupted erase is made again for nothing",
        JOURNAL,
        "effort == Effort::Unbounded || self.prepared.is_some()",
        "effort == Effort::Unbounded || self.sequence() < u32::MAX",
        Suite::Lasting,
    ),
    bug(
        "a trial is rejected by one bad read",
        BOOT,
        "if verified.is_err() {",
        "if verified.is_err() && self.reset.listened {",
        Suite::Lasting,
    ),
    bug("one bad read hides a boot record", PLACES, "for _ in 0..2 {", "for _ in 0..1 {", Suite::Lasting),
    bug(
        "rejected firmware starts again without a word of the host",
        BOOT,
        "if !reset.listened && (was_rejected || reset.crashes >= CRASH_LOOP) {",
        "if !reset.listened && reset.crashes >= CRASH_LOOP {",
        Suite::Boot,
    ),
    bug(
        "rejected firmware has trial after trial",
        BOOT,
        "if !was_rejected {",
        "if !was_rejected || reset.listened {",
        Suite::Boot,
    ),
    bug(
        "firmware that crashes in a loop leaves the host no time",
        BOOT,
        "if !reset.listened && (was_rejected || reset.crashes >= CRASH_LOOP) {",
        "if !reset.listened && (was_rejected || reset.crashes >= CRASH_LOOP + 100) {",
        Suite::Boot,
    ),
    bug(
        "a dead unit of the journal is tried alone",
        WRITING,
        "writing.unit = self.unit_after(writing.unit);",
        "writing.unit = if writing.unit == current { self.unit_after(current) } else { current };",
        Suite::Journal,
    ),
    bug(
        "a record that the newest repeats is written again",
        JOURNAL,
        "if *record == self.record {",
        "if *record == self.record && record.schema > 1000 {",
        Suite::Journal,
    ),
    bug(
        "an older state is written over one that was not read",
        JOURNAL,
        "if self.read_newer(flash) { Err(Failed) }",
        "if self.read_newer(flash) && record.schema > 1000 { Err(Failed) }",
        Suite::Journal,
    ),
    bug(
        "firmware starts on data that it does not know",
        IMAGE,
        "if !header.accepts_schema(self.record.schema) {",
        "if !header.accepts_schema(self.record.schema) && header.epoch > 1000 {",
        Suite::Verifier,
    ),
    bug(
        "one image may use up all epochs",
        IMAGE,
        "if header.epoch.saturating_sub(self.record.epoch_floor) > EPOCH_STEP {",
        "if header.epoch.saturating_sub(self.record.epoch_floor) > EPOCH_STEP && header.revokes.contain([9; 4]) {",
        Suite::Verifier,
    ),
];
