//! Headers made on purpose with the right key: every field at its extremes, alone and in pairs. Verifier and updater
//! accept them exactly if nothing that counts was changed; neither reads outside of the slot, and the updater does
//! nothing to flash before its decision.

use super::reads::Fenced;
use super::{LENGTH, verdict};
use crate::signed_image::{SignedImage, info};
use lifeboot_core::KeyIds;
use lifeboot_core::Slot;
use lifeboot_core::image::{Header, Invalid, Trust};
use lifeboot_core::info::FORMAT;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Record;
use lifeboot_core::verify::verify;
use lifeboot_example_boards::BOARDS;
use lifeboot_tests::simulated_flash::SimulatedFlash;
use lifeboot_updater::{Expected, Step, Updater};

type Change = (&'static str, fn(&mut Header, u32));

/// The fields that hold numbers.
const FIELDS: [Change; 8] = [
    ("header length", |header, value| header.header_length = value as u16),
    ("link address", |header, value| header.link_address = value),
    ("payload length", |header, value| header.payload_length = value),
    ("table length", |header, value| header.table_length = value),
    ("epoch", |header, value| header.epoch = value),
    ("lowest bootloader", |header, value| header.lowest_bootloader = value as u16),
    ("lowest schema", |header, value| header.schemas.0 = value as u16),
    ("highest schema", |header, value| header.schemas.1 = value as u16),
];

/// Numbers at which sums of lengths, and comparisons with the map, go wrong.
fn extremes(image: &SignedImage) -> Vec<u32> {
    let board = image.board;
    let slot = board.slot(Slot::A);
    let table = image.table_offset();
    let limits = [
        0,
        8,
        256,
        u32::from(u16::MAX),
        1 << 31,
        board.header_length,
        board.capacity(),
        slot.length,
        slot.length - table,
        board.flash_length,
        board.payload_address(Slot::A),
        board.payload_address(Slot::B),
        0_u32.wrapping_sub(table),
        0_u32.wrapping_sub(board.header_length),
        slot.length.wrapping_sub(table),
    ];
    let mut all: Vec<u32> = limits.iter().flat_map(|at| [at.wrapping_sub(1), *at, at.wrapping_add(1)]).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether these headers are alike in all that decides: the rest is free.
fn is_good(header: &Header, good: &Header) -> bool {
    let free =
        Header { epoch: good.epoch, schemas: good.schemas, lowest_bootloader: good.lowest_bootloader, ..*header };
    free == *good && header.lowest_bootloader <= FORMAT
}

struct Bench {
    flash: SimulatedFlash,
    good: SignedImage,
}

impl Bench {
    fn new(board: &'static Board) -> Self {
        let mut flash = SimulatedFlash::new(board);
        flash.put_info(&info());
        let good = SignedImage::new(board, LENGTH);
        Slot::BOTH.iter().for_each(|slot| good.put(&mut flash, *slot));
        Bench { flash, good }
    }

    /// Has all of them judge this header, in front of a payload and a table that are good.
    fn judge(&mut self, what: &str, header: Header) {
        let image = SignedImage { header, ..self.good.clone() };
        let (board, bytes) = (image.board, image.header_bytes());
        let good = is_good(&header, &self.good.header);
        let info = info().for_board(board);
        let trust = Trust { board, info: &info, record: &Record::FACTORY };
        for slot in Slot::BOTH {
            let fence = board.slot(slot);
            self.flash.put(fence.start, &bytes);
            let verdict = verify(&mut Fenced::new(&mut self.flash, fence), &trust, slot);
            assert_eq!(verdict.is_ok(), good, "{what}, {}, {slot}: {verdict:?}", board.name);
            if let Ok(verified) = verdict {
                assert_eq!((verified.stack(), verified.entry()), (board.ram.end(), board.payload_address(slot) + 0x81));
            }
            self.flash.put(fence.start, &self.good.header_bytes());
        }
        self.begin(what, &trust, header, &bytes);
        assert_eq!((self.flash.misuse(), self.flash.operations()), (None, 0), "{what}, {}", board.name);
    }

    /// The updater accepts a header exactly if the bootloader would and the epoch is not far above the floor.
    fn begin(&mut self, what: &str, trust: &Trust, header: Header, bytes: &[u8; 256]) {
        let checked = trust.check(bytes, Slot::B);
        let accepted = checked.and_then(|checked| trust.check_epoch_step(&header).map(|()| checked));
        let mut updater = Updater::running_in(Slot::A, &mut self.flash, self.good.board).unwrap();
        let belief = Expected { running: self.good.header.version, target: Slot::B };
        let mut step = updater.begin(bytes, belief, false).map(|_| Step::Busy);
        while step == Ok(Step::Busy) {
            step = updater.step();
        }
        let expected = accepted.is_ok();
        assert_eq!(step == Ok(Step::Receiving), expected, "{what}, {}: {step:?}, {accepted:?}", trust.board.name);
        let next = accepted.ok().filter(|_| expected).map(|checked| {
            let table = checked.header().table_length > 0;
            if table { checked.table_offset() } else { u32::from(header.header_length) }
        });
        assert_eq!(updater.next(), next, "{what}");
    }
}

#[test]
fn each_field_at_its_extremes() {
    for board in BOARDS {
        let mut bench = Bench::new(board);
        let good = bench.good.header;
        bench.judge("nothing changed", good);
        for (name, change) in FIELDS {
            for value in extremes(&bench.good) {
                let mut header = good;
                change(&mut header, value);
                bench.judge(&format!("{name} {value:#x}"), header);
            }
        }
    }
}

/// Keys that a header names: unknown ones may be revoked and sign nothing; its own key it must not revoke.
#[test]
fn keys_at_their_extremes() {
    for board in BOARDS {
        let good = SignedImage::new(board, LENGTH);
        let own = good.header.key_id;
        let cases = [
            (&[[0xff; 4]; 3][..], own, Ok(())),
            (&[[0xff; 4], [0; 4], own], own, Err(Invalid::OwnKey)),
            (&[], [0xff; 4], Err(Invalid::UnknownKey)),
            (&[own], [0; 4], Err(Invalid::UnknownKey)),
        ];
        for (revoked, key_id, expected) in cases {
            let header = Header { revokes: KeyIds::new(revoked).unwrap(), key_id, ..good.header };
            let image = SignedImage { header, ..good.clone() };
            for slot in Slot::BOTH {
                assert_eq!(verdict(&image, slot).map(|_| ()), expected, "{revoked:x?} {key_id:x?}, {}", board.name);
            }
        }
    }
}

/// Lengths that are only wrong together: each pair, at the extremes, and at those that make up for one another.
#[test]
fn lengths_and_addresses_at_their_extremes_in_pairs() {
    for board in BOARDS {
        let mut bench = Bench::new(board);
        let good = bench.good.header;
        let values = extremes(&bench.good);
        for (first, (one, change_one)) in FIELDS[..4].iter().enumerate() {
            for (other, change_other) in &FIELDS[first + 1..4] {
                // All pairs would take long: each value of one meets a fifth of the other's, another fifth each time.
                for (index, value) in values.iter().enumerate() {
                    let others = values.iter().enumerate().filter(|(at, _)| (at + index) % 5 == 0);
                    for with in others.map(|(_, with)| *with).chain([0_u32.wrapping_sub(*value), !*value]) {
                        let mut header = good;
                        change_one(&mut header, *value);
                        change_other(&mut header, with);
                        bench.judge(&format!("{one} {value:#x}, {other} {with:#x}"), header);
                    }
                }
            }
        }
    }
}
