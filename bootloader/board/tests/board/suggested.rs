//! What is suggested for a chip is a board, with the largest slots.

use lifeboot_board::{BoardDescription, NewBoard, chips, suggest};
use std::path::Path;

const NEW: NewBoard = NewBoard { name: "acme", chip: "", flash: None, serial: None, recovery: None, regions: &[] };

fn suggested(new: &NewBoard) -> Result<(String, BoardDescription), String> {
    suggest(new, Path::new("lifeboot.toml")).map_err(|error| format!("{error}\n{}", error.help))
}

fn map(new: &NewBoard) -> String {
    let (text, _) = suggested(new).unwrap();
    text.lines().find(|line| line.starts_with("map = ")).unwrap().to_owned()
}

/// But for those whose flash cannot hold two slots beside bootloader and journal, which say so.
#[test]
fn every_chip_gets_a_board() {
    let mut without = Vec::new();
    for chip in chips::all() {
        let flash = chip.has_external_flash.then_some("2M");
        match suggested(&NewBoard { chip: &chip.name, flash, ..NEW }) {
            Ok((_, board)) => assert_eq!(board.board().contradiction(), None, "{}", chip.name),
            Err(error) => {
                let what = format!("map: the flash of the {} has no room for two slots\n", chip.name);
                assert!(error.contains(&what), "{error}");
                without.push(chip.name);
            }
        }
    }
    assert!(without.iter().all(|name| name.starts_with("STM32F401") && name.contains('B')), "{without:?}");
    assert!(!without.is_empty());
}

#[test]
fn the_slots_are_the_largest() {
    let f411 = "map = { bootloader = \"32K\", journal = \"32K\", slots = [\"192K @ 64K\", \"192K @ 256K\"] }";
    assert_eq!(map(&NewBoard { chip: "STM32F411CE", ..NEW }), f411);
    let f401 = "map = { bootloader = \"32K\", journal = \"32K\", slots = [\"64K @ 64K\", \"64K @ 128K\"] }";
    assert_eq!(map(&NewBoard { chip: "STM32F401CC", ..NEW }), f401);
    let f405 = "map = { bootloader = \"32K\", journal = \"32K\", slots = [\"448K @ 64K\", \"448K @ 512K\"] }";
    assert_eq!(map(&NewBoard { chip: "STM32F405RG", ..NEW }), f405);
    let microbit = "map = { bootloader = \"28K\", journal = \"2K\", slots = [\"113K @ 30K\", \"113K @ 143K\"] }";
    assert_eq!(map(&NewBoard { chip: "nRF51822_xxAA", ..NEW }), microbit);
}

#[test]
fn the_applications_regions_are_kept_free() {
    let regions = [("settings".to_owned(), "16K".to_owned())];
    let settings = map(&NewBoard { chip: "STM32F411CE", regions: &regions, ..NEW });
    assert!(settings.contains("slots = [\"128K @ 128K\", \"128K @ 256K\"], settings = \"64K @ 64K\""), "{settings}");
    let regions = [("file-system".to_owned(), "14M".to_owned())];
    let files = map(&NewBoard { chip: "RP2040", flash: Some("16M"), regions: &regions, ..NEW });
    assert!(files.contains("slots = [\"1004K @ 36K\", \"1004K @ 1040K\"]"), "{files}");
    assert!(files.contains("file-system = \"14M @ 2M\""), "{files}");
}

#[test]
fn what_is_wrong_is_said() {
    let refused = |new: &NewBoard| suggested(new).unwrap_err();
    assert_eq!(
        refused(&NewBoard { chip: "RP2040", ..NEW }),
        "lifeboot.toml:3: flash: the RP2040 has its flash outside\nsay how much the board has: flash = \"2M\", or --flash 2M"
    );
    assert!(
        refused(&NewBoard { chip: "STM32F999", ..NEW }).starts_with("lifeboot.toml:3: chip: Lifeboot does not know")
    );
    let regions = [("files".to_owned(), "600K".to_owned())];
    assert!(refused(&NewBoard { chip: "STM32F411CE", regions: &regions, ..NEW }).contains("has no room for two slots"));
    let regions = [("files".to_owned(), "much".to_owned())];
    assert!(
        refused(&NewBoard { chip: "STM32F411CE", regions: &regions, ..NEW }).contains("files: \"much\" is not a size")
    );
    let serial = Some("USART1 PA9 PA11");
    assert!(refused(&NewBoard { chip: "STM32F411CE", serial, ..NEW }).contains("lifeboot.toml:5: "));
}
