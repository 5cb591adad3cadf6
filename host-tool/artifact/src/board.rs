//! What other flashing tools call a board. A board that is missing here can still be flashed: its name is given by
//! hand.

use crate::flash_file::format::FlashFileError;
use lifeboot_core::Board;

/// Returns the name of the board's chip in probe-rs's list (`probe-rs chip list`); `None` if it is not known here.
pub fn probe_chip(board: &Board) -> Option<&'static str> {
    match board.name {
        "microbit" => Some("nRF51822_xxAA"),
        "stm32f405" => Some("STM32F405RG"),
        "pico" => Some("RP2040"),
        _ => None,
    }
}

/// Returns the UF2 family id that the board's drive accepts (`uf2families.json` of Microsoft's repository uf2).
///
/// # Errors
/// [`FlashFileError::NoUf2`]
pub fn uf2_family(board: &'static Board) -> Result<u32, FlashFileError> {
    let no = |help| Err(FlashFileError::NoUf2 { board: board.name, help });
    match board.name {
        "pico" => Ok(0xe48b_ff56),
        "microbit" => no("the micro:bit's drive takes Intel HEX: --format hex, then copy the file to the drive"),
        "stm32f405" => {
            no("flash an ELF file through a debug probe (lifeboot flash), or give an ST-Link's drive a .bin")
        }
        _ => no("write an ELF file, and flash it through a debug probe: lifeboot flash"),
    }
}
