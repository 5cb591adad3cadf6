//! The simulated flash keeps the rules of real flash, which the other modules rely on.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use lifeboot_core::Slot;
use lifeboot_core::layout::Board;
use lifeboot_example_boards::{BOARDS, MICROBIT};
use lifeboot_tests::geometries::GEOMETRIES;
use lifeboot_tests::simulated_flash::{Cut, Fault, Part, SimulatedFlash, Tear, Wear};

type Operation = fn(&mut SimulatedFlash, u32) -> Result<(), Fault>;

const SLOT: Part = Part::Slot(Slot::A);

fn word(flash: &mut SimulatedFlash, offset: u32) -> u32 {
    let mut bytes = [0; 4];
    flash.read(offset, &mut bytes).unwrap();
    u32::from_le_bytes(bytes)
}

fn slot(board: &Board) -> u32 {
    board.slot(Slot::A).start
}

#[test]
fn programming_only_clears_bits_and_erasing_sets_a_whole_unit() {
    for board in BOARDS {
        let (mut flash, start) = (SimulatedFlash::new(board), slot(board));
        // A word, at the start of a write unit.
        let unit = |word: u32| [&word.to_le_bytes()[..], &vec![0xff; board.write_size as usize - 4]].concat();
        flash.write(start, &unit(0xffff_00ff)).unwrap();
        flash.write(start, &unit(0x0fff_fff0)).unwrap();
        flash.write(start + board.unit_at(board.slots[0].start).length, &unit(0)).unwrap();
        assert_eq!(word(&mut flash, start), 0x0fff_00f0);
        flash.erase(start, start + board.unit_at(board.slots[0].start).length).unwrap();
        assert_eq!(word(&mut flash, start), u32::MAX);
        assert_eq!(
            word(&mut flash, start + board.unit_at(board.slots[0].start).length),
            0,
            "the next unit is another one"
        );
        assert_eq!(flash.wear(SLOT), Wear { erases: 1, writes: 3, bytes: 3 * board.write_size });
        assert_eq!((flash.wear(Part::Journal), flash.misuse()), (Wear::default(), None));
    }
}

#[test]
fn wrong_use_fails_changes_nothing_and_is_remembered() {
    for board in BOARDS {
        let (a, b) = (board.slot(Slot::A), board.slot(Slot::B));
        let wrong: [(&str, Fault, Operation, u32); 9] = [
            ("write between words", Fault::Misaligned, |flash, at| flash.write(at, &[0; 4]), a.start + 2),
            ("write of half a word", Fault::Misaligned, |flash, at| flash.write(at, &[0; 6]), a.start),
            ("erase inside a unit", Fault::Misaligned, |flash, at| flash.erase(at, at + 1024), a.start + 512),
            ("erase of a part of a unit", Fault::Misaligned, |flash, at| flash.erase(at, at + 512), a.start),
            ("write to the bootloader", Fault::OutOfBounds, |flash, at| flash.write(at, &[0; 4]), 0),
            ("erase of the bootloader", Fault::OutOfBounds, |flash, at| flash.erase(at, at + 1024), 0),
            ("write across the slots", Fault::OutOfBounds, |flash, at| flash.write(at, &[0; 8]), b.start - 4),
            ("write behind slot B", Fault::OutOfBounds, |flash, at| flash.write(at, &[0; 4]), b.end()),
            ("read behind flash", Fault::OutOfBounds, |flash, at| flash.read(at, &mut [0; 8]), board.flash_length - 4),
        ];
        for (name, fault, operation, at) in wrong {
            let mut flash = SimulatedFlash::new(board);
            assert_eq!(operation(&mut flash, at), Err(fault), "{name} on {}", board.name);
            assert_eq!((flash.misuse(), flash.operations()), (Some(fault), 0), "{name} on {}", board.name);
        }
    }
}

#[test]
fn a_word_is_written_once_where_told() {
    let (mut flash, start) = (SimulatedFlash::new(&MICROBIT).write_once(), slot(&MICROBIT));
    flash.write(start, &[0xff; 4]).unwrap();
    assert_eq!(flash.write(start, &[0xff; 4]), Err(Fault::Overwritten), "ECC is written with ones, too");
    flash.erase(start, start + MICROBIT.unit_at(MICROBIT.slots[0].start).length).unwrap();
    flash.write(start, &[0; 4]).unwrap();
    assert_eq!(flash.misuse(), Some(Fault::Overwritten));
}

#[test]
fn after_a_cut_nothing_works_until_power_is_back() {
    let (mut flash, start) = (SimulatedFlash::new(&MICROBIT), slot(&MICROBIT));
    flash.cut(1, Cut::Before);
    flash.write(start, &[0; 4]).unwrap();
    assert_eq!(flash.write(start + 4, &[0; 4]), Err(Fault::NoPower));
    assert_eq!(flash.read(start, &mut [0; 4]), Err(Fault::NoPower));
    assert_eq!(flash.erase(start, start + 1024), Err(Fault::NoPower));
    assert!(!flash.is_powered());
    flash.power_on();
    assert_eq!((word(&mut flash, start), word(&mut flash, start + 4)), (0, u32::MAX));
    flash.write(start + 4, &[0; 4]).unwrap();
    assert_eq!((flash.operations(), flash.misuse()), (2, None));
}

#[test]
fn a_cut_inside_leaves_a_part_done() {
    let (mut flash, start) = (SimulatedFlash::new(&MICROBIT), slot(&MICROBIT));
    flash.cut(0, Cut::Inside { words: 1, mask: 0xffff_0000 });
    assert_eq!(flash.write(start, &[0x55; 12]), Err(Fault::NoPower));
    flash.power_on();
    assert_eq!([0, 4, 8].map(|at| word(&mut flash, start + at)), [0x5555_5555, 0xffff_5555, u32::MAX]);

    flash.cut(0, Cut::Inside { words: 1, mask: 0x0000_00aa });
    assert_eq!(flash.erase(start, start + 1024), Err(Fault::NoPower));
    flash.power_on();
    assert_eq!([0, 4, 8].map(|at| word(&mut flash, start + at)), [u32::MAX, 0xffff_55ff, u32::MAX]);
}

#[test]
fn a_part_that_refuses_takes_nothing_and_can_be_read() {
    let (mut flash, start) = (SimulatedFlash::new(&MICROBIT), slot(&MICROBIT));
    flash.refuse(SLOT, true);
    assert_eq!(flash.write(start, &[0; 4]), Err(Fault::Refused));
    assert_eq!(flash.erase(start, start + 1024), Err(Fault::Refused));
    assert_eq!(word(&mut flash, start), u32::MAX);
    flash.write(MICROBIT.journal.start, &[0; 4]).unwrap();
    flash.refuse(SLOT, false);
    flash.write(start, &[0; 4]).unwrap();
    assert_eq!(flash.misuse(), None, "it was no wrong use");
}

#[test]
fn a_torn_write_stores_a_prefix_and_some_bits_of_the_next_word() {
    let (mut flash, start) = (SimulatedFlash::new(&MICROBIT), slot(&MICROBIT));
    flash.cut(0, Cut::Torn(Tear { bytes: 5, kept: 0xff00_ffff, unsteady: 0 }));
    assert_eq!(flash.write(start, &[0; 12]), Err(Fault::NoPower));
    flash.power_on();
    assert_eq!([0, 4, 8].map(|at| word(&mut flash, start + at)), [0, 0xff00_ff00, u32::MAX]);
}

#[test]
fn unsteady_bits_read_either_way_until_they_are_erased() {
    let (mut flash, start) = (SimulatedFlash::new(&MICROBIT), slot(&MICROBIT));
    flash.cut(0, Cut::Torn(Tear { bytes: 4, kept: 0, unsteady: 0x10 }));
    assert_eq!(flash.write(start, &[0; 8]), Err(Fault::NoPower));
    flash.power_on();
    let read: Vec<u32> = (0..64).map(|_| word(&mut flash, start + 4)).collect();
    assert!(read.contains(&0) && read.contains(&0x10) && read.iter().all(|word| word & !0x10 == 0), "{read:x?}");
    flash.erase(start, start + MICROBIT.unit_at(MICROBIT.slots[0].start).length).unwrap();
    assert!((0..64).all(|_| word(&mut flash, start + 4) == u32::MAX));
}

#[test]
fn a_torn_word_with_ecc_faults_until_it_is_erased() {
    for geometry in GEOMETRIES.iter().filter(|geometry| geometry.ecc) {
        let board = &geometry.board;
        let (mut flash, start, unit) = (SimulatedFlash::new(board).with_ecc(), slot(board), board.write_size);
        flash.cut(0, Cut::Torn(Tear { bytes: unit as usize + 3, kept: 0, unsteady: 0 }));
        assert_eq!(flash.write(start, &vec![0; 3 * unit as usize]), Err(Fault::NoPower));
        flash.power_on();
        assert_eq!((word(&mut flash, start), word(&mut flash, start + 2 * unit)), (0, u32::MAX));
        for at in (start + unit..start + 2 * unit).step_by(4) {
            assert_eq!(flash.read(at, &mut [0; 4]), Err(Fault::Unreadable));
        }
        flash.erase(start, start + board.unit_at(board.slots[0].start).length).unwrap();
        assert_eq!(word(&mut flash, start + unit), u32::MAX);
        assert_eq!(flash.misuse(), None);
    }
}
