//! A slot, as one byte of a boot record.

use crate::layout::Slot;

pub const fn slot_from_byte(byte: u8) -> Option<Slot> {
    match byte {
        0 => Some(Slot::A),
        1 => Some(Slot::B),
        _ => None,
    }
}
