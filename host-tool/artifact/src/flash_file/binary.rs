//! Raw bytes from the start of flash. The bootloader in them identifies the board.

use crate::segment::{ERASED, Segment};
use lifeboot_core::Board;
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::layout::BOARDS;

pub fn write<'a>(board: &Board, segments: impl Iterator<Item = &'a Segment> + Clone) -> Vec<u8> {
    let end = segments.clone().last().map_or(board.flash_address, Segment::end);
    let mut bytes = vec![ERASED; (end - board.flash_address) as usize];
    segments.for_each(|segment| segment.put_into(board.flash_address, &mut bytes));
    bytes
}

/// Returns `None` if the bytes contain no bootloader.
pub fn read(bytes: &[u8]) -> Option<Vec<Segment>> {
    let board = board_of(bytes)?;
    Some(vec![Segment { address: board.flash_address, bytes: bytes.to_vec() }])
}

/// Returns the board whose flash these bytes are the content of, from its start.
fn board_of(bytes: &[u8]) -> Option<&'static Board> {
    BOARDS.into_iter().find(|board| {
        let region = bytes.get(..board.bootloader.end() as usize);
        let info = region.and_then(<[u8]>::last_chunk);
        info.is_some_and(|info| BootloaderInfo::from_bytes(info, board).is_some())
    })
}
