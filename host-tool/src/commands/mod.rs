//! The commands, one file each: its arguments and help text, and a `run` that prints what the library did.

pub mod confirm;
pub mod flash;
pub mod inspect;
pub mod keygen;
mod port;
mod progress;
pub mod provision;
pub mod push;
pub mod reset;
pub mod rollback;
pub mod run;
pub mod sign;
pub mod status;

use lifeboot_core::Board;
use lifeboot_core::layout::BOARDS;

/// Takes a board's name from the command line.
fn board(name: &str) -> Result<&'static Board, String> {
    Board::named(name).ok_or_else(|| format!("known boards: {}", board_names()))
}

fn board_names() -> String {
    BOARDS.map(|board| board.name).join(", ")
}
