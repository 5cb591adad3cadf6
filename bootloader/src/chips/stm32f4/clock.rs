//! The clock: TIM2, which has 32 bits on every STM32F4 (RM0090, chapter 18).

use super::registers::{RCC_APB1ENR, RCC_APB1RSTR, for_speed};
use crate::chips::board::CLOCK;
use crate::registers::{load, store};

/// Its bit in RCC_APB1RSTR and RCC_APB1ENR (7.3.8, 7.3.13).
const TIM2: u32 = 1;

const CR1: usize = 0x4000_0000;
const EGR: usize = 0x4000_0014;
const CNT: usize = 0x4000_0024;
const PSC: usize = 0x4000_0028;
const ARR: usize = 0x4000_002C;

/// Milliseconds since the start, as exact as the internal oscillator; they wrap after 24 days.
pub struct Clock(());

impl Clock {
    /// Starts the timer, at the clock that [`start_up`](super::start_up) has set.
    pub fn start() -> Self {
        store(RCC_APB1ENR, load(RCC_APB1ENR) | TIM2);
        load(RCC_APB1ENR); // Delay: the timer ignores earlier stores (7.2, "two peripheral clock cycles").
        store(PSC, for_speed(CLOCK.timer) - 1); // Two ticks a millisecond.
        store(ARR, u32::MAX); // With 0, which manuals disagree about, it would not count (18.4.12).
        store(EGR, 1); // UG: load PSC now, instead of after the count has wrapped (18.4.6).
        store(CR1, 1); // CEN
        Clock(())
    }
}

impl crate::chip::Clock for Clock {
    fn now(&self) -> u32 {
        load(CNT) >> 1
    }

    fn stop(self) {
        store(RCC_APB1RSTR, TIM2);
        store(RCC_APB1RSTR, 0);
        store(RCC_APB1ENR, 0);
    }
}
