//! Raw bytes from the start of flash. The bootloader in them identifies the board.

use crate::boards::{find_info, from_info};
use crate::segment::{ERASED, Segment};
use lifeboot_core::Board;
use lifeboot_core::info::INFO_LENGTH;

pub fn write<'a>(board: &Board, segments: impl Iterator<Item = &'a Segment> + Clone) -> Vec<u8> {
    let end = segments.clone().last().map_or(board.flash_address, Segment::end);
    let mut bytes = vec![ERASED; (end - board.flash_address) as usize];
    segments.for_each(|segment| segment.put_into(board.flash_address, &mut bytes));
    bytes
}

/// Returns `None` if the bytes contain no bootloader.
pub fn read(bytes: &[u8]) -> Option<Vec<Segment>> {
    let content = Segment { address: 0, bytes: bytes.to_vec() };
    let (at, info) = find_info(std::slice::from_ref(&content))?;
    let board = from_info(&info).ok()?;
    // The content starts where the flash does.
    let is_there = at + INFO_LENGTH as u32 == board.bootloader.end();
    is_there.then(|| vec![Segment { address: board.flash_address, ..content }])
}
