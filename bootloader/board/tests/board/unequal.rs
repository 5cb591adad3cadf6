//! Slots of unequal sectors, and the map as it is drawn.

use super::{BASE, read};
use lifeboot_board::BoardDescription;
use lifeboot_core::Slot;

const KIB: u32 = 1024;

fn with_map(chip: &str, map: &str) -> BoardDescription {
    read(&format!("name = \"a\"\n{chip}\n[map]\n{map}"))
}

/// The parts of flash in order: what, where in KiB, how long in KiB, how many sectors, what is lost of the last in KiB.
fn drawn(board: &BoardDescription) -> Vec<(String, u32, u32, usize, u32)> {
    let drawn = board.map.regions().into_iter().map(|part| {
        let (start, length) = (part.region.start / KIB, part.region.length / KIB);
        (part.usage.describe(), start, length, part.sectors.len(), part.lost() / KIB)
    });
    drawn.collect()
}

fn part(what: &str, start: u32, length: u32, sectors: usize, lost: u32) -> (String, u32, u32, usize, u32) {
    (what.to_owned(), start, length, sectors, lost)
}

#[test]
fn an_stm32f401xc_has_two_slots() {
    let map = "bootloader = \"32K\"\njournal = \"32K\"\nslots = [\"64K @ 64K\", \"64K @ 128K\"]";
    let board = with_map("chip = \"STM32F401CC\"", map);
    assert_eq!(
        drawn(&board),
        [
            part("the bootloader", 0, 32, 2, 0),
            part("the journal", 32, 32, 2, 0),
            part("slot A", 64, 64, 1, 0),
            part("slot B", 128, 64, 1, 64),
        ]
    );
    let units: [Vec<u32>; 2] =
        Slot::BOTH.map(|slot| board.map.slot_sectors(slot).iter().map(|sector| sector.length / KIB).collect());
    assert_eq!(units, [vec![64], vec![128]]);
}

#[test]
fn an_stm32f411xe_uses_all_but_64_kib() {
    assert_eq!(
        drawn(&read(BASE)),
        [
            part("the bootloader", 0, 32, 2, 0),
            part("the journal", 32, 32, 2, 0),
            part("slot A", 64, 192, 2, 0),
            part("slot B", 256, 192, 2, 64),
        ]
    );
}

#[test]
fn an_stm32f429_has_a_slot_in_each_bank() {
    let map =
        "bootloader = \"32K\"\njournal = \"32K\"\nslots = [\"896K @ 128K\", \"896K @ 1152K\"]\nstorage = \"64K @ 64K\"";
    assert_eq!(
        drawn(&with_map("chip = \"STM32F429ZI\"", map)),
        [
            part("the bootloader", 0, 32, 2, 0),
            part("the journal", 32, 32, 2, 0),
            part("storage", 64, 64, 1, 0),
            part("slot A", 128, 896, 7, 0),
            part("free", 1024, 128, 5, 0),
            part("slot B", 1152, 896, 7, 0),
        ]
    );
    let map = "bootloader = \"32K\"\njournal = \"32K\"\nslots = [\"448K @ 64K\", \"448K @ 576K\"]";
    let board = with_map("chip = \"STM32F429ZG\"\ndual-bank = true", map);
    assert_eq!(
        drawn(&board)[2..],
        [part("slot A", 64, 448, 4, 0), part("free", 512, 64, 4, 0), part("slot B", 576, 448, 4, 0),]
    );
    let numbers: Vec<u32> = board.map.slot_sectors(Slot::B).iter().map(|sector| sector.number).collect();
    assert_eq!(numbers, [16, 17, 18, 19]);
}

#[test]
fn regions_are_placed_in_the_order_of_the_file() {
    let map = "bootloader = \"28K\"\nsettings = \"4K\"\njournal = \"8K\"\nslots = [\"100K\", \"100K\"]\nlogs = \"64K @ 1M\"\nfiles = \"8K\"";
    let board = with_map("chip = \"RP2040\"\nflash = \"16M\"", map);
    let placed: Vec<_> = board.map.placed().map(|part| (part.usage.describe(), part.region.start / KIB)).collect();
    let expected = [
        ("the bootloader", 0),
        ("settings", 28),
        ("the journal", 32),
        ("slot A", 40),
        ("slot B", 140),
        ("files", 1088),
    ];
    assert_eq!(placed, expected.map(|(name, start)| (name.to_owned(), start)));
    assert_eq!(board.map.application().map(|(name, _)| name).collect::<Vec<_>>(), ["settings", "logs", "files"]);
    let end = drawn(&board).last().cloned();
    assert_eq!(end, Some(part("free", 1096, 16_384 - 1_096, (16_384 - 1_096) / 4, 0)));
}

/// Every byte of flash is drawn once.
#[test]
fn what_is_drawn_covers_the_flash() {
    for board in [
        read(BASE),
        with_map(
            "chip = \"STM32F401CC\"",
            "bootloader = \"32K\"\njournal = \"32K\"\nslots = [\"64K @ 64K\", \"64K @ 128K\"]",
        ),
    ] {
        let mut end = 0;
        for part in board.map.regions() {
            assert_eq!(part.region.start, end);
            end = part.region.end() + part.lost();
        }
        assert_eq!(end, board.map.sectors().length());
    }
}
