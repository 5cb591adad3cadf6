//! The application: an LED that toggles four times a second, whatever else is going on.

use embedded_hal::digital::StatefulOutputPin;

const PERIOD: u32 = 250;

/// A blinking LED.
pub struct Blink<P> {
    led: P,
    due: u32,
    count: u32,
}

impl<P: StatefulOutputPin> Blink<P> {
    /// Blinks `led` from the next [`poll`](Self::poll) on.
    pub fn new(led: P) -> Self {
        Blink { led, due: 0, count: 0 }
    }

    /// Toggles the LED where it is time to; `now` is in milliseconds since the start.
    pub fn poll(&mut self, now: u32) {
        if now >= self.due {
            self.due = now + PERIOD;
            if self.led.toggle().is_ok() {
                self.count += 1;
                if self.count.is_multiple_of(4) {
                    defmt::debug!("blinked {} times", self.count);
                }
            }
        }
    }

    /// How often it has toggled.
    pub fn count(&self) -> u32 {
        self.count
    }
}
