//! What a header in flash is compared with right before its firmware starts: each part on its own, since the check of the
//! whole image, which comes before, notices the same.

use super::*;
use crate::info::key_id;
use crate::key_ids::KeyIds;
use crate::layout::MICROBIT;
use crate::version::Version;

const KEY: [u8; 32] = [7; 32];
const POINT: Point = [9; 32];

/// A header with the lowest epoch that is accepted, and the proof that it was checked.
fn checked() -> (HeaderBytes, Checked) {
    let header = Header {
        header_length: 256,
        board: MICROBIT.name_bytes(),
        version: Version::default(),
        epoch: 5,
        link_address: MICROBIT.payload_address(Slot::A),
        payload_length: 8,
        table_length: 0,
        digest: [3; 32],
        lowest_bootloader: 1,
        schemas: (0, 0),
        key_id: key_id(&KEY),
        revokes: KeyIds::NONE,
        map_digest: MICROBIT.map_digest(),
    };
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&POINT);
    (header.to_bytes(signature), Checked { header, slot: Slot::A, linked_for: Slot::A, point: POINT })
}

/// Whether they match, with an epoch floor of 5.
fn matches(bytes: &HeaderBytes, checked: &Checked) -> bool {
    let info = BootloaderInfo::new(&[KEY], false).for_board(&MICROBIT);
    let record = Record { epoch_floor: 5, ..Record::FACTORY };
    checked.matches_flash(bytes, &Trust { board: &MICROBIT, info: &info, record: &record })
}

#[test]
fn a_header_matches_what_was_computed_and_is_trusted() {
    let (bytes, checked) = checked();
    assert!(matches(&bytes, &checked));
}

#[test]
fn a_header_that_differs_in_one_part_does_not() {
    let (bytes, checked) = checked();
    // Point, digest, board, epoch, key id, flash map.
    for at in [0xC0, 0xDF, 0x34, 0x53, 0x08, 0x17, 0x24, 0x5C, 0x5F, 0x6C, 0x6F] {
        let mut other = bytes;
        other[at] ^= 1;
        assert!(!matches(&other, &checked), "{at:#x}");
    }
    let mut epoch = bytes;
    epoch[0x24] = 6;
    assert!(matches(&epoch, &checked), "a higher epoch");
}

#[test]
fn a_point_that_was_not_computed_does_not() {
    let (mut bytes, mut checked) = checked();
    bytes[0xC0..0xE0].fill(0);
    checked.point = [0; 32];
    assert!(!matches(&bytes, &checked));
}
