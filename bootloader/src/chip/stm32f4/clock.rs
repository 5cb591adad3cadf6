//! The clock: TIM2, which has 32 bits (RM0090, chapter 18).

use super::registers::{RCC_APB1ENR, RCC_CFGR, USE_PLL, USED};
use crate::chip::registers::{load, store};

/// RCC_APB1RSTR, and the bit of TIM2 in it and in RCC_APB1ENR (7.3.8, 7.3.13).
const RCC_APB1RSTR: usize = 0x4002_3820;
const TIM2: u32 = 1;

const CR1: usize = 0x4000_0000;
const EGR: usize = 0x4000_0014;
const CNT: usize = 0x4000_0024;
const PSC: usize = 0x4000_0028;
const ARR: usize = 0x4000_002C;

/// PSC, for two ticks a millisecond. Timers on APB1 count at twice its clock, so at half of the core's (7.2, figure
/// 21): 76 MHz with the PLL, 8 MHz without.
const FAST: u32 = 38_000;
const SLOW: u32 = 4_000;

/// Milliseconds since the start, as exact as the internal oscillator; they wrap after 24 days.
pub struct Clock(());

impl Clock {
    /// Starts the timer, at the clock that [`start_up`](super::start_up) has set.
    pub fn start() -> Self {
        store(RCC_APB1ENR, load(RCC_APB1ENR) | TIM2);
        load(RCC_APB1ENR); // Delay: the timer ignores earlier stores (7.2, "two peripheral clock cycles").
        let ticks = if load(RCC_CFGR) & USED == USE_PLL << 2 { FAST } else { SLOW };
        store(PSC, ticks - 1);
        store(ARR, u32::MAX); // With 0, which manuals disagree about, it would not count (18.4.12).
        store(EGR, 1); // UG: load PSC now, instead of after the count has wrapped (18.4.6).
        store(CR1, 1); // CEN
        Clock(())
    }

    /// Returns the milliseconds.
    pub fn now(&self) -> u32 {
        load(CNT) >> 1
    }

    /// Stops the timer and leaves it as after reset.
    pub fn stop(self) {
        store(RCC_APB1RSTR, TIM2);
        store(RCC_APB1RSTR, 0);
        store(RCC_APB1ENR, 0);
    }
}
