//! Boards that files and devices describe. This program has no list of boards: firmware, images, bootloaders and devices carry
//! their flash map.
//!
//! Each different board that this process meets is kept once, until it ends.

use crate::segment::{ERASED, Segment};
use lifeboot_core::Board;
use lifeboot_core::info::{BootloaderInfo, INFO_LENGTH, MAGIC as INFO_MAGIC};
use lifeboot_core::layout::{MAP_LENGTH, MapBytes, Units, units_in};
use miette::Diagnostic;
use std::sync::{Mutex, PoisonError};
use thiserror::Error;

/// Why something does not describe a board.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
#[error("the flash map of board {name:?} contradicts itself: {what}")]
#[diagnostic(help("use a file that was not damaged, and the lifeboot that it was made with"))]
pub struct MapError {
    /// The board's name.
    pub name: String,
    /// What is wrong.
    pub what: &'static str,
}

/// Everything that was met, each once.
struct Kept {
    names: Vec<&'static str>,
    units: Vec<&'static [Units]>,
    boards: Vec<&'static Board>,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept { names: Vec::new(), units: Vec::new(), boards: Vec::new() });

/// Returns the board with this name and map.
///
/// # Errors
/// [`MapError`] if the map contradicts itself.
pub fn from_map(name: &str, map: &MapBytes) -> Result<&'static Board, MapError> {
    let error = |what| MapError { name: name.to_owned(), what };
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let units: Vec<Units> = units_in(map).collect();
    let (name, units) = (once(&mut kept.names, name), once(&mut kept.units, &units));
    let board = Board::from_map(name, map, units).ok_or(error("it has a form that this lifeboot does not know"))?;
    if let Some(what) = board.contradiction() {
        return Err(error(what));
    }
    if board.map_bytes() != *map {
        return Err(error("it says more than this lifeboot knows"));
    }
    Ok(kept.board(board))
}

/// Returns the kept copy of a board that was checked already, such as that of a board file.
pub fn keep(board: Board) -> &'static Board {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).board(board)
}

impl Kept {
    fn board(&mut self, board: Board) -> &'static Board {
        if let Some(known) = self.boards.iter().find(|known| ***known == board) {
            return known;
        }
        let board = &*Box::leak(Box::new(board));
        self.boards.push(board);
        board
    }
}

/// Returns the kept copy of something.
fn once<T: ?Sized + PartialEq + ToOwned>(kept: &mut Vec<&'static T>, wanted: &T) -> &'static T
where
    T::Owned: Into<Box<T>>,
{
    if let Some(known) = kept.iter().find(|known| **known == wanted) {
        return known;
    }
    let copy = &*Box::leak(wanted.to_owned().into());
    kept.push(copy);
    copy
}

/// Returns the board that a bootloader's info describes.
///
/// # Errors
/// [`MapError`] if the map contradicts itself.
pub fn from_info(info: &BootloaderInfo) -> Result<&'static Board, MapError> {
    from_map(&name_of(&info.board()), &info.map())
}

/// Returns the name of a board as headers carry it.
pub fn name_of(bytes: &[u8; 16]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

/// Finds the bootloader info in what is loaded to flash, and returns it with its address: it starts where a block does.
pub(crate) fn find_info(segments: &[Segment]) -> Option<(u32, BootloaderInfo)> {
    let start = INFO_MAGIC[0];
    let blocks = segments.iter().flat_map(|segment| {
        let first = segment.address.checked_next_multiple_of(INFO_LENGTH as u32).unwrap_or(u32::MAX);
        let blocks = (first..segment.end()).step_by(INFO_LENGTH);
        blocks.filter(move |at| segment.bytes.get((at - segment.address) as usize) == Some(&start))
    });
    blocks.into_iter().find_map(|address| {
        let mut bytes = [ERASED; INFO_LENGTH];
        let end = address.saturating_add(INFO_LENGTH as u32);
        let segments = segments.iter().filter(|segment| segment.address < end && segment.end() > address);
        segments.for_each(|segment| segment.put_into(address, &mut bytes));
        Some((address, BootloaderInfo::of_any_board(&bytes)?))
    })
}

/// The bytes of a map in an image file, behind the image: `LBMP` and the map.
pub(crate) const MAP_MAGIC: &[u8; 4] = b"LBMP";

/// Appends a board's map to an image.
pub(crate) fn write_map(board: &Board, out: &mut Vec<u8>) {
    out.extend(MAP_MAGIC);
    out.extend(board.map_bytes());
}

/// Reads the map behind an image; returns it with the bytes behind it. `None` if there is none.
pub(crate) fn read_map(bytes: &[u8]) -> Option<(&MapBytes, &[u8])> {
    bytes.strip_prefix(MAP_MAGIC)?.split_first_chunk::<MAP_LENGTH>()
}
