//! Recovery mode on the chip's serial port: see [`lifeboot_core::recovery`].

use crate::chip;
use crate::flash::Flash;
use crate::info::INFO;
use lifeboot_core::boot::Recovery;
use lifeboot_core::handover::listened_word;
use lifeboot_core::recovery::{Line, serve};

/// Answers hosts until one requests a reset or no request has been received for a minute; then resets. The next boot starts
/// firmware if there is any, also while a pin still requests recovery.
pub fn answer(flash: &mut Flash, clock: chip::Clock, why: Recovery) -> ! {
    let mut port = Port { serial: chip::Serial::new(), clock };
    serve(flash, &chip::BOARD, &INFO.info, &mut port, why);
    chip::reset(listened_word())
}

struct Port {
    serial: chip::Serial,
    clock: chip::Clock,
}

impl Line for Port {
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
        chip::feed_watchdog();
    }
}
