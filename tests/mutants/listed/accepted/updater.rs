//! Accepted mutants of updater.

use super::entry::{Accepted, accept};

/// All of them.
pub const ACCEPTED: &[Accepted] = &[];
