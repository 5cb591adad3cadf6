//! The vector table's place, on cores that have the register for it (VTOR; Armv6-M Architecture Reference Manual, DDI 0419,
//! B3.2.5).

use crate::registers::{barrier, store};

const VTOR: usize = 0xE000_ED08;

/// Has exceptions enter the handlers of the vector table at this address.
pub fn set(table: u32) {
    store(VTOR, table);
    barrier();
}
