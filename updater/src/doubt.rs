//! What of the target slot need not be what it reads as.
//!
//! After a power cut the bits that were erased or written last may read right now and wrong later. Only an erase makes
//! sure. An interrupted transfer can have left such bits in three places: the first unit, which is erased first; the
//! table, which is written first; and the last unit of what is right. Everything that was erased in this boot is sure.

use lifeboot_core::image::{Header, HeaderBytes};

/// Units that are remembered; those behind count as doubtful.
const UNITS: usize = 256;

/// What is known about the slot in this boot.
#[derive(Default)]
pub(crate) struct Doubt {
    /// Whether an earlier boot may have left an interrupted transfer; found out when the first one begins.
    earlier: Option<bool>,
    /// The units that were erased in this boot, a bit each.
    sure: [u32; UNITS / 32],
}

impl Doubt {
    /// Judges by the header that stands in the slot when a transfer begins. A whole one of another image goes first when a
    /// slot is written, and comes last: behind it nothing is left that a power cut tore. That a slot reads as blank
    /// proves nothing.
    pub fn judge(&mut self, present: &Option<HeaderBytes>, header: &HeaderBytes) {
        let is_of_another = |present: &HeaderBytes| present != header && Header::parse(present).is_ok();
        self.earlier.get_or_insert(!present.as_ref().is_some_and(is_of_another));
    }

    /// A unit was erased.
    pub fn erased(&mut self, unit: u32) {
        if let Some(word) = self.sure.get_mut(unit as usize / 32) {
            *word |= 1 << (unit % 32);
        }
    }

    /// Whether what a unit reads as may change.
    pub fn is_about(&self, unit: u32) -> bool {
        let sure = self.sure.get(unit as usize / 32).is_some_and(|word| word & 1 << (unit % 32) != 0);
        self.earlier.unwrap_or(true) && !sure
    }
}
