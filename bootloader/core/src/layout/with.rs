//! How a board is written down: [`Board::new`], and a function for each field.
//!
//! A board has no other constructor outside this crate, so a field that is added later breaks nobody's board. What is left out is
//! zero or empty, and [`Board::check`] finds that.

use super::{Architecture, Board, Region, Units};

impl Board {
    /// Returns a board with this name and instruction set, all of whose other fields are still to be given: see the
    /// [example](Board).
    pub const fn new(name: &'static str, architecture: Architecture) -> Board {
        const NONE: Region = Region { start: 0, length: 0 };
        Board {
            name,
            architecture,
            flash_address: 0,
            flash_length: 0,
            bootloader: NONE,
            journal: NONE,
            journal_unit: 0,
            slots: [NONE; 2],
            units: &[],
            write_size: 0,
            header_length: 0,
            ram: NONE,
            watches_confirmed: false,
        }
    }
}

macro_rules! with {
    ($($function:ident $field:ident $type:ty;)*) => {
        impl Board {
            $(
                #[doc = concat!("Returns the board with this [`", stringify!($field), "`](Board::", stringify!($field), ").")]
                #[must_use]
                pub const fn $function(self, $field: $type) -> Board {
                    Board { $field, ..self }
                }
            )*
        }
    };
}

with! {
    with_name name &'static str;
    with_architecture architecture Architecture;
    with_flash_address flash_address u32;
    with_flash_length flash_length u32;
    with_bootloader bootloader Region;
    with_journal journal Region;
    with_journal_unit journal_unit u32;
    with_slots slots [Region; 2];
    with_units units &'static [Units];
    with_write_size write_size u32;
    with_header_length header_length u32;
    with_ram ram Region;
    with_watches_confirmed watches_confirmed bool;
}
