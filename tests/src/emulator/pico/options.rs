//! How a board is started.

/// How a board is powered on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The power fails before the flash command of this number, counted from 0.
    pub stop_before: Option<usize>,
    /// The core is held until it is released.
    pub held: bool,
}
