//! The chip: rsemu's machine, the resets that rsemu leaves to the host, and a bench's access to it.
//!
//! Everything happens in virtual time. Two chips that are started with the same flash, RAM and settings, and are fed
//! the same bytes at the same moments, are the same to the nanosecond.

use super::bridge::Bridged;
use super::core::{Counts, DrivenCore};
use super::flash::{Seen, WatchedFlash};
use super::machine::{Parts, machine};
use super::pins::Pins;
use super::polls::Polls;
use super::request::{self, Request};
use super::silence::Silence;
use crate::chance::Chance;
use crate::product::STM32F405;
use anyhow::{Context, Result, anyhow, ensure};
use lifeboot_board::BoardDescription;
use rsemu::core::clock::GlobalTime;
use rsemu::core::device::{Device, ResetKind};
use rsemu::core::space::{MemAttrs, RamStore};
use rsemu::core::value::Width;
use rsemu::core::wire::{Level, WireId};
use rsemu::cpu::arm::v7m::ArmV7m;
use rsemu::dev::stm32::flash::Flash;
use rsemu::dev::stm32::iwdg::Iwdg;
use rsemu::dev::stm32::usart::Usart;
use rsemu::host::chardev::{CharPort, ports};
use rsemu::machine::builtin::Ram;
use rsemu::machine::{Machine, catalog};
use std::sync::{Arc, MutexGuard, OnceLock};
use std::time::Duration;

/// How much virtual time passes between two looks of the peripherals at each other: less than half a character.
const QUANTUM: Duration = Duration::from_micros(20);

/// RCC_CSR, and in it what resets by watchdogs leave, and by pin (RM0090, 7.3.21).
const RCC_CSR: u64 = 0x4002_3874;
const BY_WATCHDOG: u32 = 0b11 << 29;
const PIN: &str = "pinrst";
const SOFTWARE: &str = "sftrst";
const BROWN_OUT: &str = "borrst";
const LOW_POWER: &str = "lpwrrst";

/// FLASH_OPTCR from the factory, and its bit that is clear if the watchdog starts with each reset (3.9.10); IWDG_KR, and
/// the key that starts it (21.4.1).
const OPTIONS: u32 = 0x0FFF_AAED;
const WATCHDOG_BY_SOFTWARE: u32 = 1 << 5;
const IWDG_KR: u32 = 0x4000_3000;
const WATCHDOG_START: u32 = 0xCCCC;

/// What differs from chip to chip, or is not modelled by rsemu as on the chip.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Characters a second on the serial line; rsemu does not look at the baud rate that the guest sets.
    pub line: u32,
    /// The watchdog's oscillator, in hertz: 17,000 to 47,000, mostly 32,000 (DS8626, 5.3.9).
    pub lsi: u32,
    /// How long a flash write takes.
    pub write: Duration,
    /// How long an erase takes; rsemu knows one time for all sectors.
    pub erase: Duration,
    /// What RAM holds at power-on.
    pub ram: u64,
    /// Whether the option bytes start the watchdog with each reset.
    pub hardware_watchdog: bool,
}

impl Default for Settings {
    /// 115,200 baud, and flash as the datasheet has it (DS8626, 5.3.12), except the erase, which takes a fiftieth.
    fn default() -> Self {
        Settings {
            line: 11_520,
            lsi: 32_000,
            write: Duration::from_micros(16),
            erase: Duration::from_millis(20),
            ram: 1,
            hardware_watchdog: false,
        }
    }
}

/// Why the host resets a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// By its pin.
    Pin,
    /// By a brown-out. RAM keeps its content here.
    BrownOut,
    /// The firmware entered a mode that the option bytes forbid.
    LowPower,
}

/// An STM32F4 that is powered on.
pub struct Chip {
    pub(super) machine: Machine,
    pub(super) parts: Parts,
    pins: Pins,
    pub(super) core: Arc<ArmV7m>,
    counts: Arc<Counts>,
    pub(super) flash: Arc<WatchedFlash>,
    pub(super) ram: Arc<RamStore>,
    line: Arc<CharPort>,
    pub(super) steps: u64,
    /// RCC_CSR's flags as they were seen last.
    watchdogs: u32,
    watchdog_resets: u32,
    hardware_watchdog: bool,
}

impl Chip {
    /// Powers the chip of the board that Lifeboot comes with on, as [`power_on_as`](Self::power_on_as) does.
    pub fn power_on(flash: &[u8], settings: &Settings) -> Result<Self> {
        Self::power_on_as(&STM32F405.description()?, flash, settings)
    }

    /// Powers the chip of a board on with this flash, the rest erased. Nothing runs before the first
    /// [`run_for`](Self::run_for).
    pub fn power_on_as(board: &BoardDescription, flash: &[u8], settings: &Settings) -> Result<Self> {
        let (text, parts) = machine(board)?;
        let mut chip = Self::build(board, &text, parts, settings).context("rsemu does not build the board")?;
        chip.power_cycle(flash, settings.ram)?;
        Ok(chip)
    }

    fn build(board: &BoardDescription, text: &str, parts: Parts, settings: &Settings) -> rsemu::core::Result<Self> {
        let ticks = |time: Duration| (time.as_nanos() * 16 / 1000).max(1).to_string();
        let mut options = catalog::build_options()?
            .with_param("line", settings.line.to_string())
            .with_param("lsi", settings.lsi.to_string())
            .with_param("program", ticks(settings.write))
            .with_param("erase", ticks(settings.erase))
            .with_param("options", options_of(settings).to_string());
        options.realize.scheduler.quantum = time(QUANTUM);

        // What the machine is made of, so far as the host has to hold it.
        let (core, flash, ram) = (Kept::default(), Kept::default(), Kept::default());
        let counts = Arc::new(Counts::default());
        let polls = Arc::new(Polls::default());
        let (kept, its_flash, its_counts, its_polls) = (core.clone(), flash.clone(), counts.clone(), polls.clone());
        options.bindings.replace("cpu.arm.v7m", move |properties| {
            let core = keep(&kept, Arc::new(ArmV7m::from_props(properties)?));
            Ok(Arc::new(DrivenCore::new(core, its_flash.clone(), its_counts.clone(), its_polls.clone())))
        });
        let (kept, its_chip) = (flash.clone(), board.chip.clone());
        let banks = board.chip.flash.sectors.runs().last().map_or(1, |run| run.bank);
        options.bindings.replace("st.flash", move |properties| {
            let controllers = (0..banks).map(|_| Flash::new(properties)).collect::<rsemu::core::Result<_>>()?;
            let built = keep(&kept, Arc::new(WatchedFlash::new(&its_chip, controllers)));
            Ok(built)
        });
        let kept = ram.clone();
        options.bindings.replace("ram", move |properties| {
            let built = keep(&kept, Arc::new(Ram::new(properties)?));
            Ok(built)
        });
        options.classes.insert(request::usart());
        options.bindings.replace("st.usart", move |properties| {
            let mended = (Silence::default(), (polls.clone(), Request::default()));
            Ok(Arc::new(Bridged::new(Usart::new(properties)?, mended)))
        });
        options.bindings.replace("st.iwdg", |properties| Ok(Arc::new(Bridged::new(Iwdg::new(properties)?, ()))));
        let machine = rsemu::machine::build("chip.machine", text, &catalog::registry()?, &options)?;
        let line = ports::open(&options.realize.hosts, "console")?;
        let (Some(core), Some(flash), Some(ram)) = (core.get(), flash.get(), ram.get()) else {
            unreachable!("the board has a core, flash and RAM")
        };
        let (core, flash, ram) = (core.clone(), flash.clone(), ram.store().clone());
        let hardware_watchdog = settings.hardware_watchdog;
        Ok(Chip {
            machine,
            parts,
            pins: Pins::new(board),
            core,
            counts,
            flash,
            ram,
            line,
            steps: 0,
            watchdogs: 0,
            watchdog_resets: 0,
            hardware_watchdog,
        })
    }

    /// Takes the power away and gives it back: flash is this, the rest erased; RAM holds random bytes; the serial line
    /// is empty. Cheaper than a new chip. Virtual time goes on.
    pub fn power_cycle(&mut self, flash: &[u8], ram: u64) -> Result<()> {
        let length = self.flash.contents().len();
        ensure!(flash.len() <= length, "{} bytes do not fit into {length} bytes of flash", flash.len());
        let mut whole = flash.to_vec();
        whole.resize(length, 0xff);
        self.machine.reset(ResetKind::Cold);
        self.flash.put(0, &whole)?;
        self.ram.write_at(0, &Chance::new(ram).bytes(self.ram.len() as usize)).map_err(|error| anyhow!("{error:?}"))?;
        self.line.clear();
        *self.flash.seen() = Seen::default();
        self.watchdogs = 0;
        self.settle_recovery_pin();
        self.start_hardware_watchdog();
        Ok(())
    }

    /// rsemu does not look at the option byte.
    fn start_hardware_watchdog(&mut self) {
        if self.hardware_watchdog {
            self.write_word(IWDG_KR, WATCHDOG_START).expect("the board has a watchdog");
        }
    }

    /// Lets virtual time pass; the watchdog and the guest itself may reset the chip meanwhile. Stops early if the power
    /// fails (`Seen::cut`).
    pub fn run_for(&mut self, span: Duration) -> Result<()> {
        let end = self.now() + span;
        while self.now() < end && !self.flash.seen().is_cut() {
            self.round()?;
        }
        Ok(())
    }

    /// Lets virtual time pass until a condition holds. Returns whether it did within this span.
    pub fn run_until(&mut self, span: Duration, mut condition: impl FnMut(&mut Self) -> bool) -> Result<bool> {
        let end = self.now() + span;
        while self.now() < end && !self.flash.seen().is_cut() {
            if condition(self) {
                return Ok(true);
            }
            self.round()?;
        }
        Ok(condition(self))
    }

    /// One step of the scheduler, and the resets that came of it.
    fn round(&mut self) -> Result<()> {
        self.machine.run_quantum()?;
        let watchdogs = self.read_word(RCC_CSR)? & BY_WATCHDOG;
        let rising = watchdogs & !self.watchdogs;
        self.watchdogs = watchdogs;
        if rising != 0 {
            self.watchdog_resets += 1;
            self.reset_all(PIN);
        } else if self.core.reset_requested() {
            self.raise(SOFTWARE);
            self.reset_all(PIN);
        }
        self.settle_recovery_pin();
        Ok(())
    }

    /// Resets the chip.
    pub fn reset(&mut self, reset: Reset) {
        match reset {
            Reset::Pin => {}
            Reset::BrownOut => self.raise(BROWN_OUT),
            Reset::LowPower => self.raise(LOW_POWER),
        }
        self.reset_all(PIN);
    }

    /// Holds the recovery pin at its level, or releases it.
    pub fn hold_recovery_pin(&mut self, held: bool) {
        self.pins.hold(held);
        self.settle_recovery_pin();
    }

    /// Gives the recovery pin its level.
    fn settle_recovery_pin(&mut self) {
        let level = self.pins.settle(|address| word_at(&self.machine, u64::from(address)));
        if let (Some((number, level)), Some(port)) = (level, &self.parts.recovery) {
            self.drive(port, &format!("in{number}"), level);
        }
    }

    /// Whether the serial line's two wires are connected, by which the chip sends and receives.
    pub fn connected(&self) -> Result<(bool, bool)> {
        self.pins.connected(|address| self.read_word(u64::from(address)))
    }

    /// Resets everything but flash, RAM and the flags of the cause; the pin is pulled at each reset (7.1.1).
    fn reset_all(&mut self, pin: &str) {
        self.raise(pin);
        self.machine.reset(ResetKind::Warm);
        // A warm reset leaves the core's interrupt controller as it is.
        Device::reset(&*self.core, ResetKind::Cold);
        self.machine.sweep();
        self.start_hardware_watchdog();
    }

    /// Reports a reset's source to RCC.
    fn raise(&self, source: &str) {
        self.drive("rcc", source, Level::High);
        self.drive("rcc", source, Level::Low);
    }

    /// Drives a part's input from outside.
    fn drive(&self, part: &str, input: &str, level: Level) {
        let id = WireId::new(u64::MAX);
        if let Some(pin) = self.machine.device(part).and_then(|part| part.device().sink(input, &[id])) {
            pin.sink.set_level(id, pin.line, level);
        }
    }

    /// How often a watchdog has reset the chip since it was built.
    pub fn watchdog_resets(&self) -> u32 {
        self.watchdog_resets
    }

    /// Virtual time since the chip was built.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.machine.now().as_nanos())
    }

    /// The guest's flash operations since power-on.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.flash.seen()
    }

    /// All of the flash.
    pub fn flash(&self) -> Vec<u8> {
        self.flash.contents()
    }

    /// Puts bytes into flash, as a programmer does.
    pub fn put(&mut self, offset: u32, bytes: &[u8]) -> Result<()> {
        Ok(self.flash.put(offset, bytes)?)
    }

    /// Reads memory as the core sees it, without the effects that reading has.
    pub fn read_memory(&self, address: u32, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let space = self.machine.space("mem").context("the board has no memory")?;
        space.read_bytes(u64::from(address), &mut bytes, MemAttrs::DEBUG).map_err(|error| anyhow!("{error:?}"))?;
        Ok(bytes)
    }

    /// Reads a register, without the effects that reading has.
    pub fn read_word(&self, address: u64) -> Result<u32> {
        word_at(&self.machine, address)
    }

    /// Writes a word, of RAM or of a register, as the core would.
    pub fn write_word(&mut self, address: u32, word: u32) -> Result<()> {
        let space = self.machine.space("mem").context("the board has no memory")?;
        let written = space.write(u64::from(address), Width::U32, u64::from(word), MemAttrs::default());
        written.map_err(|error| anyhow!("cannot write {address:#010x}: {error:?}"))
    }

    /// The core, for its registers.
    pub fn core(&self) -> &ArmV7m {
        &self.core
    }

    /// The core's counters since the chip was built.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The other end of the serial line.
    pub fn line(&self) -> &CharPort {
        &self.line
    }
}

fn word_at(machine: &Machine, address: u64) -> Result<u32> {
    let space = machine.space("mem").context("the board has no memory")?;
    let word = space.read(address, Width::U32, MemAttrs::DEBUG);
    Ok(word.map_err(|error| anyhow!("cannot read {address:#010x}: {error:?}"))? as u32)
}

/// A part, for the host as well as for the machine.
type Kept<T> = Arc<OnceLock<Arc<T>>>;

fn keep<T>(kept: &Kept<T>, part: Arc<T>) -> Arc<T> {
    kept.get_or_init(|| part).clone()
}

/// What FLASH_OPTCR shows.
fn options_of(settings: &Settings) -> u32 {
    if settings.hardware_watchdog { OPTIONS & !WATCHDOG_BY_SOFTWARE } else { OPTIONS }
}

fn time(span: Duration) -> GlobalTime {
    GlobalTime::from_nanos(span.as_nanos() as u64)
}
