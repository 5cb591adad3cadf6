//! The clock: TIMER0, the chip's only timer with 32 bits (nRF51 Series Reference Manual 3.0, chapter 18). While
//! firmware is on trial the timer acts as the watchdog: `arm_watchdog` reconfigures it.
//!
//! The count is read only after a compare event, once a millisecond. QEMU needs that: the event wakes its main loop,
//! which must run before the UART receives; and each read of the count loses QEMU part of a tick.

use super::registers::TIMER0;
use crate::registers::{load, store};

const START: usize = TIMER0;
const STOP: usize = TIMER0 + 0x004;
const CLEAR: usize = TIMER0 + 0x00C;
/// Copy the count to CC\[1\] and CC\[2\].
const CAPTURE1: usize = TIMER0 + 0x044;
const CAPTURE2: usize = TIMER0 + 0x048;
const COMPARE0: usize = TIMER0 + 0x140;
const BITMODE: usize = TIMER0 + 0x508;
const PRESCALER: usize = TIMER0 + 0x510;
const CC0: usize = TIMER0 + 0x540;
const CC1: usize = TIMER0 + 0x544;
const CC2: usize = TIMER0 + 0x548;

/// Ticks of 16 MHz / 2^9.
const MILLISECOND: u32 = 31;

/// Milliseconds since the start, less than one percent fast; they wrap after 38 hours.
pub struct Clock(());

impl Clock {
    /// Starts the timer.
    pub fn start() -> Self {
        store(BITMODE, 3); // 32 bits
        store(PRESCALER, 9);
        store(CC0, MILLISECOND);
        store(START, 1);
        Clock(())
    }
}

impl crate::chip::Clock for Clock {
    fn now(&self) -> u32 {
        if load(COMPARE0) != 0 {
            loop {
                store(COMPARE0, 0);
                store(CAPTURE1, 1);
                store(CC0, load(CC1).wrapping_add(MILLISECOND));
                // If the core was halted here for longer than that, the next event would come only after the count has
                // wrapped.
                store(CAPTURE2, 1);
                if load(CC2).wrapping_sub(load(CC1)) < MILLISECOND {
                    break;
                }
            }
        }
        let ticks = load(CC1);
        (ticks >> 5) + (ticks >> 10)
    }

    fn stop(self) {
        store(STOP, 1);
        store(CLEAR, 1);
        // If the event stayed pending, the timer would fire at once as the watchdog.
        store(COMPARE0, 0);
        for compared in [CC0, CC1, CC2] {
            store(compared, 0);
        }
        store(BITMODE, 0);
        store(PRESCALER, 4);
    }
}
