//! The clock of an STM32F4 in the bootloader: the PLL, from the internal oscillator.
//!
//! No crystal has to be there, and none can fail. The oscillator is inexact, so at its fastest it must stay within every
//! limit: the chip's, its buses', and what flash follows at the lowest supply, because brown-out reset is off from the factory
//! and a supply may be that low. For an STM32F405 that makes 152 MHz.

/// The internal oscillator, in hertz.
const HSI: u32 = 16_000_000;
/// Its speed at most and at least, in thousandths: +4.5 and -8 % from -40 to 105 °C (DS8626, 5.3.9, table "HSI oscillator
/// characteristics"). The other lines have the same oscillator; parts for 125 °C are not covered.
const FASTEST: u64 = 1_045;
const SLOWEST: u64 = 920;

/// The PLL's input: 2 MHz, which the manuals recommend against jitter (RM0090, 7.3.2, PLLM); 2.1 MHz are allowed (DS8626,
/// 5.3.10).
const PLL_INPUT: u32 = 2_000_000;
/// Its output before the last division (DS8626, 5.3.10; RM0090, 7.3.2, PLLN). Later revisions go down to 100 MHz; what all allow
/// is used.
const VCO: std::ops::RangeInclusive<u64> = 192_000_000..=432_000_000;
/// What PLLQ may yield (RM0090, 7.3.2, PLLQ: at most 48 MHz for the random number generator and the SD card).
const PLL_Q_LIMIT: u64 = 48_000_000;

const MEGAHERTZ: u32 = 1_000_000;

/// The limits of a line of STM32F4, in MHz.
#[derive(Debug, PartialEq, Eq)]
pub struct ClockLimits {
    /// The core without over-drive.
    pub core: u32,
    /// The slow bus, APB1.
    pub apb1: u32,
    /// The fast bus, APB2.
    pub apb2: u32,
    /// What each cycle of flash adds, at 1.8 V.
    pub flash_step: u32,
    /// The most wait states that the bootloader uses.
    pub wait_states: u32,
    /// PWR_CR.VOS for the core's limit; `None` if the chip has it after reset.
    pub voltage_scale: Option<u32>,
    /// Whether the PLL has a third output, R, whose divisor must be legal.
    pub has_pll_r: bool,
}

/// A bus with peripherals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bus {
    /// The slow one.
    Apb1,
    /// The fast one.
    Apb2,
}

/// A divisor for each of the two speeds: with the PLL, and if it did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divisor {
    /// With the PLL.
    pub fast: u32,
    /// Without it, from the internal oscillator.
    pub slow: u32,
}

/// The settings of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PllClock {
    /// The core's clock in hertz, with the oscillator at its nominal speed.
    pub core: u32,
    /// PLLM, the division before the PLL.
    pub pll_m: u32,
    /// PLLN, its multiplication.
    pub pll_n: u32,
    /// PLLP, the division for the core's clock.
    pub pll_p: u32,
    /// PLLQ, the division for the 48 MHz peripherals, which the bootloader does not use.
    pub pll_q: u32,
    /// PLLR, the division for the third output; `None` if there is none.
    pub pll_r: Option<u32>,
    /// The wait states of flash at 1.8 V.
    pub wait_states: u32,
    /// The division for APB1.
    pub apb1_divider: u32,
    /// The division for APB2.
    pub apb2_divider: u32,
    /// The bits of VOS that PWR_CR must have before the PLL starts; `None` if those after reset will do.
    pub voltage_scale: Option<u32>,
}

impl PllClock {
    /// Returns the fastest that the limits allow.
    pub fn highest(limits: &'static ClockLimits) -> PllClock {
        Self::all(limits).next_back().expect("every line has a legal clock")
    }

    /// Returns the settings for a clock in hertz; `None` if the limits or the PLL rule it out.
    pub fn of(limits: &'static ClockLimits, core: u32) -> Option<PllClock> {
        let fastest = |hertz: u32| u64::from(hertz) * FASTEST / 1_000;
        let within = |hertz: u32, limit: u32| fastest(hertz) <= u64::from(limit * MEGAHERTZ);
        let wait_states = (fastest(core).div_ceil(u64::from(limits.flash_step * MEGAHERTZ)) as u32).saturating_sub(1);
        if !within(core, limits.core) || wait_states > limits.wait_states {
            return None;
        }
        let divider = |limit: u32| [1, 2, 4, 8, 16].into_iter().find(|divider| within(core / divider, limit));
        let (apb1_divider, apb2_divider) = (divider(limits.apb1)?, divider(limits.apb2)?);
        // Milliseconds and bits of the line then come out of whole numbers.
        if !core.is_multiple_of(apb1_divider * MEGAHERTZ) || !core.is_multiple_of(apb2_divider * MEGAHERTZ) {
            return None;
        }
        let vco = |divider: u32| u64::from(core) * u64::from(divider);
        let pll_p = [2, 4, 6, 8].into_iter().find(|divider| {
            VCO.contains(&(vco(*divider) * SLOWEST / 1_000)) && VCO.contains(&(vco(*divider) * FASTEST / 1_000))
        })?;
        Some(PllClock {
            core,
            pll_m: HSI / PLL_INPUT,
            pll_n: (vco(pll_p) / u64::from(PLL_INPUT)) as u32,
            pll_p,
            pll_q: (vco(pll_p) * FASTEST / 1_000).div_ceil(PLL_Q_LIMIT) as u32,
            pll_r: limits.has_pll_r.then_some(2),
            wait_states,
            apb1_divider,
            apb2_divider,
            voltage_scale: limits.voltage_scale,
        })
    }

    /// Returns every legal setting, from the slowest to the fastest.
    pub fn all(limits: &'static ClockLimits) -> impl DoubleEndedIterator<Item = PllClock> {
        (1..=limits.core).filter_map(move |megahertz| PllClock::of(limits, megahertz * MEGAHERTZ))
    }

    /// Returns RCC_PLLCFGR (RM0090, 7.3.2).
    pub const fn pllcfgr(&self) -> u32 {
        let third = match self.pll_r {
            Some(divider) => divider << 28,
            None => 0,
        };
        self.pll_m | self.pll_n << 6 | (self.pll_p / 2 - 1) << 16 | self.pll_q << 24 | third
    }

    /// Returns the dividers of both buses in RCC_CFGR (RM0090, 7.3.3).
    pub const fn bus_dividers(&self) -> u32 {
        const fn code(divider: u32) -> u32 {
            if divider == 1 { 0 } else { 0b011 + divider.trailing_zeros() }
        }
        code(self.apb1_divider) << 10 | code(self.apb2_divider) << 13
    }

    /// Returns a bus's clock in hertz, with the PLL and without.
    pub const fn bus(&self, bus: Bus) -> Divisor {
        let divider = match bus {
            Bus::Apb1 => self.apb1_divider,
            Bus::Apb2 => self.apb2_divider,
        };
        Divisor { fast: self.core / divider, slow: HSI / divider }
    }

    /// Returns BRR of a USART on a bus, with 16 samples a bit (RM0090, 30.3.4): a sixteenth of a bit each.
    pub const fn baud_divisor(&self, bus: Bus, baud: u32) -> Divisor {
        let Divisor { fast, slow } = self.bus(bus);
        Divisor { fast: (fast + baud / 2) / baud, slow: (slow + baud / 2) / baud }
    }

    /// Returns the division of TIM2 for two ticks a millisecond. Timers of a bus that is divided count at twice its clock
    /// (RM0090, 7.2, figure 21).
    pub const fn timer_divisor(&self) -> Divisor {
        let Divisor { fast, slow } = self.bus(Bus::Apb1);
        let twice = if self.apb1_divider == 1 { 1 } else { 2 };
        Divisor { fast: fast * twice / 2_000, slow: slow * twice / 2_000 }
    }
}
