//! The verifier, over the simulated flash: exactly the good images are accepted, in either slot, and everything else is
//! refused for the right reason and without a panic.

mod accepted;
mod ahead;
mod contents;
mod extremes;
mod forms;
mod garbage;
mod header;
mod reads;

use crate::signed_image::{SignedImage, info};
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::Slot;
use lifeboot_core::image::{Checked, HEADER_LENGTH, HeaderBytes, HeaderCheck, Invalid, Trust};
use lifeboot_core::layout::Board;
use lifeboot_core::record::Record;
use lifeboot_core::verify::{Verified, verify};
use lifeboot_tests::simulated_flash::SimulatedFlash;

/// The length of most payloads here: some blocks and a part of one, so that padding precedes the table.
const LENGTH: usize = 1001;

/// What these devices trust: two keys, nothing revoked, no epoch yet.
fn trusted(board: &'static Board) -> impl Fn(&mut SimulatedFlash, Slot) -> Result<Verified, Invalid> {
    let info = info().for_board(board);
    move |flash, slot| {
        let trust = Trust { board, info: &info, record: &Record::FACTORY };
        let mut bytes = [0; HEADER_LENGTH];
        if flash.read(board.slot(slot).start, &mut bytes).is_ok() {
            assert_eq!(trust.check(&bytes, slot), checked_in_steps(&trust, &bytes, slot), "the two checks differ");
        }
        verify(flash, &trust, slot)
    }
}

/// The result of the updater's check of a header.
fn checked_in_steps(trust: &Trust, bytes: &HeaderBytes, slot: Slot) -> Result<Checked, Invalid> {
    let mut check = HeaderCheck::new(bytes, slot);
    check.start(trust)?;
    loop {
        if let Some(checked) = check.step(trust)? {
            return Ok(checked);
        }
    }
}

/// The verifier's result for this image in a slot.
fn verdict(image: &SignedImage, slot: Slot) -> Result<Verified, Invalid> {
    content_verdict(image.board, &image.content(slot), slot)
}

/// The verifier's result for a slot that begins with these bytes.
fn content_verdict(board: &'static Board, content: &[u8], slot: Slot) -> Result<Verified, Invalid> {
    let mut flash = SimulatedFlash::new(board);
    flash.put(board.slot(slot).start, content);
    let verdict = trusted(board)(&mut flash, slot);
    assert_eq!((flash.misuse(), flash.operations()), (None, 0), "a verifier only reads, and aligned");
    verdict
}
