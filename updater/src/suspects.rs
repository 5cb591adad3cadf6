//! Which units of the target slot are suspect: they may read differently later.
//!
//! After a power cut, the bits that were erased or written last may read right now and wrong later; only an erase makes
//! them reliable. An interrupted transfer can have left such bits in three places: the first unit, which is erased
//! first; the table, which is written first; and the last unit that was written. A unit that was erased in this boot is
//! not suspect.

use lifeboot_core::image::{Header, HeaderBytes};

/// Units that are tracked; any unit after them counts as suspect.
const UNITS: usize = 256;

/// What this boot knows about the slot.
#[derive(Default)]
pub(crate) struct SuspectUnits {
    /// Whether an earlier boot may have left an interrupted transfer; `None` until the first transfer of this boot
    /// begins.
    interrupted: Option<bool>,
    /// The units that were erased in this boot, a bit each.
    erased: [u32; UNITS / 32],
}

impl SuspectUnits {
    /// Decides from the header in the slot when a transfer begins. A transfer removes the old header first and writes
    /// the new one last: if a whole header of another image is there, no transfer was interrupted after it. A slot that
    /// reads as blank proves nothing.
    pub fn judge(&mut self, present: &Option<HeaderBytes>, header: &HeaderBytes) {
        let is_of_another = |present: &HeaderBytes| present != header && Header::parse(present).is_ok();
        self.interrupted.get_or_insert(!present.as_ref().is_some_and(is_of_another));
    }

    /// Notes that a unit was erased.
    pub fn note_erased(&mut self, unit: u32) {
        if let Some(word) = self.erased.get_mut(unit as usize / 32) {
            *word |= 1 << (unit % 32);
        }
    }

    /// Whether a unit may read differently later.
    pub fn contains(&self, unit: u32) -> bool {
        let erased = self.erased.get(unit as usize / 32).is_some_and(|word| word & 1 << (unit % 32) != 0);
        self.interrupted.unwrap_or(true) && !erased
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After an interrupted transfer.
    fn interrupted() -> SuspectUnits {
        SuspectUnits { interrupted: Some(true), ..SuspectUnits::default() }
    }

    #[test]
    fn a_unit_is_suspect_until_it_is_erased_and_no_other_changes() {
        for erased in 0..UNITS as u32 {
            let mut suspects = interrupted();
            suspects.note_erased(erased);
            for unit in 0..UNITS as u32 + 40 {
                assert_eq!(suspects.contains(unit), unit != erased, "{unit}, {erased} was erased");
            }
        }
    }

    #[test]
    fn units_add_up_and_those_that_are_not_tracked_stay_suspect() {
        let mut suspects = interrupted();
        (0..UNITS as u32 + 40).for_each(|unit| suspects.note_erased(unit));
        (0..UNITS as u32).for_each(|unit| assert!(!suspects.contains(unit), "{unit}"));
        (UNITS as u32..UNITS as u32 + 40).for_each(|unit| assert!(suspects.contains(unit), "{unit}"));
    }
}
