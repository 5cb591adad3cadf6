//! What the bootloader's chip code has to know of the board: its pins, its clock, its sectors.

use crate::chip::{Chip, Family};
use crate::clock::{Divisor, PllClock};
use crate::description::BoardDescription;
use crate::pin::{Enable, Level, Pin, RecoveryPin, Serial};

impl BoardDescription {
    /// Returns Rust source for `include!` after [`constants`](Self::constants): what the bootloader's chip code has to know. The
    /// types are those of `bootloader/src/chips/board.rs`, by their bare names.
    ///
    /// | constant | type | where |
    /// | --- | --- | --- |
    /// | `UF2_FAMILY` | `u32` | on every chip |
    /// | `RECOVERY` | `Option<RecoveryPin>` | on every chip |
    /// | `SERIAL` | `SerialPort` | if the board has a serial port |
    /// | `BAUD_DIVISOR` | `Divisor` | if the port's clock is the core's (STM32F4) |
    /// | `CLOCK` | `ClockSettings` | where there is a PLL (STM32F4) |
    /// | `AHB1_AFTER_RESET` | `u32` | STM32F4 |
    /// | `SECTORS` | `[SectorRun; N]` | STM32F4 |
    pub fn bootloader_constants(&self) -> String {
        let family = self.chip.uf2_family.unwrap_or(0);
        let mut source = format!(
            "/// The id by which a UF2 drive knows the chip; 0 if none does.\n\
             pub const UF2_FAMILY: u32 = {family:#x};\n"
        );
        source += &recovery(self.recovery.as_ref());
        if let Some(port) = &self.serial {
            source += &serial(port);
        }
        if let Some(divisor) = self.baud_divisor() {
            let (doc, value) = ("What the serial port divides its bus's clock by.", divided(divisor));
            source += &format!("/// {doc}\npub const BAUD_DIVISOR: Divisor = {value};\n");
        }
        if let Some(settings) = &self.clock {
            source += &clock(settings);
        }
        if self.chip.family == Family::Stm32f4 {
            source += &buses(&self.chip);
            source += &self.sectors();
        }
        source
    }

    /// All sectors of the chip; those that the map leaves out cost nothing.
    fn sectors(&self) -> String {
        let runs = self.map.sectors().runs();
        let mut source = format!(
            "/// The sectors of the flash, with what the controller calls the first of each run.\n\
             pub const SECTORS: [SectorRun; {}] = [\n",
            runs.len()
        );
        for run in runs {
            let first = self.map.sectors().at(run.start).map_or(0, |sector| self.chip.erase_code(sector));
            source += &format!(
                "    SectorRun {{ start: {:#x}, length: {:#x}, count: {}, code: {first} }},\n",
                run.start, run.unit, run.count
            );
        }
        source + "];\n"
    }
}

fn recovery(recovery: Option<&RecoveryPin>) -> String {
    let (what, value) = match recovery {
        None => ("none".to_owned(), "None".to_owned()),
        Some(RecoveryPin { pin, pressed }) => {
            let is_high = *pressed == Level::High;
            (
                format!("{}, {}", pin.name, if is_high { "high" } else { "low" }),
                format!("Some(RecoveryPin {{ pin: {}, is_high: {is_high} }})", located(pin)),
            )
        }
    };
    format!(
        "/// The pin that requests recovery mode: {what}.\npub const RECOVERY: Option<RecoveryPin> =\n    {value};\n"
    )
}

fn serial(Serial { peripheral, tx, rx }: &Serial) -> String {
    let Enable { register, bit } = peripheral.enable.unwrap_or(Enable { register: 0, bit: 0 });
    let enable = peripheral.enable.map_or(0, |_| 1_u32 << bit);
    format!(
        "/// The serial port of recovery mode: {name}; {tx_name} sends, {rx_name} receives.\n\
         pub const SERIAL: SerialPort = SerialPort {{\n    \
             base: {base:#x},\n    \
             enable_register: {register:#x},\n    \
             enable: {enable:#x},\n    \
             function: {function},\n    \
             tx: {tx},\n    \
             rx: {rx},\n\
         }};\n",
        name = peripheral.name,
        tx_name = tx.name,
        rx_name = rx.name,
        base = peripheral.base,
        function = peripheral.function,
        tx = located(tx),
        rx = located(rx),
    )
}

fn clock(clock: &PllClock) -> String {
    format!(
        "/// The clock: {megahertz} MHz from the internal oscillator.\n\
         pub const CLOCK: ClockSettings = ClockSettings {{\n    \
             pllcfgr: {pllcfgr:#x},\n    \
             bus_dividers: {bus_dividers:#x},\n    \
             wait_states: {wait_states},\n    \
             voltage_scale: {voltage_scale},\n    \
             timer: {timer},\n\
         }};\n",
        megahertz = clock.core / 1_000_000,
        pllcfgr = clock.pllcfgr(),
        bus_dividers = clock.bus_dividers(),
        wait_states = clock.wait_states,
        voltage_scale = clock.voltage_scale.map_or("None".to_owned(), |bits| format!("Some({bits:#x})")),
        timer = divided(clock.timer_divisor()),
    )
}

/// CCM is on after a reset, where there is any (RM0090, 7.3.10); elsewhere the bit is reserved (RM0368, RM0383 and RM0390,
/// 6.3.9).
fn buses(chip: &Chip) -> String {
    let ccm = chip.ram.iter().any(|ram| ram.name == "CCM");
    let value = if ccm { 1_u32 << 20 } else { 0 };
    format!("/// RCC_AHB1ENR after a reset.\npub const AHB1_AFTER_RESET: u32 = {value:#x};\n")
}

fn located(Pin { port, number, enable, .. }: &Pin) -> String {
    let enable = enable.map_or(0, |enable| 1_u32 << enable.bit);
    format!("Pin {{ port: {port:#x}, number: {number}, enable: {enable:#x} }}")
}

fn divided(Divisor { fast, slow }: Divisor) -> String {
    format!("Divisor {{ fast: {fast}, slow: {slow} }}")
}
