//! Tables and addresses as their formats say. The fuzz target `relocation_tables` asserts that rebasing can be undone, in
//! pieces of any size, and that each table has one form only.

use super::*;

#[test]
fn movt_as_the_manual_encodes_it() {
    // movt r0, #0x0802 -> f6c0 0002; plus 0x0006_0000 -> movt r0, #0x0808 = f6c0 0008.
    let mut place = [0xc0, 0xf6, 0x02, 0x00];
    shift(&mut place, Kind::UpperHalf, 0x0006_0000);
    assert_eq!(place, [0xc0, 0xf6, 0x08, 0x00]);
    // A carry into `i` and imm4: 0x07ff + 1 = 0x0800 sets i; 0x0fff + 1 = 0x1000 sets imm4 and clears i.
    let mut place = [0xc0, 0xf2, 0xff, 0x73];
    shift(&mut place, Kind::UpperHalf, 0x0001_0000);
    assert_eq!(place, [0xc0, 0xf6, 0x00, 0x03]);
    let mut place = [0xc0, 0xf6, 0xff, 0x73];
    shift(&mut place, Kind::UpperHalf, 0x0001_0000);
    assert_eq!(place, [0xc1, 0xf2, 0x00, 0x03]);
}

#[test]
fn overlong_and_unfinished_numbers_are_refused() {
    let last = |table: &[u8]| {
        let mut decoder = Decoder::default();
        let last = table.iter().map(|byte| decoder.push(*byte)).last();
        (last, decoder.is_whole())
    };
    assert_eq!(last(&[0x80, 0x00]).0, Some(Err(Malformed)));
    assert_eq!(last(&[0xff, 0xff, 0xff, 0xff]).0, Some(Err(Malformed)));
    assert_eq!(last(&[0x80]), (Some(Ok(None)), false));
}

#[test]
fn entries_that_cannot_be_listed_are_refused() {
    assert_eq!(encode(4, Entry { offset: 2, kind: Kind::Word }), None);
    assert_eq!(encode(0, Entry { offset: 3, kind: Kind::Word }), None);
    assert_eq!(encode(0, Entry { offset: 1 << 28, kind: Kind::Word }), None);
}

/// `movt r5, #half`: f2c0 with i and imm4, 0500 with imm3 and imm8.
fn movt(half: u16) -> [u8; 4] {
    let first = 0xf2c0 + half / 0x800 % 2 * 0x400 + half / 0x1000;
    let second = half / 0x100 % 8 * 0x1000 + 0x500 + half % 0x100;
    let ([a, b], [c, d]) = (first.to_le_bytes(), second.to_le_bytes());
    [a, b, c, d]
}

#[test]
fn every_upper_half_moves_by_the_upper_half_of_the_distance() {
    for half in 0..=u16::MAX {
        let mut place = movt(half);
        shift(&mut place, Kind::UpperHalf, 0x8123_4567);
        assert_eq!(place, movt(half.wrapping_add(0x8123)), "{half:#x}");
    }
}

#[test]
fn numbers_are_as_long_as_they_must_be() {
    let forms: [(u32, &[u8]); 6] = [
        (0, &[0x00]),
        (0x7e, &[0x7e]),
        (0x80, &[0x80, 0x01]),
        (0x4000, &[0x80, 0x80, 0x01]),
        (0x0012_3456, &[0xd6, 0xe8, 0x48]),
        ((1 << 28) - 2, &[0xfe, 0xff, 0xff, 0x7f]),
    ];
    for (gap, bytes) in forms {
        for (bit, kind) in [(0, Kind::Word), (1, Kind::UpperHalf)] {
            let entry = Entry { offset: 10 + gap, kind };
            let (encoded, length) = encode(10, entry).unwrap();
            assert_eq!(encoded[0], bytes[0] | bit);
            assert_eq!(encoded[1..length], bytes[1..]);
            let mut decoder = Decoder { end: 10, ..Decoder::default() };
            let (last, first) = encoded[..length].split_last().unwrap();
            first.iter().for_each(|byte| assert_eq!(decoder.push(*byte), Ok(None)));
            assert_eq!((decoder.push(*last), decoder.is_whole()), (Ok(Some(entry)), true));
            assert_eq!(decoder.end, 14 + gap);
        }
    }
}

#[test]
fn an_offset_is_below_the_limit() {
    let first = |end| Decoder { end, ..Decoder::default() }.push(0);
    assert_eq!(first((1 << 31) - 2), Ok(Some(Entry { offset: (1 << 31) - 2, kind: Kind::Word })));
    assert_eq!(first(1 << 31), Err(Malformed));
}

const OFFSETS: [u32; 3] = [4, 8, 14];

/// A table of words at [`OFFSETS`].
fn table() -> impl FnMut() -> Result<Option<Entry>, Malformed> {
    let mut entries = OFFSETS.into_iter().map(|offset| Entry { offset, kind: Kind::Word });
    move || Ok(entries.next())
}

#[test]
fn pieces_of_any_size_are_rebased_alike() {
    for size in 4..=20 {
        let (mut payload, mut table, mut rebaser) = ([0; 20], table(), Rebaser::new(1));
        let (mut from, mut to) = (0, 0);
        while from < payload.len() {
            to = payload.len().min(to + size);
            let last = to == payload.len();
            let done = rebaser.apply(from as u32, &mut payload[from..to], &mut table).unwrap();
            assert!(from + done + ENTRY_LENGTH > to && from + done <= to, "{size}");
            assert!(!last || rebaser.is_done());
            from += done;
        }
        let expected = core::array::from_fn(|at| u8::from(OFFSETS.contains(&(at as u32))));
        assert_eq!(payload, expected, "{size}");
    }
}

#[test]
fn a_part_is_skipped_unless_an_entry_crosses_its_end() {
    for to in 0..=20 {
        let (mut table, mut rebaser) = (table(), Rebaser::new(1));
        let crossed = OFFSETS.into_iter().any(|offset| offset < to && to < offset + 4);
        assert_eq!(rebaser.skip(to, &mut table), Ok(!crossed), "{to}");
        let next = OFFSETS.into_iter().find(|offset| offset + 4 > to);
        assert_eq!(rebaser.next.map(|entry| entry.offset), next, "{to}");
        assert_eq!(rebaser.is_done(), next.is_none());
        // Once more: what is behind it is not skipped.
        assert_eq!(rebaser.skip(to, &mut table), Ok(!crossed), "{to}");
    }
}
