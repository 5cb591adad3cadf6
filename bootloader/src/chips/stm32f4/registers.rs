//! Registers that more than one file uses: see [the module](super).

use crate::chips::board::Divisor;
use crate::registers::load;

pub const RCC_APB1RSTR: usize = 0x4002_3820;
pub const RCC_CFGR: usize = 0x4002_3808;
pub const RCC_APB1ENR: usize = 0x4002_3840;
pub const USE_PLL: u32 = 2;
pub const USED: u32 = 0b11 << 2;

/// Returns the divisor for the clock that [`start_up`](super::start_up) has set.
pub fn for_speed(divisor: Divisor) -> u32 {
    if load(RCC_CFGR) & USED == USE_PLL << 2 { divisor.fast } else { divisor.slow }
}
