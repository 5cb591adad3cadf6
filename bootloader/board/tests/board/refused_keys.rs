//! Keys, names and chips that are refused.

use super::{BASE, refused, refused_text, says};
use lifeboot_board::{parse_file, parse_table};
use std::path::Path;

#[test]
fn unknown_keys() {
    says(refused("name =", "nmae ="), "board.toml:1: a board has no nmae", "write name");
    says(refused("[map]", "[mpa]"), "board.toml:4: a board has no mpa", "write map");
    says(refused("serial =", "seral ="), "board.toml:10: pins has no seral", "write serial");
    says(
        refused("name =", "voltage = 3\nname ="),
        "board.toml:1: a board has no voltage",
        "the keys are name, chip, flash, map, pins, clock, ram, dual-bank, watch-confirmed, verifier",
    );
}

#[test]
fn missing_keys() {
    says(
        refused("name = \"acme-press\"\n", ""),
        "board.toml:1: the board has no name",
        "add a name that images are signed for: name = \"acme-press\"",
    );
    says(
        refused("chip = \"STM32F411CE\"\n", ""),
        "board.toml:1: the board has no chip",
        "add the chip's part number: chip = \"STM32F411CE\"",
    );
    says(
        refused("name =", "verifier = \"small\"\nname ="),
        "board.toml:1: verifier: there is none that is called \"small\"",
        "write verifier = \"compact\" for the small one, or leave it out for ed25519-dalek and sha2",
    );
    says(
        refused_text("name = \"a\"\nchip = \"STM32F411CE\""),
        "board.toml:1: the board has no map",
        "add where everything lies in flash: map = { bootloader = \"32K\", journal = \"32K\", slots = [\"128K @ 128K\", \
         \"128K @ 256K\"] }",
    );
    says(
        refused("bootloader = \"32K\"\n", ""),
        "board.toml:4: the map has no bootloader",
        "add the bootloader's size: bootloader = \"32K\"",
    );
    says(
        refused("journal = \"32K\"\n", ""),
        "board.toml:4: the map has no journal",
        "add the journal's size, two sectors or more: journal = \"32K\"",
    );
    says(
        refused("slots = [\"192K @ 64K\", \"192K @ 256K\"]\n", ""),
        "board.toml:4: the map has no slots",
        "add both slots: slots = [\"128K @ 128K\", \"128K @ 256K\"]",
    );
}

#[test]
fn values_of_another_kind() {
    says(
        refused("\"acme-press\"", "5"),
        "board.toml:1: name: a text in quotes is wanted",
        "for example: name = \"acme-press\"",
    );
    says(
        refused("journal = \"32K\"", "journal = true"),
        "board.toml:6: journal: a size is wanted",
        "for example: journal = \"32K @ 64K\"",
    );
    says(
        refused("journal = \"32K\"", "journal = -1"),
        "board.toml:6: journal: a size is wanted",
        "for example: journal = \"32K @ 64K\"",
    );
    let list = "for example: slots = [\"128K @ 128K\", \"128K @ 256K\"]";
    for slots in ["\"192K\"", "[\"192K\"]", "[\"64K\", \"64K\", \"64K\"]"] {
        says(refused("[\"192K @ 64K\", \"192K @ 256K\"]", slots), "board.toml:7: slots: a list of two is wanted", list);
    }
    says(
        refused("name =", "watch-confirmed = 1\nname ="),
        "board.toml:1: watch-confirmed: true or false is wanted",
        "for example: watch-confirmed = true",
    );
    says(
        refused_text("name = \"a\"\nchip = \"STM32F411CE\"\nmap = \"32K\""),
        "board.toml:3: map: a table is wanted",
        "for example: map = { bootloader = \"32K\", journal = \"32K\", slots = [\"128K @ 128K\", \"128K @ 256K\"] }",
    );
    says(
        refused("[pins]", "[pins"),
        "board.toml:9: unclosed table, expected `]`",
        "write a value as KEY = VALUE, a text in quotes",
    );
}

#[test]
fn names_that_no_header_holds() {
    says(
        refused("acme-press", "acme-press-board-2"),
        "board.toml:1: name: \"acme-press-board-2\" has 18 characters",
        "a name has 1 to 16 printable ASCII characters without spaces: write name = \"acme-press-board\"",
    );
    says(
        refused("acme-press", "acmé"),
        "board.toml:1: name: \"acmé\" has the character 'é'",
        "a name has 1 to 16 printable ASCII characters without spaces: write name = \"acm\"",
    );
    says(
        refused("\"acme-press\"", "'a\"b'"),
        "board.toml:1: name: \"a\\\"b\" has the character '\"'",
        "a name has 1 to 16 printable ASCII characters without spaces: write name = \"ab\"",
    );
    says(
        refused("acme-press", ""),
        "board.toml:1: name: it is empty",
        "write a name of 1 to 16 printable ASCII characters without spaces, such as \"acme-press\"",
    );
}

#[test]
fn chips_that_are_unknown_or_several() {
    says(
        refused("STM32F411CE", "STM32F411CG"),
        "board.toml:2: chip: Lifeboot does not know \"STM32F411CG\"",
        "the nearest names are STM32F411CC, STM32F411CE, STM32F412CG; another chip takes an implementation of your own",
    );
    says(
        refused("STM32F411CE", "STM32F411xE"),
        "board.toml:2: chip: \"STM32F411xE\" is more than one chip",
        "write one of STM32F411CE, STM32F411RE, STM32F411VE",
    );
}

#[test]
fn sizes_of_flash() {
    let chip = "chip = \"STM32F411CE\"";
    says(
        refused(chip, "chip = \"STM32F411CE\"\nflash = \"1M\""),
        "board.toml:3: flash: the flash of the STM32F411CE is inside the chip, 512K",
        "leave the key out: chip says how much there is",
    );
    says(
        refused(chip, "chip = \"RP2040\""),
        "board.toml:2: the board has no flash, and that of the RP2040 is a chip of its own",
        "add its size in bytes: flash = \"2M\"",
    );
    says(
        refused(chip, "chip = \"RP2040\"\nflash = \"32M\""),
        "board.toml:3: flash: the RP2040 can have up to 16M, not 32M",
        "write flash = \"16M\", or what the flash chip's datasheet says, in bytes",
    );
    says(
        refused(chip, "chip = \"RP2040\"\nflash = 2_000_000"),
        "board.toml:3: flash: 2000000 is not a whole number of sectors of 4K",
        "write flash = \"1956K\"",
    );
    says(
        refused(chip, "chip = \"RP2040\"\nflash = \"big\""),
        "board.toml:3: flash: \"big\" is not a size",
        "for example: flash = \"8M\"",
    );
}

#[test]
fn two_banks_where_there_is_one() {
    says(
        refused("chip = \"STM32F411CE\"", "chip = \"STM32F411CE\"\ndual-bank = true"),
        "board.toml:3: dual-bank: the STM32F411CE has no option for two banks",
        "leave the key out; it is for an STM32F42x or F43x with 1M, whose option DB1M is set",
    );
}

/// In a table of a larger file, lines count from the start of that file.
#[test]
fn a_table_is_read_like_a_file() {
    let text = format!(
        "key = \"release.pem\"\n\n[board]\n{}",
        BASE.replace("[map]", "[board.map]").replace("[pins]", "[board.pins]")
    );
    let path = Path::new("lifeboot.toml");
    let parse = |text: &str| {
        let file = toml::de::DeTable::parse(text).unwrap();
        let board = file.get_ref().get("board").unwrap();
        let toml::de::DeValue::Table(board) = board.get_ref() else { panic!("{board:?}") };
        parse_table(board, text, path)
    };
    assert_eq!(parse(&text), parse_file(BASE, path));
    let error = parse(&text.replace("CE\"", "CG\"")).unwrap_err();
    assert_eq!(error.to_string(), "lifeboot.toml:5: chip: Lifeboot does not know \"STM32F411CG\"");
    let inline = "board = { name = \"acme-press\", chip = \"STM32F411CE\", map = { bootloader = \"32K\", journal = \"32K\", \
                  slots = [\"192K @ 64K\", \"192K @ 256K\"] }, pins = { serial = \"USART1 PA9 PA10\", recovery = \"PA0 low\" } }";
    assert_eq!(parse(inline), parse_file(BASE, path));
}
