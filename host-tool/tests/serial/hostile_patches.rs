//! Patches as a hostile host sends them: instructions that cannot be, and at the wrong time.

use crate::images::version;
use crate::line::Wire;
use crate::patches::{push_counting, update};
use crate::pushes::{assert_holds, assert_untouched};
use crate::stranger::Stranger;
use lifeboot_client::link::Retry;
use lifeboot_core::Slot;
use lifeboot_core::journal::Journal;
use lifeboot_example_boards::MICROBIT;
use lifeboot_updater::{Expected, Refusal, Step, Updater};
use lifeboot_wire::Command;
use lifeboot_wire::patch::{FORMAT, Kind, number};

/// Instructions as the compressor writes what nothing repeats in.
fn stored(instructions: &[u8]) -> Vec<u8> {
    let bits = instructions.iter().flat_map(|byte| [1].into_iter().chain((0..8).rev().map(move |bit| byte >> bit & 1)));
    let bits: Vec<u8> = bits.collect();
    bits.chunks(8).map(|bits| bits.iter().enumerate().fold(0, |byte, (at, bit)| byte | bit << (7 - at))).collect()
}

/// What a hostile host may send; the work that each frame may cost is bounded, and the slot that runs is untouched.
#[test]
fn hostile_patches_are_refused() {
    let seek = |length: u32| number(Kind::Seek, length).unwrap().0[..number(Kind::Seek, length).unwrap().1].to_vec();
    let copy = |length: u32| number(Kind::Copy, length).unwrap().0[..number(Kind::Copy, length).unwrap().1].to_vec();
    let cases = [
        ("a seek outside", seek(1)),
        ("a seek far outside", seek((1 << 26) - 2)),
        ("a copy beyond the old bytes", copy((1 << 26) - 1)),
        ("a copy of all and one more", copy(9000 + 5000)),
        ("seeks without end", [seek(2), seek(1)].concat().repeat(200)),
        ("nothing without end", vec![0; 400]),
        ("a number without an end", vec![0x80; 400]),
        ("more than the image", [copy(1), seek(1)].concat().repeat(150)),
    ];
    for (what, instructions) in cases {
        let (device, new, with_patch) = update(&MICROBIT);
        let wire = Wire::to(device);
        let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
        let mut host = Stranger::new(&wire, 77);
        wire.link().status(Retry::SHORT).unwrap();
        assert!(host.begin(&new, version(0).into()).starts_with("begun"), "{what}");
        let from = &with_patch.patches()[0].digest()[..16];
        assert_eq!(host.ask(&Command::BeginPatch { format: FORMAT, from }), "patched 0");
        let patch = stored(&instructions);
        let (mut offset, mut answer) = (0, String::new());
        for _ in 0..60 {
            let bytes: Vec<u8> = patch.iter().copied().cycle().skip(offset as usize % patch.len()).take(450).collect();
            answer = host.ask(&Command::Patch { offset, bytes: &bytes });
            match answer.strip_prefix("patched ") {
                Some(next) => offset = next.parse().unwrap(),
                None => break,
            }
        }
        assert_eq!(answer, "refused: Patch", "{what}");
        assert_eq!(host.ask(&Command::Patch { offset, bytes: &[0; 9] }), "refused: NoTransfer");
        assert_untouched(&before, &wire, Slot::B);
        push_counting(&wire, &with_patch);
        assert_holds(&wire, Slot::B, &new);
    }
}

#[test]
fn a_patch_needs_a_transfer_that_nothing_was_received_in() {
    let (device, new, with_patch) = update(&MICROBIT);
    let wire = Wire::to(device);
    wire.link().status(Retry::SHORT).unwrap();
    let mut host = Stranger::new(&wire, 77);
    let from = &with_patch.patches()[0].digest()[..16];
    let begin = Command::BeginPatch { format: FORMAT, from };
    assert_eq!(host.ask(&begin), "refused: NoTransfer");
    assert!(host.begin(&new, version(0).into()).starts_with("begun"));
    assert_eq!(host.ask(&Command::Patch { offset: 0, bytes: &[1] }), "refused: NoTransfer");
    assert_eq!(host.ask(&Command::BeginPatch { format: FORMAT, from: &[0; 16] }), "refused: OtherImage");
    // The transfer goes on, as one of the image.
    let offset = new.header().table_offset().unwrap();
    assert_eq!(host.ask(&Command::Write { offset, bytes: &new.table()[..1] }), format!("written {}", offset + 1));
    assert_eq!(host.ask(&begin), "refused: Command");
}

/// Of the image it takes no bytes, and of the patch none before the journal is settled.
#[test]
fn a_transfer_as_a_patch_takes_nothing_else() {
    let (device, new, with_patch) = update(&MICROBIT);
    let mut flash = device.flash.clone();
    // This record may be torn, so the transfer settles the journal first.
    Journal::open(&mut flash, &MICROBIT).change(&mut flash, |_| ()).unwrap();
    let mut updater = Updater::running_in(Slot::A, flash, &MICROBIT).unwrap();
    let expected = Expected { running: version(0), target: Slot::B };
    let transfer = updater.begin(new.header_bytes(), expected, false).unwrap();
    while updater.step().unwrap() == Step::Busy {}
    let patch = &with_patch.patches()[0];
    let from = &patch.digest()[..16];
    for (format, from) in [(FORMAT + 1, from), (FORMAT, &from[..15]), (FORMAT, &[])] {
        assert_eq!(updater.begin_patch(transfer, format, from), Err(Refusal::Command));
    }
    assert_eq!(updater.begin_patch(transfer, FORMAT, from), Ok(()));
    assert_eq!(updater.feed_patch(transfer, 0, patch.bytes()), Ok(true));
    assert_eq!(updater.next_in_patch(), Some(0));
    while updater.step().unwrap() == Step::Busy {}
    let next = updater.next_in(transfer).unwrap();
    assert_eq!(updater.feed(transfer, next, &new.table()[..1]), Ok(0));
    assert_eq!(updater.next_in(transfer), Ok(next));
    assert!(updater.feed_patch(transfer, 0, patch.bytes()).is_ok());
    assert!(updater.next_in_patch() > Some(0));
}
