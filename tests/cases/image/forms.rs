//! One signature, one content of a slot: for any payload and any table, only the payload as a second, simple rebasing
//! makes it verifies; and the updater writes exactly that.

use super::content_verdict;
use crate::signed_image::{SignedImage, info, table_of};
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::image::{HEADER_LENGTH, Invalid};
use lifeboot_core::layout::{Architecture, Board};
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::{BOARDS, STM32F405};
use lifeboot_tests::simulated_flash::{SimulatedFlash, WriteUnits};
use lifeboot_updater::{Expected, Refusal, Step, Updater};
use proptest::prelude::*;

/// Bits of the immediate in a MOVT, the lowest first: the position of each in the instruction's four bytes, read as one
/// little-endian word (Armv7-M ARM, A7.7.79, encoding T1).
const IMMEDIATE: [u32; 16] = [16, 17, 18, 19, 20, 21, 22, 23, 28, 29, 30, 10, 0, 1, 2, 3];

/// Adds a distance at each place, bit by bit.
pub fn carried(payload: &[u8], places: &[Entry], distance: u32) -> Vec<u8> {
    let mut payload = payload.to_vec();
    for Entry { offset, kind } in places {
        let place = &mut payload[*offset as usize..][..4];
        let word = u32::from_le_bytes(place.try_into().unwrap());
        let moved = match kind {
            Kind::Word => word.wrapping_add(distance),
            Kind::UpperHalf => {
                let half = (0..16).map(|bit| (word >> IMMEDIATE[bit] & 1) << bit).sum::<u32>();
                let half = half.wrapping_add(distance >> 16) & 0xffff;
                let others = !IMMEDIATE.iter().fold(0, |bits, at| bits | 1 << at);
                (0..16).fold(word & others, |word, bit| word | (half >> bit & 1) << IMMEDIATE[bit])
            }
        };
        place.copy_from_slice(&moved.to_le_bytes());
    }
    payload
}

/// An image with any payload and these places, where the vectors are right unless a place meets them.
fn image(board: &'static Board, payload: &[u8], places: &[Entry]) -> SignedImage {
    let mut image = SignedImage::new(board, payload.len().max(520));
    image.pointers.clear();
    image.filling = payload.to_vec();
    image.filling[..4].copy_from_slice(&board.ram.end().to_le_bytes());
    image.filling[4..8].copy_from_slice(&(board.payload_address(Slot::A) + 9).to_le_bytes());
    image.table = table_of(places.iter().copied());
    image.seal();
    image
}

/// The slot's content with the image, by [`carried`].
fn content(image: &SignedImage, places: &[Entry], slot: Slot) -> Vec<u8> {
    let board = image.board;
    let mut content = image.content(slot);
    let payload = carried(&image.filling, places, board.distance(Slot::A, slot));
    content[board.header_length as usize..][..payload.len()].copy_from_slice(&payload);
    content
}

/// Has the updater receive the image into slot B; what it said at the end, and what the slot holds then.
fn received(image: &SignedImage) -> (Result<(), Refusal>, Vec<u8>) {
    let board = image.board;
    let mut flash = SimulatedFlash::new(board).write_once();
    flash.put_info(&info());
    let running = SignedImage::new(board, 520);
    running.put(&mut flash, Slot::A);
    let before = flash.region(board.slot(Slot::A)).to_vec();
    let version = running.header.version;
    let result = match board.write_size {
        4 => receive(Updater::running_in(Slot::A, WriteUnits::<4>(&mut flash), board).unwrap(), image, version),
        _ => receive(Updater::running_in(Slot::A, WriteUnits::<256>(&mut flash), board).unwrap(), image, version),
    };
    assert_eq!(flash.misuse(), None);
    assert!(before == flash.region(board.slot(Slot::A)), "the running slot was written");
    (result, flash.region(board.slot(Slot::B)).to_vec())
}

fn receive<F: NorFlash>(mut updater: Updater<F>, image: &SignedImage, running: Version) -> Result<(), Refusal> {
    let work = |updater: &mut Updater<F>| loop {
        if updater.step()? != Step::Busy {
            return Ok(());
        }
    };
    let transfer = updater.begin(&image.header_bytes(), Expected { running, target: Slot::B }, false)?;
    work(&mut updater)?;
    let (table, content) = (image.table_offset() as usize, image.content(Slot::A));
    let end = (image.board.header_length + image.header.payload_length) as usize;
    let mut table_due = !image.table.is_empty();
    while let Some(next) = updater.next() {
        let at = next as usize;
        table_due &= at >= table;
        if !table_due && at == end {
            break;
        }
        let piece = &content[at..at + 200.min(if table_due { content.len() } else { end } - at)];
        updater.feed(transfer, next, piece)?;
        work(&mut updater)?;
        // Now and then there is time to spare.
        for _ in 0..next % 3 {
            updater.verify_ahead()?;
        }
    }
    updater.finish(transfer)?;
    work(&mut updater)
}

fn boards() -> impl Strategy<Value = &'static Board> {
    prop::sample::select(BOARDS.to_vec())
}

/// Places at gaps that are mostly small, and now and then right at the border of a block.
fn places(board: &Board, length: u32, gaps: &[(u8, bool, bool)]) -> Vec<Entry> {
    let mut end = 4_u32;
    let mut places = Vec::new();
    for (gap, border, half) in gaps {
        let to_border = (end + 4).next_multiple_of(256) - 2;
        let offset = if *border { to_border } else { end + 2 * u32::from(*gap) };
        if offset + 4 > length {
            break;
        }
        let movt = *half && board.architecture == Architecture::Armv7M && offset >= 8;
        places.push(Entry { offset, kind: if movt { Kind::UpperHalf } else { Kind::Word } });
        end = offset + 4;
    }
    places
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_verifies_is_what_was_signed_and_nothing_else(
        board in boards(), payload in prop::collection::vec(any::<u8>(), 520..3000),
        first in any::<bool>(), gaps in prop::collection::vec((0u8..60, prop::bool::weighted(0.2), any::<bool>()), 1..120),
        (at, by) in (any::<prop::sample::Index>(), 1u8..),
    ) {
        let mut gaps = gaps;
        // Where the reset vector is not listed, slot B is refused for its entry point.
        gaps[0] = (if first { 0 } else { 2 }, false, false);
        let places = places(board, payload.len() as u32, &gaps);
        let image = image(board, &payload, &places);
        for slot in Slot::BOTH {
            let good = content(&image, &places, slot);
            let verdict = content_verdict(board, &good, slot);
            let moves = first || slot == Slot::A;
            prop_assert_eq!(verdict.is_ok(), moves, "{:?}", verdict);
            prop_assert!(moves || verdict == Err(Invalid::Entry), "all but the entry point is right: {:?}", verdict);
            // Another value of a covered byte; at a listed place as likely as elsewhere.
            let covered = (board.header_length as usize..board.header_length as usize + payload.len())
                .chain(image.table_offset() as usize..good.len());
            let covered: Vec<usize> = covered.collect();
            let mut other = good.clone();
            other[covered[at.index(covered.len())]] ^= by;
            prop_assert!(content_verdict(board, &other, slot).is_err());
            let place = places[at.index(places.len())];
            let mut other = good.clone();
            other[(board.header_length + place.offset) as usize + at.index(4)] ^= by;
            prop_assert_eq!(content_verdict(board, &other, slot).err(), Some(Invalid::Digest));
        }
        // The other slot's form differs, and is not accepted for it.
        let there = content(&image, &places, Slot::B);
        prop_assert_eq!(content_verdict(board, &there, Slot::A).err(), Some(Invalid::Digest));
        // What the updater writes.
        let (result, held) = received(&image);
        prop_assert_eq!(result, if first { Ok(()) } else { Err(Refusal::Entry) });
        let from = if first { 0 } else { HEADER_LENGTH };
        prop_assert!(held[from..there.len()] == there[from..], "the slot holds something else");
    }
}

/// Places on the vectors: what comes out is judged in the slot where it would run.
#[test]
fn a_table_on_the_vectors_starts_nothing_outside() {
    for board in BOARDS {
        for (offset, in_b) in [(0, Invalid::Stack), (2, Invalid::Stack), (6, Invalid::Entry)] {
            for kind in [Kind::Word, Kind::UpperHalf] {
                let places = [Entry { offset, kind }];
                let image = image(board, &[0x5a; 700], &places);
                assert_eq!(content_verdict(board, &content(&image, &places, Slot::A), Slot::A).map(|_| ()), Ok(()));
                let verdict = content_verdict(board, &content(&image, &places, Slot::B), Slot::B).map(|verified| {
                    let start = board.payload_address(Slot::B);
                    assert!((start..start + 700).contains(&verified.entry()) && verified.stack() <= board.ram.end());
                });
                // Half an address comes back on boards only whose slots are a multiple of 64 KiB apart.
                let expected = [Err(in_b), Err(Invalid::Entry), Err(Invalid::Digest)];
                assert!(expected.contains(&verdict), "{offset} {kind:?}, {}: {verdict:?}", board.name);
            }
        }
    }
}

/// A place that ends with the payload, and those that reach 2 bytes past it, or begin behind it; in the verifier and on
/// the way into the slot.
#[test]
fn places_at_the_very_end() {
    for board in BOARDS {
        for length in [700, 702, 768, 1022, 1024, 1026] {
            for (behind, good) in [(4, true), (2, false), (0, false)] {
                let mut places = vec![Entry { offset: 4, kind: Kind::Word }];
                places.push(Entry { offset: length - behind, kind: Kind::Word });
                let image = image(board, &vec![0x33; length as usize], &places);
                let (result, held) = received(&image);
                assert_eq!(
                    result,
                    if good { Ok(()) } else { Err(Refusal::Table) },
                    "{length} - {behind}, {}",
                    board.name
                );
                if good {
                    let content = content(&image, &places, Slot::B);
                    assert!(held[..content.len()] == content);
                    assert!(content_verdict(board, &content, Slot::B).is_ok());
                } else {
                    assert!(held[..HEADER_LENGTH].iter().all(|byte| *byte == 0xff), "it has a header");
                    let verdict = content_verdict(board, &image.content(Slot::B), Slot::B);
                    assert_eq!(verdict.map(|_| ()), Err(Invalid::Table));
                }
            }
        }
    }
}

/// MOVT where there is none: its bits are moved all the same, there and back, whatever instruction they belong to.
#[test]
fn half_an_address_in_any_instruction_comes_back() {
    let board = &STM32F405;
    let payload: Vec<u8> = (0..2000_u32).map(|index| ((index * 37) ^ (index >> 3)) as u8).collect();
    for start in [8, 10] {
        let mut places = vec![Entry { offset: 4, kind: Kind::Word }];
        places.extend((start..1990).step_by(4).map(|offset| Entry { offset, kind: Kind::UpperHalf }));
        let image = image(board, &payload, &places);
        for slot in Slot::BOTH {
            assert!(content_verdict(board, &content(&image, &places, slot), slot).is_ok());
        }
        let (result, held) = received(&image);
        assert_eq!(result, Ok(()));
        let content = content(&image, &places, Slot::B);
        assert!(held[..content.len()] == content);
    }
}

/// The longest table that there can be: every word of a payload of four fifths of the slot.
#[test]
fn a_table_as_long_as_it_can_be() {
    for board in BOARDS {
        let blocks = board.capacity() / 256;
        let length = blocks * 4 / 5 * 256;
        let places: Vec<Entry> = (4..length).step_by(4).map(|offset| Entry { offset, kind: Kind::Word }).collect();
        let image = image(board, &vec![0x11; length as usize], &places);
        assert_eq!(image.table.len() as u32, length / 4 - 1);
        assert!(board.slot(Slot::B).length - image.table_offset() - (image.table.len() as u32) < 512);
        for slot in Slot::BOTH {
            assert!(content_verdict(board, &content(&image, &places, slot), slot).is_ok(), "{}, {slot}", board.name);
        }
        let (result, held) = received(&image);
        assert_eq!(result, Ok(()), "{}", board.name);
        let content = content(&image, &places, Slot::B);
        assert!(held[..content.len()] == content);
        // An entry more points past the payload, one less leaves a word as it was.
        for count in [places.len() - 1, places.len() + 1] {
            let mut other = image.clone();
            other.table.resize(count, 0);
            other.seal();
            let expected = if count < places.len() { Invalid::Digest } else { Invalid::Table };
            let mut bytes = content.clone();
            bytes.truncate(image.table_offset() as usize);
            bytes.extend(&other.table);
            bytes[..HEADER_LENGTH].copy_from_slice(&other.header_bytes());
            assert_eq!(content_verdict(board, &bytes, Slot::B).map(|_| ()), Err(expected), "{count}, {}", board.name);
        }
    }
}
