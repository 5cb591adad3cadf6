//! Recovery mode on the chip's serial port: see [`lifeboot_core::recovery`].

use crate::chip;
use crate::info::INFO;
use lifeboot_core::record::Cause;
use lifeboot_core::recovery::{Line, serve};

/// Answers hosts until one requests a reset, or, if recovery was `requested`, until no request has been received for a
/// minute; then resets.
pub fn answer(flash: &mut chip::Flash, clock: chip::Clock, cause: Cause, requested: bool) -> ! {
    let mut port = Port { serial: chip::Serial::new(), clock };
    serve(flash, &chip::BOARD, &INFO.info, &mut port, cause, requested);
    chip::reset(Cause::Request)
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
