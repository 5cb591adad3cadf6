//! Why a rollout begins nothing new.

use crate::time::Time;
use serde::Serialize;

/// Too many failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failures {
    /// When that was known.
    pub at: Time,
    /// The number of the wave, counted from 0.
    pub wave: usize,
    /// How many devices failed.
    pub failed: u32,
    /// How many devices had finished.
    pub finished: u32,
}

/// A wave that would begin though no device has confirmed the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Untried {
    /// When that was known.
    pub at: Time,
    /// The number of the wave, counted from 0.
    pub wave: usize,
}

/// A pause by a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// Since when.
    pub at: Time,
    /// Why; may be empty.
    pub reason: String,
}

/// An abort by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Abort {
    /// When.
    pub at: Time,
    /// Whether updated devices are rolled back.
    pub rollback: bool,
}
