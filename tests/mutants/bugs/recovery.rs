//! Bugs of the bootloader in recovery mode.

use crate::bug::{Bug, RECOVERY, RECOVERY_FRAME, bug};
use crate::suite::Suite;

/// All of them.
pub const BUGS: &[Bug] = &[
    bug(
        "a bootloader marks a slot before it verifies it",
        RECOVERY,
        "        let trust = Trust { board: self.board, info: self.info, record: self.journal.record() };
        verify(",
        "        self.journal.change(self.flash, |record| record.trial = Some(Trial::new(slot))).map_err(flash_failed)?;
        let trust = Trust { board: self.board, info: self.info, record: self.journal.record() };
        verify(",
        Suite::Recovery,
    ),
    bug(
        "a bootloader marks a slot that does not verify",
        RECOVERY,
        "        verify(self.flash, &trust, slot).map_err(number)?;\n",
        "        let _ = verify(self.flash, &trust, slot).map_err(number);\n",
        Suite::Recovery,
    ),
    bug(
        "a bootloader that was asked to answer writes the confirmed slot",
        RECOVERY,
        "if self.kept == Some(target) {",
        "if self.kept == Some(target) && self.holder.is_none() {",
        Suite::Recovery,
    ),
    bug(
        "a bootloader reads on behind a damaged table",
        RECOVERY,
        "if written.is_err() {",
        "if written == Err(refusal::NO_TRANSFER) {",
        Suite::Recovery,
    ),
    bug(
        "a bootloader erases before it has checked the header",
        RECOVERY,
        "        let checked = trust.check(&self.header",
        "        let unit = self.board.slot(target).start;
        let _ = self.flash.erase(unit, self.board.unit_at(unit).end());
        let checked = trust.check(&self.header",
        Suite::Line,
    ),
    bug(
        "a bootloader leaves a trial whose slot it erases",
        RECOVERY,
        "self.record_transfer(target, false).map_err(flash_failed)?;",
        "self.journal.change(self.flash, |_| {}).map_err(flash_failed)?;",
        Suite::Recovery,
    ),
    bug(
        "a bootloader finishes what is not complete",
        RECOVERY,
        "if !receiver.is_complete() {",
        "if receiver.due() != 0 {",
        Suite::Line,
    ),
    bug(
        "what a rescue leaves when it fails becomes the default",
        RECOVERY,
        "after.lost = true;",
        "",
        Suite::Recovery,
    ),
    bug(
        "a rescue that a power cut interrupts becomes the default",
        RECOVERY,
        "if slot == after.confirmed {",
        "if is_complete && slot == after.confirmed {",
        Suite::Line,
    ),
    bug(
        "a rescue that fails in the place of the confirmed firmware is not the last firmware",
        RECOVERY,
        "if self.why == Recovery::NothingStarts {",
        "if self.why == Recovery::LastFirmware {",
        Suite::Line,
    ),
    bug(
        "a bootloader erases a slot without feeding the watchdog",
        RECOVERY,
        "        while unit < end {
            self.line.feed_watchdog();
",
        "        while unit < end {\n",
        Suite::Recovery,
    ),
    bug(
        "a bootloader takes bytes at any offset",
        RECOVERY,
        "if offset == receiver.next() {",
        "if offset <= receiver.next() {",
        Suite::Line,
    ),
    bug(
        "a bootloader takes a header of any length",
        RECOVERY,
        "message.number() == HEADER_LENGTH as u32;",
        "message.number() >= HEADER_LENGTH as u32;",
        Suite::Line,
    ),
    bug(
        "a bootloader serves two hosts at once",
        RECOVERY,
        "holder != session) && silence < SESSION_TIMEOUT_MS {",
        "holder != session) && silence > SESSION_TIMEOUT_MS {",
        Suite::Line,
    ),
    bug(
        "a bootloader carries a repetition out",
        RECOVERY,
        "let is_repeated = self.done == Some(self.request);",
        "let is_repeated = self.done == Some(self.request) && self.holder.is_none();",
        Suite::Line,
    ),
    bug(
        "a bootloader takes a number that has come around for a repetition",
        RECOVERY,
        "        if !is_repeated {",
        "        if !is_repeated && self.done.is_none() {",
        Suite::Line,
    ),
    bug(
        "a bootloader that was asked to answer waits for ever",
        RECOVERY,
        "None if self.silence() > RECOVERY_TIMEOUT_MS => return Task::Reset,",
        "None if self.silence() > RECOVERY_TIMEOUT_MS && self.holder.is_some() => return Task::Reset,",
        Suite::Line,
    ),
    bug(
        "bytes that are no frame keep a bootloader waiting",
        RECOVERY,
        "                Some(byte) => frame.push(byte),",
        "                Some(byte) => {
                    self.heard = self.line.now();
                    frame.push(byte)
                }",
        Suite::Line,
    ),
    bug(
        "a bootloader does not check the CRC of a frame",
        RECOVERY_FRAME,
        "(is_whole && CRC.checksum(message) == u32::from_le_bytes(*crc)).then_some(message)",
        "(is_whole && (CRC.checksum(message) == u32::from_le_bytes(*crc) || true)).then_some(message)",
        Suite::Line,
    ),
];
