//! A verifier reads nothing outside of the slot; and the proof comes from the bytes that were hashed, read once, so
//! that there is no time between check and use.

use super::LENGTH;
use crate::signed_image::{SignedImage, info};
use embedded_storage::nor_flash::{ErrorType, ReadNorFlash};
use lifeboot_core::image::{HEADER_LENGTH, Trust};
use lifeboot_core::layout::Region;
use lifeboot_core::record::Record;
use lifeboot_core::verify::verify;
use lifeboot_core::{Board, Slot};
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::{Fault, SimulatedFlash};
use std::ops::Range;

/// Flash of which only a part may be read, and that records reads.
pub struct Fenced<'a> {
    pub flash: &'a mut SimulatedFlash,
    pub fence: Region,
    reads: Vec<Range<u32>>,
}

impl<'a> Fenced<'a> {
    pub fn new(flash: &'a mut SimulatedFlash, fence: Region) -> Self {
        Fenced { flash, fence, reads: Vec::new() }
    }
}

impl ErrorType for Fenced<'_> {
    type Error = Fault;
}

impl ReadNorFlash for Fenced<'_> {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        let end = offset + bytes.len() as u32;
        let is_inside = self.fence.start <= offset && end <= self.fence.end();
        assert!(is_inside, "read outside of the slot: {offset:#x}..{end:#x}");
        self.reads.push(offset - self.fence.start..end - self.fence.start);
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

#[test]
fn header_and_payload_are_read_once() {
    for (board, slot) in BOARDS.into_iter().flat_map(|board: &'static Board| Slot::BOTH.map(|slot| (board, slot))) {
        let image = SignedImage::new(board, LENGTH);
        let mut flash = SimulatedFlash::new(board);
        image.put(&mut flash, slot);
        let mut fenced = Fenced::new(&mut flash, board.slot(slot));
        let trust = Trust { board, info: &info().for_board(board), record: &Record::FACTORY };
        assert!(verify(&mut fenced, &trust, slot).is_ok());
        let payload = board.header_length..board.header_length + LENGTH as u32;
        for part in [0..HEADER_LENGTH as u32, payload] {
            for at in part {
                let times = fenced.reads.iter().filter(|read| read.contains(&at)).count();
                assert_eq!(times, 1, "{at:#x}, {}, {slot}", board.name);
            }
        }
    }
}
