//! A boot on an emulated board: the instructions and the time to each address of interest.

use crate::costs::FlashTime;
use crate::emulator::pico::Stretches;
use crate::emulator::stm32f4::chip::{Chip, Settings};
use crate::emulator::{Microbit, Pico, pico};
use crate::product::{MICROBIT, PICO, Target};
use crate::simulated_flash::Wear;
use anyhow::{Result, bail, ensure};
use std::time::Duration;

/// The nRF51's core (nRF51822 Product Specification 3.3, 3.1), at a cycle an instruction, which is the least that a
/// Cortex-M0 takes, and what QEMU's clock counts.
pub const MICROBIT_HERTZ: u64 = 16_000_000;

/// The RP2040's ring oscillator as the bootloader sets it, as a rule: it is 14 to 96 MHz
/// (`bootloader/src/chips/rp2040`).
const PICO_RING: u64 = 52_000_000;

/// A boot.
pub struct Boot {
    /// Instructions from reset to each address of a route.
    pub instructions: Vec<u64>,
    /// The board's time to the last of them: reads of flash take none, writes take theirs.
    pub microseconds: u64,
    /// By the Pico's clocks; `None` of a board with one.
    pub clocks: Option<Clocks>,
}

/// A Pico's boot by its clocks: microseconds without what flash takes.
pub struct Clocks {
    /// What the ring oscillator drives, the start of crystal and PLL included.
    pub ring: u64,
    /// What the PLL drives.
    pub pll: u64,
    /// The same instructions, if the ring oscillator drove those of the PLL, too.
    pub without_pll: u64,
}

impl From<&Stretches> for Clocks {
    fn from(stretches: &Stretches) -> Self {
        let is_ring = |hertz: &u64| *hertz <= PICO_RING;
        Clocks {
            ring: micros(stretches.time_of(is_ring)),
            pll: micros(stretches.time_of(|hertz| !is_ring(hertz))),
            without_pll: micros(stretches.time_at(|hertz| hertz.min(PICO_RING))),
        }
    }
}

fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}

impl Boot {
    /// Powers a board on, and watches it come to each address of a route; a Pico's has one. Meanwhile it writes this to
    /// its journal.
    pub fn watch(target: &Target, flash: &[u8], route: &[u32], written: Wear) -> Result<Boot> {
        match target.board.name {
            name if name == MICROBIT.board.name => Self::of_microbit(flash, route, written),
            name if name == PICO.board.name => Self::of_pico(flash, route, written),
            _ => Self::of_stm32f405(flash, route),
        }
    }

    fn new(instructions: Vec<u64>, hertz: u64, flash: FlashTime, written: Wear) -> Self {
        let computing = instructions.last().copied().unwrap_or_default() * 1_000_000 / hertz;
        Boot { instructions, microseconds: computing + flash.journal(written) / 1000, clocks: None }
    }

    fn of_microbit(flash: &[u8], route: &[u32], written: Wear) -> Result<Boot> {
        let mut board = Microbit::power_on_held(flash)?;
        let before = board.instructions()?;
        let mut instructions = Vec::new();
        for address in route {
            let arrived = board.run_to(&[*address], Duration::from_secs(300))?;
            ensure!(arrived.is_some(), "the board does not come to {address:#010x}");
            instructions.push(board.instructions()? - before);
        }
        Ok(Self::new(instructions, MICROBIT_HERTZ, FlashTime::NRF51, written))
    }

    /// Its boot ROM included, with the clocks that the bootloader chooses, and the time that the crystal takes to start.
    fn of_pico(flash: &[u8], route: &[u32], written: Wear) -> Result<Boot> {
        let [entry] = route else { bail!("a Pico is watched at one address") };
        let mut board = Pico::power_on_with(flash, pico::Options { held: true, ..Default::default() })?;
        let stretches = board.hold_at(*entry)?;
        Ok(Boot {
            instructions: vec![stretches.instructions()],
            microseconds: micros(stretches.time()) + FlashTime::PICO.journal(written) / 1000,
            clocks: Some(Clocks::from(&stretches)),
        })
    }

    /// By its own clock, and with flash that takes its time.
    fn of_stm32f405(flash: &[u8], route: &[u32]) -> Result<Boot> {
        let mut chip = Chip::power_on(flash, &Settings::default())?;
        chip.counts().watch(route);
        let start = chip.now();
        let arrived = chip.run_until(Duration::from_secs(5), |chip| chip.counts().arrivals().len() == route.len())?;
        ensure!(arrived, "the chip does not come to all of {route:#010x?}");
        let instructions = chip.counts().arrivals().iter().map(|moment| moment.instructions).collect();
        Ok(Boot { instructions, microseconds: micros(chip.now() - start), clocks: None })
    }

    /// Instructions to the last address.
    pub fn whole(&self) -> u64 {
        self.instructions.last().copied().unwrap_or_default()
    }
}
