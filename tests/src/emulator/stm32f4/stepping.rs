//! The chip, driven one instruction at a time, for tests that look between two of them or leave one out. Virtual time
//! is stopped meanwhile: flash and clocks are ready at once, watchdogs do not reset.

use super::chip::Chip;
use anyhow::{Context, Result, anyhow};
use rsemu::core::device::Device;
use rsemu::core::space::MemAttrs;
use rsemu::core::state::{ChunkReader, MachineShape, Migrations, StateReader, StateWriter};
use rsemu::core::value::Width;

/// The state of an IT block in the program status register (DDI 0403, B1.4.2): its low two bits, and its high six.
const IT_LOW: u32 = 25;
const IT_HIGH: u32 = 10;
const IT: u32 = 0x0600_FC00;

/// FLASH_ACR, SR and CR.
const FLASH_REGISTERS: [u64; 3] = [0x4002_3c00, 0x4002_3c0c, 0x4002_3c10];
/// What the bootloader may change beside core, RAM and flash, on every board; and on this one, its port and its recovery pin.
const PERIPHERALS: [&str; 3] = ["rcc", "iwdg", "tim2"];
const FLASH: &str = "eflash";

/// Steps between two looks at flash, clocks and the core's state.
const TURN: u64 = 64;

/// Addresses to stop at. Every address outside of the covered range is one.
pub struct Stops {
    start: u32,
    halves: Vec<bool>,
}

impl Stops {
    /// Clears the stops of so many bytes from this address.
    pub fn new(start: u32, length: u32) -> Self {
        Stops { start, halves: vec![false; length as usize / 2] }
    }

    /// Sets a stop at this address.
    pub fn set(&mut self, address: u32) {
        if let Some(stop) = self.halves.get_mut(address.wrapping_sub(self.start) as usize / 2) {
            *stop = true;
        }
    }
}

/// A chip between two instructions.
#[derive(Clone, Default)]
pub struct Moment {
    core: Vec<u8>,
    ram: Vec<u8>,
    peripherals: Vec<Vec<u8>>,
    flash: Vec<u8>,
    flash_state: (u64, Vec<u32>),
    steps: u64,
}

impl Chip {
    /// Executes one instruction, or enters an exception.
    pub fn step(&mut self) {
        self.core.step();
        self.steps += 1;
        if self.steps.is_multiple_of(TURN) {
            let rcc = self.machine.device("rcc").map(|entry| &**entry.device());
            for part in [Some(&*self.flash as &dyn Device), rcc].into_iter().flatten() {
                if let Some(end) = part.next_event_tick() {
                    part.advance_to(end);
                }
            }
        }
    }

    /// Steps up to the next stop, or so many times. Returns whether a stop was reached; a core that sleeps, is locked
    /// up or requests a reset counts as one, and is noticed late.
    pub fn step_to(&mut self, stops: &Stops, limit: usize) -> bool {
        for _ in 0..limit {
            self.step();
            let place = self.core.pc().wrapping_sub(stops.start) as usize / 2;
            if stops.halves.get(place).is_none_or(|stop| *stop) {
                return true;
            }
            if self.steps.is_multiple_of(TURN) && self.stands() {
                return true;
            }
        }
        false
    }

    /// How many steps were taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether the core sleeps, is locked up or requests a reset.
    pub fn stands(&self) -> bool {
        self.core.is_asleep() || self.core.is_locked_up() || self.core.reset_requested()
    }

    /// Skips the next instruction: the program counter goes behind it, an IT block advances.
    pub fn skip(&mut self) -> Result<()> {
        let pc = self.core.pc();
        self.core.set_pc(pc + self.length_at(pc)?);
        let status = self.core.xpsr();
        let block = status >> IT_LOW & 3 | (status >> IT_HIGH & 0x3f) << 2;
        // DDI 0403, A7.3.3, ITAdvance.
        let block = if block & 7 == 0 { 0 } else { block & 0xe0 | block << 1 & 0x1f };
        self.core.set_xpsr(status & !IT | (block & 3) << IT_LOW | block >> 2 << IT_HIGH);
        Ok(())
    }

    /// Bytes of the instruction at an address (DDI 0403, A5.1).
    fn length_at(&self, address: u32) -> Result<u32> {
        let space = self.machine.space("mem").context("the board has no memory")?;
        let half = space.read(u64::from(address), Width::U16, MemAttrs::DEBUG);
        let half = half.map_err(|error| anyhow!("no instruction at {address:#010x}: {error:?}"))?;
        Ok(if half >> 11 >= 0b11101 { 4 } else { 2 })
    }

    /// Copies RAM from an offset on.
    pub fn copy_ram(&self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        self.ram.read_at(offset, bytes).map_err(|error| anyhow!("{error:?}"))
    }

    /// Puts bytes into RAM, from an offset on.
    pub fn put_ram(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.ram.write_at(offset, bytes).map_err(|error| anyhow!("{error:?}"))
    }

    /// Saves the chip's state.
    pub fn save(&self, moment: &mut Moment) -> Result<()> {
        moment.steps = self.steps;
        moment.core = state_of(&*self.core)?;
        moment.peripherals.clear();
        for name in self.peripherals() {
            moment.peripherals.push(state_of(&**self.device(name)?)?);
        }
        moment.ram.resize(self.ram.len() as usize, 0);
        self.copy_ram(0, &mut moment.ram)?;
        let state = self.flash_state()?;
        if moment.flash.is_empty() || moment.flash_state != state {
            (moment.flash, moment.flash_state) = (state_of(&**self.device(FLASH)?)?, state);
        }
        Ok(())
    }

    /// Restores the chip's state.
    pub fn restore(&mut self, moment: &Moment) -> Result<()> {
        self.steps = moment.steps;
        self.core.load(&mut ChunkReader::new(&moment.core))?;
        for (name, state) in self.peripherals().zip(&moment.peripherals) {
            self.device(name)?.load(&mut ChunkReader::new(state))?;
        }
        self.ram.write_at(0, &moment.ram).map_err(|error| anyhow!("{error:?}"))?;
        if moment.flash_state != self.flash_state()? {
            self.device(FLASH)?.load(&mut ChunkReader::new(&moment.flash))?;
            self.flash.seen().count = moment.flash_state.0;
        }
        Ok(())
    }

    fn peripherals(&self) -> impl Iterator<Item = &str> {
        PERIPHERALS.into_iter().chain(self.parts.recovery.as_deref()).chain([&*self.parts.serial])
    }

    /// Flash operations and the controller's registers, which show whether flash was touched.
    fn flash_state(&self) -> Result<(u64, Vec<u32>)> {
        let registers = FLASH_REGISTERS.iter().map(|register| self.read_word(*register));
        Ok((self.seen().count, registers.collect::<Result<_>>()?))
    }

    fn device(&self, name: &str) -> Result<&std::sync::Arc<dyn Device>> {
        Ok(self.machine.device(name).with_context(|| format!("the board has no {name}"))?.device())
    }
}

/// A part's state, as its snapshot has it.
fn state_of(part: &dyn Device) -> Result<Vec<u8>> {
    let class = part.class();
    let mut writer = StateWriter::new(MachineShape::new());
    part.save(&mut writer.chunk(class.name, class.name, class.version)?)?;
    let bytes = writer.to_vec()?;
    let state = StateReader::new(&bytes)?.load(class.name, class.name, class.version, &Migrations::new())?;
    Ok(state.into_data())
}
