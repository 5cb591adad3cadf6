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

    /// Whether a flash write may have been torn by this reset. Only a reset that the firmware requested cannot tear
    /// one.
    pub const fn may_tear(self) -> bool {
        !matches!(self, Cause::Request)
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

/// What is known about the reset before a boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reset {
    /// Why the chip was reset.
    pub cause: Cause,
    /// The crash, if the cause is one and the firmware reported it.
    pub fault: Option<Fault>,
}

impl From<Cause> for Reset {
    fn from(cause: Cause) -> Self {
        Reset { cause, ..Reset::default() }
    }
}
