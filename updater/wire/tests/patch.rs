//! The instructions of a patch, one by one, and the patches that are refused.
#![cfg(feature = "delta")]

use lifeboot_wire::patch::{Kind, Malformed, PIECE, Patcher, number, zigzag};

const OLD: &[u8] = b"The quick brown fox jumps over the lazy dog. And again, the quick brown fox.";

/// The compressor's output for a byte without a repetition: a set bit, and the byte.
fn stored(instructions: &[u8]) -> Vec<u8> {
    let bits = instructions.iter().flat_map(|byte| [1].into_iter().chain((0..8).rev().map(move |bit| byte >> bit & 1)));
    let mut out = Vec::new();
    for (at, bit) in bits.enumerate() {
        if at % 8 == 0 {
            out.push(0);
        }
        out[at / 8] |= bit << (7 - at % 8);
    }
    out
}

/// Expands a patch that arrives in pieces of `size` bytes, with old bytes of which `at_once` can be read at a time.
fn applied(patch: &[u8], size: usize, at_once: usize) -> Result<Vec<u8>, Malformed> {
    let mut patcher = Patcher::new(OLD.len() as u32);
    let (mut out, mut piece) = (Vec::new(), [0; PIECE]);
    for mut rest in patch.chunks(size) {
        loop {
            let read = |position: u32, place: &mut [u8]| {
                let length = place.len().min(at_once);
                place[..length].copy_from_slice(&OLD[position as usize..][..length]);
                Ok::<_, Malformed>(length)
            };
            match patcher.make(&mut piece, read)? {
                Some(made) => out.extend_from_slice(&piece[..made]),
                None if rest.is_empty() => break,
                None => {
                    let taken = patcher.take(rest);
                    assert_ne!(taken, 0);
                    rest = &rest[taken..];
                }
            }
        }
    }
    Ok(out)
}

fn in_one(instructions: &[u8]) -> Result<Vec<u8>, Malformed> {
    applied(&stored(instructions), 1000, 1000)
}

#[test]
fn instructions_as_they_are_described() {
    // Copy 10; add 1 to one byte and 0 to the next; insert 3; seek 44 bytes forward; copy 9.
    let instructions = [
        &[10 << 2, 2 << 2 | 1, 1, 0, 3 << 2 | 2, b'-', b'>', b' '][..],
        &[(88 << 2 | 3) as u8 | 0x80, (88 << 2 | 3) as u8 >> 7 | 0x02, 9 << 2],
    ];
    let patch = stored(&instructions.concat());
    for (size, at_once) in [(1000, 1000), (1, 1000), (1000, 1), (3, 2)] {
        let made = applied(&patch, size, at_once).unwrap();
        assert_eq!(made, b"The quick cr-> the quick", "{size} {at_once}: {:?}", str::from_utf8(&made));
    }
}

#[test]
fn what_is_longer_than_a_piece_is_made_in_pieces() {
    assert_eq!(in_one(&[(70 << 2) as u8 | 0x80, (70 << 2 >> 7) as u8]).unwrap(), &OLD[..70]);
    let inserted = [&[(70 << 2) as u8 | 2 | 0x80, (70 << 2 >> 7) as u8], &OLD[1..71]].concat();
    assert_eq!(in_one(&inserted).unwrap(), &OLD[1..71]);
}

#[test]
fn what_repeats_is_expanded() {
    // heatshrink -w 8 -l 4: insert 20, 'a', then a reference one byte back of 16, and one of 3.
    let literal = |byte: u8| 1 << 8 | u32::from(byte);
    let back = |distance: u32, length: u32| (distance - 1) << 4 | (length - 1);
    let pieces = [(literal(20 << 2 | 2), 9), (literal(b'a'), 9), (back(1, 16), 13), (back(1, 3), 13)];
    let bits = pieces.iter().flat_map(|(bits, count)| (0..*count).rev().map(move |at| (bits >> at & 1) as u8));
    let mut patch = Vec::new();
    for (at, bit) in bits.enumerate() {
        if at % 8 == 0 {
            patch.push(0);
        }
        patch[at / 8] |= bit << (7 - at % 8);
    }
    assert_eq!(applied(&patch, 1, 1000).unwrap(), [b'a'; 20]);
}

#[test]
fn what_cannot_be_is_refused() {
    let end = OLD.len() as u8;
    let seek = |distance: i32| number(Kind::Seek, zigzag(distance)).unwrap();
    let seek = |distance| seek(distance).0[..seek(distance).1].to_vec();
    let to_end = seek(i32::from(end));
    let cases = [
        ("a copy past the end", [&to_end[..], &[1 << 2]].concat()),
        ("an addition past the end", [&to_end[..], &[1 << 2 | 1, 7]].concat()),
        ("a seek past the end", seek(i32::from(end) + 1)),
        ("a seek before the start", seek(-1)),
        ("a seek that overflows", number(Kind::Seek, (1 << 26) - 1).unwrap().0.to_vec()),
        ("two seeks", [seek(1), seek(-1)].concat()),
        ("a length of nothing", [0].to_vec()),
        ("an insertion of nothing", [2].to_vec()),
        ("a seek by nothing", [3].to_vec()),
        ("a number that never ends", [0x80; 4].to_vec()),
        ("a copy that is far too long", [0xfc, 0xff, 0xff, 0x7f].to_vec()),
    ];
    for (what, instructions) in cases {
        assert_eq!(in_one(&instructions), Err(Malformed), "{what}");
    }
    assert_eq!(in_one(&[seek(i32::from(end) - 1), [1 << 2].to_vec()].concat()).unwrap(), b".");
}

#[test]
fn numbers_are_read_as_they_are_written() {
    assert_eq!(number(Kind::Copy, 0), None);
    assert_eq!(number(Kind::Copy, 1 << 26), None);
    assert_eq!(number(Kind::Insert, (1 << 26) - 1), Some(([0xfe, 0xff, 0xff, 0x7f], 4)));
    assert_eq!([0, -1, 1, -2, i32::MIN].map(zigzag), [0, 1, 2, 3, u32::MAX]);
}
