//! Recovery mode on the chip's serial port: see [`lifeboot_core::recovery`].

use crate::chip::{Chip, Clock, Serial};
use crate::flash::Flash;
use crate::reset::reset;
use lifeboot_core::boot::Recovery;
use lifeboot_core::handover::listened_word;
use lifeboot_core::info::BootloaderInfo;
use lifeboot_core::recovery::{Line, serve};

/// Answers hosts until one requests a reset or no request has been received for a minute; then resets. The next boot starts
/// firmware if there is any, also while a pin still requests recovery.
pub fn answer<C: Chip>(flash: &mut Flash<C>, info: &BootloaderInfo, clock: C::Clock, why: Recovery) -> ! {
    let mut port = Port::<C> { serial: C::serial(), clock };
    serve(flash, C::BOARD, info, &mut port, why);
    reset::<C>(listened_word())
}

struct Port<C: Chip> {
    serial: C::Serial,
    clock: C::Clock,
}

impl<C: Chip> Line for Port<C> {
    fn receive(&mut self) -> Option<u8> {
        self.serial.receive()
    }

    fn send(&mut self, byte: u8) {
        self.serial.send(byte);
    }

    fn flush(&mut self) {
        self.serial.flush();
    }

    fn now(&mut self) -> u32 {
        self.clock.now()
    }

    fn feed_watchdog(&mut self) {
        C::feed_watchdog();
    }
}
