//! Patches: from any bytes the device makes exactly what the format defines for the running image, or refuses; and no
//! call does more work than allowed.
//!
//! The image runs from slot B, where its addresses are others than in the canonical bytes that a patch is about. The
//! result is compared with that of an independent reader of the format.

use super::check;
use super::choices::Choices;
use super::wire::device::Shared;
use crate::signed_image::{Pointer, SignedImage, info, table_of};
use lifeboot_core::journal::Journal;
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::record::Record;
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::MICROBIT;
use lifeboot_tests::simulated_flash::{Part, SimulatedFlash};
use lifeboot_updater::{Expected, Refusal, Step, Ticket, Updater};
use lifeboot_wire::patch::{FORMAT, Kind as Instruction, number, zigzag};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::LazyLock;

/// An image with an address every few bytes, on all borders that there are.
static RUNNING: LazyLock<SignedImage> = LazyLock::new(|| {
    let mut image = SignedImage::new(&MICROBIT, 1500);
    let mut offset = 4;
    image.pointers.clear();
    for gap in [0, 4, 2, 0, 6, 12, 2, 0, 0, 26, 10].into_iter().cycle() {
        offset += gap;
        if offset + 4 > 1500 {
            break;
        }
        let address = MICROBIT.payload_address(Slot::A) + if offset == 4 { 0x81 } else { offset };
        image.pointers.push(Pointer { place: Entry { offset, kind: Kind::Word }, address });
        offset += 4;
    }
    image.table = table_of(image.pointers.iter().map(|pointer| pointer.place));
    image.seal();
    image
});

/// The image that is received: without a table, so that the slot holds the patch's output unchanged.
static NEW: LazyLock<SignedImage> = LazyLock::new(|| {
    let version = Version { major: 2, minor: 0, patch: 0, build: 0 };
    SignedImage::new(&MICROBIT, 3000).release(version, 0).bound()
});

#[test]
fn patches() {
    // Nothing; a copy of 7 bytes after a seek; zeros, which are copies of nothing.
    assert!(!property(&[]) && !property(&[0, 3, 0, 0, 100, 0, 0, 0, 0, 0, 0, 5]));
    assert!(property(&[7, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    check!(400, property);
}

/// Returns whether the patch was refused.
pub fn property(input: &[u8]) -> bool {
    let mut choices = Choices::new(input);
    let old = [RUNNING.table.clone(), RUNNING.payload(0)].concat();
    let patch = if choices.byte() % 8 == 7 { choices.bytes(300).to_vec() } else { stored(&some(&mut choices, &old)) };
    let limit = NEW.filling.len();
    let (made, is_malformed) = made_of(&expanded(&patch), &old, limit);

    let mut flash = SimulatedFlash::new(&MICROBIT).write_once();
    flash.put_info(&info());
    RUNNING.put(&mut flash, Slot::B);
    let record = Record { confirmed: Slot::B, ..*Journal::open(&mut flash, &MICROBIT).record() };
    Journal::open(&mut flash, &MICROBIT).append(&mut flash, &record).expect("healthy flash");
    let flash = Shared(Rc::new(RefCell::new(flash)));
    let mut updater = Updater::running_in(Slot::B, flash.clone(), &MICROBIT).unwrap();
    let belief = Expected { running: RUNNING.header.version, target: Slot::A };
    let transfer = updater.begin(&NEW.header_bytes(), belief, false).expect("a good image");
    while updater.step().expect("a good image") == Step::Busy {}
    updater.begin_patch(transfer, FORMAT, &RUNNING.header.digest[..16]).expect("what runs");

    let refused = feed((&mut updater, transfer), &flash, &patch, choices.below(64));
    assert_eq!(refused, is_malformed.then_some(Refusal::Patch));
    let start = (MICROBIT.slot(Slot::A).start + MICROBIT.header_length) as usize;
    let written = flash.0.borrow();
    let blocks = written.bytes()[start..start + limit].chunks(256).zip(made.chunks(256));
    for (index, (found, expected)) in blocks.enumerate() {
        let is_blank = found.iter().all(|byte| *byte == 0xff);
        assert!(is_blank || found.starts_with(expected) || found == expected, "block {index}");
    }
    if refused.is_none() {
        assert_eq!(updater.next(), Some(MICROBIT.header_length + made.len() as u32), "all that there is was made");
        let whole = made.len() / 256 * 256;
        assert!(written.bytes()[start..start + whole] == made[..whole], "and written");
    }
    assert_eq!(written.misuse(), None);
    assert_eq!(written.wear(Part::Slot(Slot::B)), Default::default());
    refused.is_some()
}

/// Gives the device a patch in pieces; returns why it refused, if it did.
fn feed(
    (updater, transfer): (&mut Updater<Shared>, Ticket),
    flash: &Shared,
    patch: &[u8],
    piece: usize,
) -> Option<Refusal> {
    let operations = || flash.0.borrow().operations();
    let mut turns = 0;
    for (index, bytes) in patch.chunks(piece + 1).enumerate() {
        let offset = (index * (piece + 1)) as u32;
        loop {
            turns += 1;
            assert!(turns < 20_000, "it goes on for ever");
            let before = operations();
            let fed = updater.feed_patch(transfer, offset, bytes);
            assert_eq!(operations(), before, "the flash is for work");
            match fed {
                Ok(false) => break,
                Ok(true) => {}
                Err(refusal) => return Some(refusal),
            }
            updater.step().expect("healthy flash");
            assert!(operations() - before <= 1);
        }
        assert_eq!(updater.next_in_patch(), Some(offset + bytes.len() as u32));
        // Repeated pieces change nothing.
        assert_eq!(updater.feed_patch(transfer, offset, bytes), Ok(false));
    }
    while updater.step().expect("healthy flash") == Step::Busy {}
    None
}

/// Instructions, most of them good.
fn some(choices: &mut Choices, old: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut position = 0;
    while !choices.is_done() && out.len() < 2000 {
        let kind = choices.one_of(&[Instruction::Copy, Instruction::Add, Instruction::Insert, Instruction::Seek]);
        let bytes = if choices.chance() { choices.bytes(40).to_vec() } else { vec![1; choices.below(70)] };
        let length = match kind {
            Instruction::Copy => choices.edge(70) % 0x800,
            Instruction::Add | Instruction::Insert => bytes.len() as u32,
            Instruction::Seek => {
                let to = choices.below(old.len() + 1) as i32;
                zigzag(if choices.byte() % 16 == 15 { choices.edge(0) as i32 } else { to - position })
            }
        };
        let Some((encoded, count)) = number(kind, length) else { continue };
        out.extend_from_slice(&encoded[..count]);
        match kind {
            Instruction::Seek => position += (length >> 1) as i32 ^ -((length & 1) as i32),
            Instruction::Copy => position += length as i32,
            Instruction::Add => position += length as i32,
            Instruction::Insert => {}
        }
        if matches!(kind, Instruction::Add | Instruction::Insert) {
            out.extend(bytes);
        }
    }
    out
}

/// Data without repetitions as the compressor writes it: a set bit before each byte.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let bits = bytes.iter().flat_map(|byte| [1].into_iter().chain((0..8).rev().map(move |bit| byte >> bit & 1)));
    let bits: Vec<u8> = bits.collect();
    bits.chunks(8).map(|bits| bits.iter().enumerate().fold(0, |byte, (at, bit)| byte | bit << (7 - at))).collect()
}

/// heatshrink's format with a window of 2^8 and lengths of 4 bits.
fn expanded(patch: &[u8]) -> Vec<u8> {
    let mut bits = patch.iter().flat_map(|byte| (0..8).rev().map(move |bit| usize::from(byte >> bit & 1)));
    let mut take = |count: usize| (0..count).try_fold(0, |word, _| Some(word << 1 | bits.next()?));
    let mut out = Vec::new();
    loop {
        match take(1) {
            None => return out,
            Some(1) => match take(8) {
                Some(byte) => out.push(byte as u8),
                None => return out,
            },
            Some(_) => {
                let (Some(back), Some(length)) = (take(8), take(4)) else { return out };
                for _ in 0..=length {
                    let byte = out.len().checked_sub(back + 1).map_or(0, |place| out[place]);
                    out.push(byte);
                }
            }
        }
    }
}

/// The output of instructions on old bytes, and whether they are invalid.
fn made_of(instructions: &[u8], old: &[u8], limit: usize) -> (Vec<u8>, bool) {
    let (mut rest, mut position, mut out, mut was_seek) = (instructions, 0_i64, Vec::new(), false);
    loop {
        let end = rest.iter().position(|byte| byte & 0x80 == 0);
        let Some(end) = end.filter(|end| *end < 4) else { return (out, rest.len() >= 4) };
        let word = rest[..=end].iter().rev().fold(0, |word, byte| word << 7 | i64::from(byte & 0x7f));
        rest = &rest[end + 1..];
        let (kind, length) = (word & 3, word >> 2);
        if length == 0 || kind == 3 && was_seek {
            return (out, true);
        }
        was_seek = kind == 3;
        if kind == 3 {
            position += if length & 1 == 0 { length >> 1 } else { -(length >> 1) - 1 };
            if !(0..=old.len() as i64).contains(&position) {
                return (out, true);
            }
            continue;
        }
        for _ in 0..length {
            let new = if kind == 0 { Some(0) } else { rest.split_off_first().copied() };
            let Some(new) = new else { return (out, false) };
            let old = if kind == 2 { Some(&0) } else { old.get(position as usize) };
            let Some(old) = old.filter(|_| out.len() < limit) else { return (out, true) };
            out.push(old.wrapping_add(new));
            position += i64::from(kind != 2);
        }
    }
}
