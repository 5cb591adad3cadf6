//! Pages that are rendered from the documentation comments of the sources: the formats, and the recipe for a new chip.
//!
//! `LIFEBOOT_BLESS=1 cargo test -p lifeboot-tests pages` writes them.

use super::{is_rendered, messages, page, rustdoc};
use syn::{Expr, File, Item, Lit, Visibility};

/// A section of a page.
struct Section {
    title: &'static str,
    /// The source file that it is rendered from.
    source: &'static str,
    /// A file of which only the constants belong to it, too.
    constants: Option<&'static str>,
    has_messages: bool,
}

const fn section(title: &'static str, source: &'static str) -> Section {
    Section { title, source, constants: None, has_messages: false }
}

const fn with_messages(title: &'static str, source: &'static str) -> Section {
    Section { has_messages: true, ..section(title, source) }
}

const NOTE: &str =
    "<!-- Rendered from the sources by LIFEBOOT_BLESS=1 cargo test -p lifeboot-tests pages. Do not edit. -->\n";

const FORMATS: &str = "\
# Formats

Everything that Lifeboot writes to flash, into files and onto the line, as the sources describe it: a test renders this page from
their comments and fails if it differs. Golden files freeze the bytes (`tests/cases/golden/`).

Numbers are little-endian. Nothing has been released yet; from the first release on, flash formats and messages are
append-only.

## In flash
";

const ON_THE_LINE: &str = "
## On the line

Messages are encoded as [postcard](https://postcard.jamesmunns.com/wire-format) defines it: a variant by its number, numbers
of more than one byte as varints, bytes behind their length, optional values behind a byte 0 or 1.
";

const STORED: [Section; 10] = [
    section("Flash map", "bootloader/core/src/layout.rs"),
    section("Flash map as bytes", "bootloader/core/src/layout/map.rs"),
    Section {
        constants: Some("bootloader/core/src/image/header.rs"),
        ..section("Image", "bootloader/core/src/image.rs")
    },
    section("Relocation table", "bootloader/core/src/rebase.rs"),
    section("Journal", "bootloader/core/src/journal.rs"),
    section("Boot record", "bootloader/core/src/record.rs"),
    section("Outcomes in a boot record", "bootloader/core/src/record/outcomes.rs"),
    section("Bootloader information", "bootloader/core/src/info.rs"),
    section("RAM shared by bootloader and firmware", "bootloader/core/src/handover.rs"),
    section("Patches in an image file", "host-tool/artifact/src/image_file/patches.rs"),
];

const SENT: [Section; 5] = [
    section("Frames", "updater/wire/src/frame.rs"),
    with_messages("Messages", "updater/wire/src/messages.rs"),
    with_messages("State", "updater/wire/src/messages/state.rs"),
    with_messages("Refusals", "updater/wire/src/messages/refusal.rs"),
    section("Patches", "updater/wire/src/patch.rs"),
];

fn parsed(source: &str) -> File {
    syn::parse_file(&page(source)).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn rendered(Section { title, source, constants, has_messages }: &Section) -> String {
    let file = parsed(source);
    let text = rustdoc::text(&file.attrs);
    assert!(!text.is_empty(), "{source} does not say what it is");
    let items = constants.map(|source| parsed(source).items).unwrap_or_default();
    let rows: String = file.items.iter().chain(&items).filter_map(constant).collect();
    let constants = match rows.is_empty() {
        true => String::new(),
        false => format!("\n| constant | value | meaning |\n| --- | --- | --- |\n{rows}"),
    };
    let types = if *has_messages { format!("\n{}", messages::types(&file).trim_end()) + "\n" } else { String::new() };
    format!("\n### {title}\n\nFrom `{source}`.\n\n{text}{constants}{types}")
}

/// A public constant that is written as a number or as text, as a row.
fn constant(item: &Item) -> Option<String> {
    let Item::Const(item) = item else { return None };
    if !matches!(item.vis, Visibility::Public(_)) {
        return None;
    }
    let Expr::Lit(literal) = &*item.expr else { return None };
    let value = match &literal.lit {
        Lit::Int(number) => number.to_string(),
        _ => return None,
    };
    Some(format!("| `{}` | {value} | {} |\n", item.ident, rustdoc::cell(&item.attrs)))
}

#[test]
fn the_formats_are_those_of_the_sources() {
    let [stored, sent] = [&STORED[..], &SENT].map(|sections| sections.iter().map(rendered).collect::<String>());
    is_rendered("docs/formats.md", &format!("{NOTE}{FORMATS}{stored}{ON_THE_LINE}{sent}"));
}

#[test]
fn the_recipe_for_a_chip_is_the_one_beside_the_chips() {
    let source = "bootloader/src/chips/mod.rs";
    let file = parsed(source);
    let text = rustdoc::text(&file.attrs);
    assert!(text.contains("\n1. "), "{source} has no recipe");
    let head = format!("# Porting Lifeboot to a chip or a board\n\nFrom `{source}`, where the code is.\n\n");
    is_rendered("docs/porting.md", &format!("{NOTE}{head}{text}"));
}

#[test]
fn constants_are_listed_with_their_values() {
    let source = "/// Bytes.\npub const A: usize = 0x10;\nconst B: u8 = 1;\n/// More.\npub const C: usize = A + 1;";
    let rows: String = syn::parse_file(source).unwrap().items.iter().filter_map(constant).collect();
    assert_eq!(rows, "| `A` | 0x10 | Bytes. |\n");
}
