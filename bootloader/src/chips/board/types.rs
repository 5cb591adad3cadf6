//! What the build script renders constants of. A test of `lifeboot-board` compiles them, too.

/// A pin.
#[derive(Clone, Copy)]
pub struct Pin {
    /// The address of its port's registers.
    pub port: usize,
    /// Its number in the port.
    pub number: u32,
    /// The bit that switches its port on, in RCC_AHB1ENR (STM32F4) or RESETS (RP2040); 0 if nothing has to.
    pub enable: u32,
}

/// The pin that requests recovery mode.
#[derive(Clone, Copy)]
pub struct RecoveryPin {
    /// The pin.
    pub pin: Pin,
    /// Whether it is high while recovery mode is requested, so that the chip pulls it low; else the other way round.
    pub is_high: bool,
}

/// The serial port of recovery mode.
pub struct SerialPort {
    /// The address of its registers.
    pub base: usize,
    /// The register that switches it on; 0 if its own do.
    pub enable_register: usize,
    /// The bit that does.
    pub enable: u32,
    /// The value that connects a pin to it: the alternate function (STM32F4), FUNCSEL (RP2040).
    pub function: u32,
    /// The pin that sends.
    pub tx: Pin,
    /// The pin that receives.
    pub rx: Pin,
}

/// What a clock is divided by: with the PLL, and if that did not start.
pub struct Divisor {
    /// With the PLL.
    pub fast: u32,
    /// Without it.
    pub slow: u32,
}

/// The clock of an STM32F4.
pub struct ClockSettings {
    /// RCC_PLLCFGR.
    pub pllcfgr: u32,
    /// The divisions for APB1 and APB2, in RCC_CFGR.
    pub bus_dividers: u32,
    /// The wait states of flash.
    pub wait_states: u32,
    /// VOS in PWR_CR, before the PLL starts; `None` if what it is after a reset will do.
    pub voltage_scale: Option<u32>,
    /// For two ticks of TIM2 a millisecond.
    pub timer: Divisor,
}

/// Neighbouring sectors of equal length.
#[derive(Clone, Copy)]
pub struct SectorRun {
    /// Where the first begins, counted from the start of flash.
    pub start: u32,
    /// The length of each.
    pub length: u32,
    /// How many there are.
    pub count: u32,
    /// What the flash controller calls the first; those that follow it count on.
    pub code: u32,
}
