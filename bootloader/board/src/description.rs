//! A board: all that a board file says, checked, with what follows from it.

use crate::chip::{Chip, ClockSource};
use crate::clock::{Divisor, PllClock};
use crate::map::FlashMap;
use crate::pin::{RecoveryPin, Serial};
use crate::verifier::Verifier;
use lifeboot_core::layout::{Board, Region, Units};

/// Bits a second of the serial port in recovery mode.
pub const BAUD: u32 = 115_200;

/// A board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardDescription {
    /// The name, which images are signed for.
    pub name: String,
    /// The chip, with the flash that the board gives it.
    pub chip: Chip,
    /// The flash map.
    pub map: FlashMap,
    /// The RAM that a stack pointer may point into, by address.
    pub ram: Region,
    /// Whether the watchdog also runs while confirmed firmware does.
    pub watches_confirmed: bool,
    /// What verifies signatures in the bootloader.
    pub verifier: Verifier,
    /// The serial port of recovery mode; `None` if the bootloader has none.
    pub serial: Option<Serial>,
    /// The pin that requests recovery mode; `None` if there is none.
    pub recovery: Option<RecoveryPin>,
    /// The PLL's settings; `None` where the bootloader keeps the clock that the chip starts with.
    pub clock: Option<PllClock>,
}

impl BoardDescription {
    /// Returns the core's clock in the bootloader, in hertz, if its source starts; `None` if the board chooses none.
    pub fn core_clock(&self) -> Option<u32> {
        match self.chip.clock {
            ClockSource::Fixed(hertz) | ClockSource::Crystal(hertz) => Some(hertz),
            ClockSource::Pll(_) => self.clock.map(|clock| clock.core),
        }
    }

    /// Returns what the serial port divides its bus's clock by, for [`BAUD`]; `None` without a serial port, or where its clock
    /// is not the core's.
    pub fn baud_divisor(&self) -> Option<Divisor> {
        let bus = self.serial.as_ref()?.peripheral.bus?;
        Some(self.clock?.baud_divisor(bus, BAUD))
    }

    /// Returns the erase units of the flash.
    pub(crate) fn units(&self) -> impl Iterator<Item = Units> + '_ {
        self.map.sectors().runs().iter().map(|run| Units { start: run.start, length: run.unit })
    }

    /// Returns the board as the core knows it.
    ///
    /// Its name and its erase units are never freed: a process has one board, or a few.
    pub fn board(&self) -> Board {
        let units: Vec<Units> = self.units().collect();
        Board::new(Box::leak(self.name.clone().into_boxed_str()), self.chip.core.architecture())
            .with_flash_address(self.chip.flash.address)
            .with_flash_length(self.map.sectors().length())
            .with_bootloader(self.map.bootloader())
            .with_journal(self.map.journal())
            .with_journal_unit(self.map.journal_unit())
            .with_slots(self.map.slots())
            .with_units(units.leak())
            .with_write_size(self.chip.flash.write_unit)
            .with_header_length(self.chip.header_length())
            .with_ram(self.ram)
            .with_watches_confirmed(self.watches_confirmed)
    }
}
