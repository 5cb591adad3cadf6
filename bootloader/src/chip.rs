//! What a chip must do for the bootloader. All else is the same on every chip: [`run`](crate::run) and what it calls.
//!
//! The chips of [`chips`](crate::chips) implement it; a chip that Lifeboot does not know is an implementation in your own
//! crate, over any driver with the `embedded-storage` traits: see the [crate](crate).

use crate::system_reset::request_reset;
use crate::vtor;
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Cause;

/// A chip on a board. There is no value of it: the bootloader runs alone, and the chip is everywhere the same.
///
/// The functions are called in this order: [`start_up`](Self::start_up), [`clock`](Self::clock), [`flash`](Self::flash),
/// [`recovery_is_requested`](Self::recovery_is_requested). Then either [`serial`](Self::serial), until
/// [`reset`](Self::reset); or [`Clock::stop`], [`arm_watchdog`](Self::arm_watchdog) if firmware is on trial,
/// [`leave`](Self::leave) and [`set_vectors`](Self::set_vectors), and the firmware runs.
pub trait Chip: Sized + 'static {
    /// The flash map: [`board!`](crate::board) defines it from the project's `lifeboot.toml`.
    const BOARD: &'static Board;
    /// The public keys that images are checked with, one to four.
    const KEYS: &'static [[u8; 32]];
    /// Whether one of them is a demo's, whose private key is no secret.
    const DEMO_KEY: bool = false;
    /// The id by which a UF2 drive knows the chip; 0 if none does.
    const UF2_FAMILY: u32 = 0;

    /// The flash driver. Offsets count from the start of the chip's flash.
    ///
    /// A read of a torn word must return, with an error or with any bytes; it must never hang or fault. `ERASE_SIZE` must be
    /// the smallest unit. If units differ in size, the driver must erase what the flash map calls a unit, and refuse a
    /// range that would end inside one, never round it. After an operation the controller must be locked, and its error
    /// flags must be clear: the driver of the firmware's HAL may take them for its own.
    type Flash: NorFlash;
    /// The millisecond clock.
    type Clock: Clock;
    /// The serial port of recovery mode; [`NoSerial`] if the bootloader is built without.
    type Serial: Serial;

    /// Sets up the chip after a reset; returns why it was reset. Runs first.
    ///
    /// It must make faults end in a reset, raise the clock, and clear what reported the cause. `noted` is the cause that the
    /// code that requested the reset has left in RAM. If the chip itself reports a cause, `noted` counts only if the chip
    /// reports a reset on request: RAM proves nothing after a loss of power. A clock source that does not start must leave the
    /// chip slow, never hanging; at its fastest the clock must stay below the chip's limit, the tolerance of its source
    /// included.
    ///
    /// A watchdog that may run by now, because a reset does not stop it or an option starts it, must be stopped, lengthened,
    /// or fed from here on, and must not end a boot: a verification takes up to a second, a boot up to two verifications
    /// of each slot and an erase of the journal.
    fn start_up(noted: Option<Cause>) -> Cause;

    /// Starts the clock; may raise the core's, too, with a source that takes time to start. If that does not start, the same
    /// holds as in [`start_up`](Self::start_up).
    fn clock() -> Self::Clock;

    /// Returns the flash.
    fn flash() -> Self::Flash;

    /// Configures the serial port of recovery mode.
    fn serial() -> Self::Serial;

    /// Whether the board's recovery pin is held: see [`is_held`](crate::is_held). The pin must be as after a reset afterwards.
    /// Never, if the board has none.
    fn recovery_is_requested(_: &Self::Clock) -> bool {
        false
    }

    /// Starts the watchdog: from this call on, firmware that does not feed it must be reset, with [`Cause::Watchdog`] as
    /// the cause. With its oscillator at its fastest, the period must exceed the longest erase at its slowest, because
    /// firmware that is stalled by an erase cannot feed.
    fn arm_watchdog();

    /// Feeds any watchdog that may still run from before the reset; must be harmless if none does.
    fn feed_watchdog();

    /// Leaves peripherals and clocks as after a reset, except for the watchdog and for what keeps the firmware from writing
    /// to the bootloader.
    fn leave();

    /// Makes interrupts reach the firmware, whose vector table is at this address: by default through VTOR, which every core
    /// but the Cortex-M0 has.
    fn set_vectors(table: u32) {
        vtor::set(table);
    }

    /// Resets everything that the bootloader has used, whether or not the core's own reset request does; RAM must keep its
    /// content. By default the core's own request.
    fn reset() -> ! {
        request_reset()
    }
}

/// Milliseconds since the start. It may be coarse, it wraps, and it never waits; but it must count: a boot waits for it while the
/// recovery pin is held, and recovery mode ends by it.
pub trait Clock {
    /// Returns the milliseconds.
    fn now(&self) -> u32;
    /// Stops the clock; must leave its timer and its source as after a reset.
    fn stop(self);
}

/// The serial port of recovery mode, polled.
///
/// Its documentation should say how many bytes may arrive while nobody reads.
pub trait Serial {
    /// Returns a received byte, if there is one. Must never wait, and no line error may stop it.
    fn receive(&mut self) -> Option<u8>;
    /// Sends a byte; may wait until there is room, but not for ever.
    fn send(&mut self, byte: u8);
    /// Waits until all bytes have been sent, but not for ever.
    fn flush(&mut self);
}

/// No serial port, in a bootloader without recovery mode.
pub struct NoSerial(());

impl NoSerial {
    /// Returns it.
    #[expect(clippy::new_without_default, reason = "in the place of a chip's serial port, which has no default")]
    pub const fn new() -> Self {
        NoSerial(())
    }
}

impl Serial for NoSerial {
    fn receive(&mut self) -> Option<u8> {
        None
    }

    fn send(&mut self, _: u8) {}

    fn flush(&mut self) {}
}
