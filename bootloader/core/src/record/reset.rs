//! Why the chip was reset.

/// Why the chip was reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cause {
    /// The cause is not known.
    #[default]
    Unknown = 0,
    /// Power came on.
    PowerOn = 1,
    /// A brown-out: the supply voltage fell too low.
    BrownOut = 2,
    /// The reset pin, or a debugger.
    Pin = 3,
    /// The watchdog.
    Watchdog = 4,
    /// A fault or a panic.
    Fault = 5,
    /// The firmware requested it.
    Request = 6,
}

impl Cause {
    /// Returns the cause with this number.
    pub const fn from_byte(byte: u8) -> Option<Cause> {
        Some(match byte {
            0 => Cause::Unknown,
            1 => Cause::PowerOn,
            2 => Cause::BrownOut,
            3 => Cause::Pin,
            4 => Cause::Watchdog,
            5 => Cause::Fault,
            6 => Cause::Request,
            _ => return None,
        })
    }

    /// Whether the power supply caused the reset, not the firmware.
    pub const fn is_power_loss(self) -> bool {
        matches!(self, Cause::PowerOn | Cause::BrownOut)
    }
}

/// Where and how firmware crashed, as reported by the firmware; only for people to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// The program counter: the address of the instruction, in the slot that the firmware ran from.
    pub pc: u32,
    /// The Configurable Fault Status Register (Armv7-M ARM, B3.2.15); 0 on Armv6-M, which has none.
    pub status: u32,
}

/// What is known about the reset before a boot. All but the cause comes from RAM, which a loss of power may clear or garble;
/// no security decision depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reset {
    /// Why the chip was reset.
    pub cause: Cause,
    /// The crash, if the cause is one and the firmware reported it.
    pub fault: Option<Fault>,
    /// How many times in a row the same firmware was started and crashed.
    pub crashes: u8,
    /// Whether the bootloader was writing to flash when the reset came. Then this boot must not write: the next one may.
    pub interrupted: bool,
    /// Whether the bootloader has just been in recovery mode, so that the host had its time to speak.
    pub listened: bool,
}

/// Crashes in a row after which the host gets its time to speak before the firmware is started again.
pub const CRASH_LOOP: u8 = 3;

impl From<Cause> for Reset {
    fn from(cause: Cause) -> Self {
        Reset { cause, ..Reset::default() }
    }
}
