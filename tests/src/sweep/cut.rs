//! Where power is cut: before an operation, or in its middle.

use super::operation::Operation;
use super::update::{Part, Update};
use crate::chance::Chance;

/// Ways to tear an operation that affects more than its own word: an erase, a boot record's word, a header's.
const TORN: u64 = 3;

/// One in so many of the payload's words is cut at, unless all are.
const SAMPLED: usize = 128;

/// A loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The number of operations that were made before.
    pub operation: usize,
    /// The seed by which the next one is torn; `None` if it is not made at all.
    pub torn: Option<u64>,
}

impl Cut {
    /// Flash after the cut, where `flash` is its content before that operation.
    pub fn state(self, flash: &[u8], operations: &[Operation]) -> Vec<u8> {
        let mut flash = flash.to_vec();
        if let (Some(seed), Some(operation)) = (self.torn, operations.get(self.operation)) {
            operation.tear(&mut flash, &mut Chance::new(seed ^ self.operation as u64));
        }
        flash
    }
}

/// The cuts of a sweep, in order: before and inside every erase, every word of boot records, header and table, and of
/// the payload's words all, or a sample; and one behind the last operation.
pub fn cuts(update: &Update, full: bool) -> Vec<Cut> {
    let mut chance = Chance::new(1);
    let mut cuts = Vec::new();
    for (operation, made) in update.operations.iter().enumerate() {
        let part = update.part(*made);
        let torn = match (made, part) {
            (Operation::Erase { .. }, _) | (_, Some(Part::Journal | Part::Header)) => TORN,
            (_, Some(Part::Payload)) if !full && chance.below(SAMPLED) > 0 => continue,
            _ => 1,
        };
        cuts.push(Cut { operation, torn: None });
        cuts.extend((1..=torn).map(|seed| Cut { operation, torn: Some(seed << 32) }));
    }
    cuts.push(Cut { operation: update.operations.len(), torn: None });
    cuts
}
