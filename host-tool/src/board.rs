//! What a board is called by the tools that flash it. A board that is missing here can be flashed all the same, with the
//! name given by hand.

use crate::flash_file::FlashFileError;
use lifeboot_core::Board;

/// The UF2 family id that the board's drive listens to (`uf2families.json` of Microsoft's repository uf2).
///
/// # Errors
/// [`FlashFileError::NoUf2`]
pub fn uf2_family(board: &'static Board) -> Result<u32, FlashFileError> {
    let no = |help| Err(FlashFileError::NoUf2 { board: board.name, help });
    match board.name {
        "pico" => Ok(0xe48b_ff56),
        "microbit" => no("the micro:bit's drive takes Intel HEX: --format hex, then copy the file to the drive"),
        "stm32f405" => no("flash an ELF file through a debug probe, or give an ST-Link's drive a .bin"),
        _ => no("write an ELF file, and flash it through a debug probe"),
    }
}
