//! A board with an RP2040 (Cortex-M0+, flash at 0x1000_0000 that behaves as a Pico's W25Q16 and has up to 16 MiB, 264 KiB of RAM)
//! in rp2040py, with what a bench has: power, reset pin, debug probe, the recovery pin, and a cable to the UART and to USB. Flash's
//! length, UART and pins are those of the board's file. The chip's own boot ROM runs,
//! the second stage it starts, and the flash commands that both of them and the firmware send over the wires.
//!
//! What a test has to know of the model (rp2040py 0.3.6, and the other files in Python here, which correct some of it):
//! - Some 3 million instructions a second: a boot, which checks a signature, takes several seconds. A core that sleeps
//!   is as fast as four real ones, so time on the board and on the wall have little to do with each other. No more
//!   boards run at once than there are processors, or a host would time out: powering on waits for another one to go
//!   off.
//! - Erases and writes take the time that the data sheet gives as typical, in which the core polls flash, and the
//!   UART loses bytes that are not fetched, as on silicon.
//! - The UART interrupts for each burst of bytes, whatever its watermark. Neither sending nor DMA takes time.
//! - No second core, no cache. The core runs at 125 MHz whatever its clock is, except while its instructions are counted.
//!   Which clock that is, is reported all the same; a core without one stops. The reference clock drives the TIMER, and the
//!   crystal the UART if it is selected. Crystal and PLLs take time to start, and do not if a test wants that.
//! - A fault is not taken: unreadable addresses read as all ones, and the board complains.
//!
//! The board goes off when it is dropped, when this process dies, and when the **thread** that powered it on ends:
//! power on in a thread that lives as long as the board is needed.

mod options;
mod permit;
mod process;
mod stretches;

pub use options::{ClockFault, Options};
pub use stretches::Stretches;

use super::Emulated;
use crate::product::{self, Target};
use crate::setup;
use anyhow::{Context, Result, bail, ensure};
use lifeboot_board::BoardDescription;
use permit::Permit;
use process::Process;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a board may take to start a firmware: some ten times what it takes on a machine with nothing else to do.
const STARTS_IN: Duration = Duration::from_secs(120);

/// A board that is powered on.
pub struct Pico {
    board: BoardDescription,
    process: Process,
    cables: Cables,
    _permit: Permit,
}

/// TCP ports.
#[derive(Deserialize)]
struct Cables {
    uart: u16,
    usb: u16,
}

/// A board's state, as reported by the emulator.
#[derive(Debug, Deserialize)]
pub struct State {
    /// The power has failed, before the flash command that was chosen.
    pub failed: bool,
    /// The UART is set up to receive.
    pub receives: bool,
    /// Commands that changed flash since power-on.
    pub operations: usize,
    /// Addresses of the vector tables that were set since power-on, in order: the bootloader's at each boot, and that
    /// of the firmware it starts.
    pub vectors: Vec<u32>,
    /// The emulator's complaints, each once.
    pub complaints: Vec<String>,
    /// What the core's clock has been since power-on, in hertz and in order; 0 if it had none.
    pub speeds: Vec<u64>,
}

/// A command that changes flash (W25Q16JV, 8.1.2): its code, its address, and the bytes of a page to be programmed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Operation(pub u8, pub u32, pub Vec<u8>);

impl Operation {
    /// Erases 64 KiB: not used, see `bootloader/chips/src/rp2040.rs`.
    pub const ERASE_BLOCK: u8 = 0xD8;
    /// Erases 4 KiB.
    pub const ERASE_SECTOR: u8 = 0x20;
    /// Clears bits of 256 bytes.
    pub const PROGRAM_PAGE: u8 = 0x02;

    /// Applies it to `flash`.
    pub fn apply(&self, flash: &mut [u8]) -> Result<()> {
        let Operation(command, start, bytes) = self;
        let rest = flash.get_mut(*start as usize..).context("an operation behind the flash")?;
        match *command {
            Self::ERASE_BLOCK => rest[..64 * 1024].fill(0xff),
            Self::ERASE_SECTOR => rest[..4 * 1024].fill(0xff),
            Self::PROGRAM_PAGE => rest.iter_mut().zip(bytes).for_each(|(old, new)| *old &= new),
            other => bail!("a flash command {other:#04x}"),
        }
        Ok(())
    }
}

impl Pico {
    /// Powers the board that Lifeboot comes with on with this flash, from its start, the rest erased.
    pub fn power_on_with(flash: &[u8], options: Options) -> Result<Self> {
        Self::start(&Self::TARGET.description()?, flash, options)
    }

    fn start(board: &BoardDescription, flash: &[u8], options: Options) -> Result<Self> {
        let length = board.chip.flash.sectors.length() as usize;
        ensure!(flash.len() <= length, "{} bytes do not fit into {length} bytes of flash", flash.len());
        let python = Self::python()?;
        let permit = Permit::take();
        let mut process = Process::start(&python, board, flash, options)?;
        let cables = process.answer()?;
        Ok(Pico { board: board.clone(), process, cables, _permit: permit })
    }

    /// The USB cable's other end, as [`Emulated::port`]. A client is disconnected while there is no USB device.
    pub fn usb_port(&self) -> String {
        format!("tcp:127.0.0.1:{}", self.cables.usb)
    }

    /// Returns the board's state.
    pub fn state(&mut self) -> Result<State> {
        self.ask(&json!(["state"]))
    }

    /// The commands that changed flash since power-on.
    pub fn operations(&mut self) -> Result<Vec<Operation>> {
        self.ask(&json!(["operations"]))
    }

    /// Runs a held board up to an address, holds it there, and returns the instructions until there. A tenth as fast as
    /// otherwise.
    pub fn hold_at(&mut self, address: u32) -> Result<Stretches> {
        self.ask(&json!(["count", address]))
    }

    /// Releases a held board.
    pub fn go(&mut self) -> Result<()> {
        self.ask(&json!(["go"]))
    }

    /// Sends bytes to the UART at the line's speed while the core is stalled, as it is for flash with interrupts off.
    pub fn stand_still_while_arrive(&mut self, bytes: &[u8]) -> Result<()> {
        self.ask(&json!(["stand_still", bytes]))
    }

    /// Resets the core and nothing else.
    pub fn reset_core(&mut self) -> Result<()> {
        self.ask(&json!(["reset_core"]))
    }

    /// Resets the board by its pin, with the recovery pin held for so long from then on.
    pub fn reset_holding(&mut self, span: Duration) -> Result<()> {
        self.ask(&json!(["reset_holding", span.as_millis() as u64]))
    }

    /// The core's r0 to r15, the last being the address of the next instruction.
    pub fn registers(&mut self) -> Result<[u32; 16]> {
        self.ask(&json!(["registers"]))
    }

    /// Waits until the bootloader starts a firmware, for the `number`th time since power-on, counted from 1; returns
    /// the address of its vector table.
    pub fn started(&mut self, number: usize) -> Result<u32> {
        let bootloader = self.board.chip.flash.address + self.board.map.bootloader().end();
        self.wait(|state| state.vectors.iter().filter(|table| **table >= bootloader).nth(number - 1).copied())
    }

    /// Waits until the power has failed at the chosen command.
    pub fn fails(&mut self) -> Result<()> {
        self.wait(|state| state.failed.then_some(()))
    }

    fn wait<T>(&mut self, until: impl Fn(&State) -> Option<T>) -> Result<T> {
        let end = Instant::now() + STARTS_IN;
        loop {
            let state = self.state()?;
            if let Some(found) = until(&state) {
                return Ok(found);
            }
            ensure!(Instant::now() < end, "the board does not get there: {state:x?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn python() -> Result<PathBuf> {
        setup::python("rp2040py", &process::folder().join("requirements.txt"))
    }

    fn ask<T: DeserializeOwned>(&mut self, request: &Value) -> Result<T> {
        self.process.ask(request)
    }
}

impl Emulated for Pico {
    const TARGET: Target = product::PICO;
    const NAME: &str = "Raspberry Pi Pico (RP2040) in rp2040py";
    const NOT_SHOWN: &str =
        "its speed, some fifty times this; how long erasing takes; the USB port, which the tests use";

    fn set_up() -> Result<()> {
        Self::python().map(drop)
    }

    /// Returns as soon as firmware or bootloader receives: a boot takes longer than a host waits for an answer.
    fn power_on_as(board: &BoardDescription, flash: &[u8]) -> Result<Self> {
        let mut board = Self::start(board, flash, Options::default())?;
        board.wait(|state| state.receives.then_some(()))?;
        Ok(board)
    }

    fn board(&self) -> &BoardDescription {
        &self.board
    }

    fn port(&self) -> String {
        format!("tcp:127.0.0.1:{}", self.cables.uart)
    }

    fn read_memory(&mut self, address: u32, length: usize) -> Result<Vec<u8>> {
        let file = self.process.file("memory");
        self.ask::<()>(&json!(["read", address, length, file]))?;
        let bytes = fs::read(&file).context("cannot read the memory that the emulator saved")?;
        ensure!(bytes.len() == length, "the emulator saved {} bytes of {length}", bytes.len());
        Ok(bytes)
    }

    fn led(&mut self) -> Result<bool> {
        self.ask(&json!(["led"]))
    }

    fn reset_by_pin(&mut self, asks_for_recovery: bool) -> Result<()> {
        self.ask(&json!(["reset", asks_for_recovery]))
    }

    fn release_recovery_pin(&mut self) -> Result<()> {
        self.ask(&json!(["release"]))
    }

    fn power_cut(mut self) -> Result<Vec<u8>> {
        self.flash()
    }
}
