//! The application: an LED that toggles four times a second, also during an update.

use embedded_hal::digital::StatefulOutputPin;

const PERIOD: u32 = 250;

/// A blinking LED.
pub struct Blink<P> {
    led: P,
    due: u32,
    count: u32,
}

impl<P: StatefulOutputPin> Blink<P> {
    /// Returns a blinker of `led`, which starts at the next [`poll`](Self::poll).
    pub fn new(led: P) -> Self {
        Blink { led, due: 0, count: 0 }
    }

    /// Toggles the LED if it is time to; `now` is in milliseconds since the start.
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

    /// Returns how often the LED has toggled.
    pub fn count(&self) -> u32 {
        self.count
    }
}
