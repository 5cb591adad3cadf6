//! Registers that more than one file uses: see [the module](super).

pub const WDT: usize = 0x4001_0000;
pub const TIMER0: usize = 0x4000_8000;
