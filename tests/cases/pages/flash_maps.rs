//! The flash map on each board's page is the one that everything is built with.

use super::page;
use lifeboot_core::layout::{Board, Region};
use lifeboot_example_boards::BOARDS;

/// Start, KiB and purpose, as in a row of the page's table.
fn rows(page: &str) -> Vec<(u32, u32, String)> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| 0x"));
    let read = |row: &str| {
        let mut cells = row.split('|').map(str::trim);
        let start = u32::from_str_radix(&cells.next()?.replace('_', ""), 16).ok()?;
        Some((start, cells.next()?.parse().ok()?, cells.next()?.to_owned()))
    };
    rows.filter_map(read).collect()
}

#[test]
fn every_page_of_a_board_has_its_flash_map() {
    for board in BOARDS {
        let Board { name, bootloader, journal, slots: [a, b], .. } = *board;
        let rows = rows(&page(&format!("docs/boards/{name}.md")));
        for (what, Region { start, length }) in
            [("bootloader", bootloader), ("journal", journal), ("slot A", a), ("slot B", b)]
        {
            let is_there = |(at, kib, purpose): &(u32, u32, String)| {
                (*at, *kib * 1024) == (board.flash_address + start, length) && purpose.starts_with(what)
            };
            assert!(rows.iter().any(is_there), "docs/boards/{name}.md does not have its {what}: {rows:?}");
        }
    }
}
