//! The formats in flash: header, relocation table, boot records, the bootloader's info.

use super::file::{compare, piece};
use crate::signed_image::{info, key};
use ed25519_dalek::Signer;
use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_core::KeyIds;
use lifeboot_core::image::{Header, SIGNED_LENGTH};
use lifeboot_core::info::{BootloaderInfo, key_id};
use lifeboot_core::rebase::{Decoder, Entry, Kind, encode};
use lifeboot_core::record::{Cause, Ending, Fault, Outcome, Record, Trial};
use lifeboot_core::signature::is_signed;
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::{BOARDS, MICROBIT};

const VERSION: Version = Version { major: 0x0102, minor: 0x0304, patch: 0x0506_0708, build: 0x090a_0b0c };

#[test]
fn header() {
    let header = Header {
        header_length: 0x0100,
        board: MICROBIT.name_bytes(),
        version: VERSION,
        epoch: 0x0d0e_0f10,
        link_address: 0x0000_6900,
        payload_length: 0x0001_2344,
        table_length: 0x0000_0567,
        digest: core::array::from_fn(|index| 0x40 + index as u8),
        lowest_bootloader: 0x1112,
        schemas: (0x1314, 0x1516),
        key_id: key_id(key(1).verifying_key().as_bytes()),
        revokes: KeyIds::NONE,
        map_digest: 0x1718_191a,
    };
    let ids = [2, 3, 4].map(|number| key_id(key(number).verifying_key().as_bytes()));
    let headers = [
        ("A header for the micro:bit, signed with key 1", header),
        ("The same, revoking keys 2, 3 and 4", Header { revokes: KeyIds::new(&ids).unwrap(), ..header }),
    ];
    let pieces = headers.map(|(title, header)| {
        let signed = header.to_bytes([0; 64]);
        piece(title, &header.to_bytes(key(1).sign(&signed[..SIGNED_LENGTH]).to_bytes()))
    });
    let committed = compare("header.hex", &pieces);

    for (piece, (title, header)) in committed.iter().zip(headers) {
        let bytes = piece.bytes.as_slice().try_into().unwrap();
        assert_eq!(Header::parse(bytes), Ok(header), "{title}");
        let (message, signature) = piece.bytes.split_at(SIGNED_LENGTH);
        assert!(is_signed::<true>(key(1).verifying_key().as_bytes(), message, signature.try_into().unwrap()));
    }
}

#[test]
fn relocation_table() {
    // Gaps of all lengths that a number can have, of both kinds.
    let mut entries: Vec<Entry> = Vec::new();
    for gap in [0, 0, 2, 0x7e, 0x80, 0x3ffe, 0x4000, 0x001f_fffe, 0x0020_0000, 0x0fff_fffe] {
        for kind in [Kind::Word, Kind::UpperHalf] {
            let end = entries.last().map_or(0, Entry::end);
            entries.push(Entry { offset: end + gap, kind });
        }
    }
    let mut end = 0;
    let pieces: Vec<_> = entries
        .iter()
        .map(|entry| {
            let (bytes, length) = encode(end, *entry).unwrap();
            let title =
                format!("{:?} at {:#010x}, {:#x} behind {end:#010x}", entry.kind, entry.offset, entry.offset - end);
            end = entry.end();
            piece(title, &bytes[..length])
        })
        .collect();
    let committed = compare("relocation-table.hex", &pieces);

    let mut decoder = Decoder::default();
    let table = committed.iter().flat_map(|piece| &piece.bytes);
    let decoded: Vec<Entry> = table.filter_map(|byte| decoder.push(*byte).unwrap()).collect();
    assert_eq!(decoded, entries);
    assert!(decoder.is_whole());
}

#[test]
fn boot_records() {
    let outcome = |ending, slot, cause| Outcome {
        ending,
        slot,
        cause,
        fault: None,
        version: VERSION,
        digest: core::array::from_fn(|index| 0xa0 + index as u8),
    };
    let ended = |ending, slot, cause| Record::FACTORY.ended(&outcome(ending, slot, cause));
    let started = Trial { slot: Slot::B, attempts: 2, power_attempts: 9 };
    let confirmed = Record { confirmed: Slot::B, ..ended(Ending::Confirmed, Slot::B, Cause::Unknown) };
    let fault = Some(Fault { pc: 0x0001_2abc, status: 0x0000_8200 });
    let crashed = Outcome { fault, ..outcome(Ending::NotConfirmed, Slot::B, Cause::Fault) };
    let rejected = |byte, ending, cause| Outcome { digest: [byte; 16], ..outcome(ending, Slot::B, cause) };
    let in_quarantine = [
        rejected(1, Ending::Invalid, Cause::PowerOn),
        rejected(2, Ending::NotConfirmed, Cause::Watchdog),
        rejected(3, Ending::Requested, Cause::Unknown),
        rejected(4, Ending::NotConfirmed, Cause::Fault),
    ];
    let quarantine = |count: usize| {
        let record = in_quarantine.iter().take(count).fold(Record::FACTORY, |record, outcome| record.ended(outcome));
        record.ended(&outcome(Ending::Confirmed, Slot::B, Cause::Unknown))
    };
    let records = [
        ("factory", Record::FACTORY),
        ("trial in B, not started yet", Record { trial: Some(Trial::new(Slot::B)), ..Record::FACTORY }),
        ("trial in B, started twice", Record { trial: Some(started), ..Record::FACTORY }),
        ("confirmed in B", confirmed),
        ("epoch floor", Record { epoch_floor: 0x1122_3344, ..confirmed }),
        ("revoked keys", Record { revoked: KeyIds::new(&[[1, 2, 3, 4], [5, 6, 7, 8]]).unwrap(), ..Record::FACTORY }),
        ("a storage schema", Record { schema: 0x0203, ..Record::FACTORY }),
        ("fell back", ended(Ending::FellBack, Slot::A, Cause::PowerOn)),
        ("rejected: invalid", ended(Ending::Invalid, Slot::B, Cause::BrownOut)),
        ("rejected: not confirmed", ended(Ending::NotConfirmed, Slot::B, Cause::Watchdog)),
        ("rejected: requested", ended(Ending::Requested, Slot::B, Cause::Pin)),
        ("cause: fault", ended(Ending::Invalid, Slot::B, Cause::Fault)),
        ("cause: request", ended(Ending::Invalid, Slot::B, Cause::Request)),
        ("a crash that was told of", Record::FACTORY.ended(&crashed)),
        ("one in quarantine", quarantine(1)),
        ("three in quarantine, and one that fell out", quarantine(4)),
        ("cancelled", ended(Ending::Cancelled, Slot::B, Cause::Unknown)),
        ("the confirmed firmware is lost", Record { lost: true, trial: Some(Trial::new(Slot::A)), ..Record::FACTORY }),
    ];
    let numbered: Vec<_> = (0x0102_0304_u32..).zip(records).collect();
    let pieces: Vec<_> =
        numbered.iter().map(|(number, (title, record))| piece(*title, &record.to_bytes(*number))).collect();
    let committed = compare("boot-records.hex", &pieces);

    for (piece, (number, (title, record))) in committed.iter().zip(numbered) {
        let bytes = piece.bytes.as_slice().try_into().unwrap();
        assert_eq!(Record::from_bytes(bytes), Some((number, record)), "{title}");
    }
}

#[test]
fn bootloader_info() {
    let four = BootloaderInfo::new(&[1, 2, 3, 4].map(|number| key(number).verifying_key().to_bytes()), true);
    let infos = BOARDS.map(|board| {
        let titled = [("two keys", info()), ("four keys, one a demo's", four.clone())];
        titled.map(|(title, info)| (title, info.for_board(board), board))
    });
    let pieces: Vec<_> = infos
        .iter()
        .flatten()
        .map(|(title, info, board)| piece(format!("{}: {title}", board.name), &info.to_bytes()))
        .collect();
    let committed = compare("bootloader-info.hex", &pieces);

    for (piece, (title, info, board)) in committed.iter().zip(infos.into_iter().flatten()) {
        let bytes = piece.bytes.as_slice().try_into().unwrap();
        assert_eq!(BootloaderInfo::from_bytes(bytes, board), Some(info), "{title}");
    }
}

/// A patch as it lies in an image file, with an instruction of each kind.
#[test]
fn patch() {
    let board = &MICROBIT;
    let image = |payload: &[u8]| {
        let release =
            Release { version: VERSION, epoch: 1, lowest_bootloader: 1, schemas: (0, 0), revokes: KeyIds::NONE };
        let unsigned = UnsignedImage::new(board, Slot::A, payload.to_vec(), &[], release, [1; 4]).unwrap();
        unsigned.with_signature([0; 64]).unwrap()
    };
    let old: Vec<u8> = (0..600_u32).map(|index| (index * index / 7) as u8).collect();
    let mut new = [&old[300..500], b"what was not there before", &old[..250]].concat();
    new[120] += 9;
    let new = image(&new);
    let with_patch = new.clone().with_patch_from(&image(&old)).unwrap();
    let section = &with_patch.to_bytes()[new.to_bytes().len()..];
    let committed = compare("patch.hex", &[piece("from an image to another", section)]);

    let file = [new.to_bytes(), committed[0].bytes.clone()].concat();
    let read = ImageFile::from_bytes(&file).unwrap();
    assert_eq!(read.patches()[0].apply(&image(&old), new.payload().len()).unwrap(), new.payload());
}
