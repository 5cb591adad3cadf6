//! Predicts how much a push would send to a slot that holds a certain image, as `lifeboot diff` reports it before a
//! release.

use super::plan::{Found, HeaderFound, Held, Part, Phases, Segment, plan};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Slot;

/// The cost of pushing an image to a slot that holds another image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes of the image to send.
    pub sent: u32,
    /// Bytes of the image that the slot already holds.
    pub skipped: u32,
    /// Erase units to erase and write.
    pub erased: u32,
    /// Erase units that the image occupies.
    pub units: u32,
}

/// Compares two images as they lie in the slots of the new image's board, and returns the cost for the slot where it is higher.
/// What differs in only one of the two slots counts as different.
pub fn estimate(old: &ImageFile, new: &ImageFile) -> Estimate {
    let [a, b] = Slot::BOTH.map(|slot| estimate_in(slot, old, new));
    if b.sent > a.sent { b } else { a }
}

fn estimate_in(slot: Slot, old: &ImageFile, new: &ImageFile) -> Estimate {
    let phases = Phases::of(new.header(), new.board(), slot);
    let contents: Vec<(Vec<u8>, Vec<u8>)> = Slot::BOTH
        .into_iter()
        .filter_map(|slot| {
            let new_content = new.for_slot(new.board(), slot).ok()?;
            // An old image that is bound to the other slot leaves nothing to reuse.
            Some((old.for_slot(new.board(), slot).unwrap_or_default(), new_content))
        })
        .collect();
    let found = |part: &Part| {
        let range = part.start as usize..part.end as usize;
        let is_same = contents.iter().all(|(old, new)| old.get(range.clone()) == new.get(range.clone()));
        if is_same { Found::Same } else { Found::Different }
    };
    let [table, payload] = phases.parts();
    let is_same_header = old.header_bytes() == new.header_bytes();
    let held = Held {
        header: if is_same_header { HeaderFound::Same } else { HeaderFound::Other },
        table: table.iter().map(found).collect(),
        payload: payload.iter().map(found).collect(),
    };
    let planned = plan(&phases, &held, &new.entries());

    let (mut sent, mut skipped) = (0, 0);
    let mut written: Vec<usize> = Vec::new();
    for (range, segments) in phases.ranges().into_iter().zip(planned) {
        let mut from = range.start;
        for segment in segments {
            match segment {
                Segment::Skip(to) => {
                    skipped += to - from;
                    from = to;
                }
                Segment::Send(to) => {
                    sent += to - from;
                    written.extend(phases.unit(from)..=phases.unit(to - 1));
                    from = to;
                }
            }
        }
    }
    // The header's unit is erased if the header changes, whatever follows it.
    written.extend((!is_same_header).then_some(0));
    written.sort_unstable();
    written.dedup();
    Estimate { sent, skipped, erased: written.len() as u32, units: phases.units.len() as u32 }
}
