//! What builds get.

use super::read;
use lifeboot_board::Verifier;

const FILE: &str = r#"name = "acme-press"
chip = "STM32F411CE"
watch-confirmed = true
map = { bootloader = "32K", journal = "32K", file-system = "64K", slots = ["128K @ 128K", "128K @ 256K"] }
"#;

/// The rendered source, as a build includes it.
mod included {
    include!("acme-press.rs");
}

#[test]
fn the_constants_compile_to_the_board() {
    let board = read(FILE);
    assert_eq!(board.constants("lifeboot_core::layout"), include_str!("acme-press.rs"));
    assert_eq!(included::BOARD, board.board());
    included::BOARD.check();
    let regions: Vec<_> = board.map.application().collect();
    assert_eq!(regions, [("file-system", included::FILE_SYSTEM)]);
}

/// A field that is added to `Board` must not be forgotten here.
#[test]
fn each_field_is_rendered() {
    let board = read(FILE);
    let source = board.constants("lifeboot_core::layout");
    let fields = format!("{:#?}", board.board());
    // Those of the board itself, not those of its regions.
    let names = fields.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": ")).map(|(name, _)| name);
    let rest: Vec<_> = names
        .filter(|name| !name.starts_with(' ') && !["name", "architecture"].contains(name))
        .filter(|name| !source.contains(&format!(".with_{name}(")))
        .collect();
    assert!(fields.lines().count() > 13 && rest.is_empty(), "not rendered: {rest:?}");
}

#[test]
fn the_symbols_are_addresses() {
    let symbols = "__lifeboot_file_system_start = 0x08010000;\n__lifeboot_file_system_end = 0x08020000;\n";
    assert_eq!(read(FILE).symbols(), symbols);
}

#[test]
fn the_verifier_is_a_choice() {
    assert_eq!(read(super::BASE).verifier, Verifier::Dalek);
    for verifier in Verifier::ALL {
        let file = format!("verifier = \"{}\"\n{}", verifier.name(), super::BASE);
        assert_eq!(read(&file).verifier, verifier);
    }
}

#[test]
fn the_watchdog_of_confirmed_firmware_is_a_choice() {
    assert!(read(FILE).board().watches_confirmed);
    assert!(!read(super::BASE).board().watches_confirmed);
}
