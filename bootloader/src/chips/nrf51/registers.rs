//! Registers that more than one file uses: see [the module](super).

pub const TIMER0: usize = 0x4000_8000;
