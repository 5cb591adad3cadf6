//! The control of the sweep, which it must catch: a sweep that finds nothing proves something only if it can find
//! faults.
//!
//! The control is an updater that commits its metadata before its data. The released updater cannot do so: its
//! interface has no such order. So its operations are replayed in that order: the erases, header and record of the
//! trial, and only then table and payload. Two bootloaders boot what cuts of it leave:
//!
//! - the released one, which sees that the image is not whole: the judge must see that it was rejected;
//! - one that takes a slot's header as proof: the judge must see that an incomplete image is started.

use super::cut::Cut;
use super::operation::Operation;
use super::update::{Part, Update};
use crate::product::MICROBIT;
use anyhow::Result;
use lifeboot_core::Slot;
use std::ops::Range;

/// The same update by an updater that commits its metadata before its data; and after which of its operations the
/// metadata, but not yet the data is there.
pub fn metadata_first(update: &Update) -> Result<(Update, Range<usize>)> {
    let mut order = [vec![], vec![], vec![], vec![]];
    for (number, operation) in update.operations.iter().enumerate() {
        let place = match (operation, update.part(*operation)) {
            (Operation::Erase { .. }, Some(Part::Header | Part::Payload | Part::Table)) => 0,
            (_, Some(Part::Header)) => 1,
            (_, Some(Part::Journal)) if number < update.trial => 1,
            (_, Some(Part::Payload | Part::Table)) => 2,
            _ => 3,
        };
        order[place].push(*operation);
    }
    let metadata = order[0].len() + order[1].len();
    let data = order[2].len();
    let reordered = update.other(update.start.clone(), order.concat())?;
    // The data is complete once only erased words are missing.
    let due = |operation: &Operation| !matches!(operation, Operation::Write { value: u32::MAX, .. });
    let end = metadata + reordered.operations[metadata..metadata + data].iter().rposition(due).unwrap_or(0) + 1;
    Ok((reordered, metadata..end))
}

/// Some `count` cuts before operations of a range, evenly.
pub fn cuts_within(range: Range<usize>, count: usize) -> Vec<Cut> {
    let step = (range.len() / count).max(1);
    range.step_by(step).map(|operation| Cut { operation, torn: None }).collect()
}

/// A bootloader that starts slot B where there is the first word of a header in it, else slot A, and verifies nothing.
/// Returns it, and the address of its endless loop, to which every fault leads.
pub fn believing_bootloader() -> (Vec<u8>, u32) {
    const FAULT: u32 = 0x52;
    let board = MICROBIT.board;
    let mut words = vec![board.ram.end(), 0x41];
    words.resize(16, FAULT | 1);
    // Thumb (Armv6-M Architecture Reference Manual, DDI 0419, A6.7).
    let code: [u16; 10] = [
        0x4804, // 40: ldr r0, header
        0x6800, // 42: ldr r0, [r0]
        0x4904, // 44: ldr r1, magic
        0x4a05, // 46: ldr r2, payload_a
        0x4288, // 48: cmp r0, r1
        0xd100, // 4a: bne 4e
        0x4a04, // 4c: ldr r2, payload_b
        0x6850, // 4e: ldr r0, [r2, #4]
        0x4700, // 50: bx r0
        0xe7fe, // 52: b .
    ];
    let literals = [
        board.address(board.slot(Slot::B).start),
        u32::from_le_bytes(*b"LBIM"),
        board.payload_address(Slot::A),
        board.payload_address(Slot::B),
    ];
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(code.iter().flat_map(|half| half.to_le_bytes()));
    bytes.extend(literals.iter().flat_map(|word| word.to_le_bytes()));
    (bytes, FAULT)
}
