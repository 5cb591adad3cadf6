//! How a recovery pin is read: the same on every chip.

use crate::chip::Clock;

/// How long a pin must be held to count, in milliseconds. A pin without a button may have a capacitor of 100 nF, which is
/// empty at power-on and reads as held until the chip's own resistor has charged it. The weakest of them, the RP2040's
/// 80 kΩ (RP2040 Datasheet, 5.2.3.4), takes 8 ms to the threshold of an input; this is six times its time constant.
const SETTLED: u32 = 50;

/// Whether a pin is held: it was not released once in all that time. A pin that reads released is believed at once, so
/// that boots without a request do not wait.
pub fn is_held(clock: &impl Clock, is_released: impl Fn() -> bool) -> bool {
    let start = clock.now();
    loop {
        if is_released() {
            return false;
        }
        if clock.now().wrapping_sub(start) > SETTLED {
            return true;
        }
    }
}
