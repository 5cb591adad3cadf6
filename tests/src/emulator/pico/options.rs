//! How a board is started.

/// What of the clocks does not start.
#[derive(Clone, Copy, Debug)]
pub enum ClockFault {
    /// The crystal never becomes stable.
    Crystal,
    /// The PLLs never lock.
    Pll,
}

/// How a board is powered on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The power fails before the flash command of this number, counted from 0.
    pub stop_before: Option<usize>,
    /// The core is held until it is released.
    pub held: bool,
    /// What of the clocks does not start, if something does not.
    pub clock_fault: Option<ClockFault>,
}
