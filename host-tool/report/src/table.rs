//! Tables for people: plain ASCII, on a terminal or not, at most [`WIDTH`] columns wide.

use comfy_table::presets::{ASCII_FULL_CONDENSED, NOTHING};
use comfy_table::{ContentArrangement, Table};
use std::fmt::{self, Display};
use std::sync::atomic::{AtomicU16, Ordering};

/// Most columns of a table; longer cells are wrapped.
pub const WIDTH: u16 = 100;
/// Fewest columns; a terminal that is narrower wraps by itself.
const NARROWEST: u16 = 30;
/// Fewest columns in which a table is easier to read than a list.
const TABLE: u16 = 80;

static COLUMNS: AtomicU16 = AtomicU16::new(WIDTH);

/// Sets how many columns there are for tables: those of the terminal. More than [`WIDTH`] are not used.
pub fn set_width(columns: u16) {
    COLUMNS.store(columns.clamp(NARROWEST, WIDTH), Ordering::Relaxed);
}

/// Returns what separates a table from a list below it: nothing, or a blank line if it is a list itself.
pub fn gap() -> &'static str {
    if columns() < TABLE { "\n" } else { "" }
}

fn columns() -> u16 {
    COLUMNS.load(Ordering::Relaxed)
}

/// Renders a table with a header; a list for each row where there is no room for one.
pub fn table<const N: usize>(head: [&'static str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    table_within(columns(), head, rows)
}

fn table_within<const N: usize>(
    columns: u16,
    head: [&'static str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    if columns < TABLE {
        let named = |row: [String; N]| head.into_iter().zip(row).filter(|(_, text)| !text.is_empty());
        let lists: Vec<String> = rows.into_iter().map(|row| list_within(columns, named(row))).collect();
        return lists.join("\n\n");
    }
    let mut table = Table::new();
    table.load_style(ASCII_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    table.set_header(head).add_rows(rows);
    table.trim_fmt()
}

/// Renders a list of named values, one a line.
pub fn list(rows: impl IntoIterator<Item = (&'static str, String)>) -> String {
    list_within(columns(), rows)
}

fn list_within(columns: u16, rows: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    table.add_rows(rows.into_iter().map(|(name, text)| [format!("{name:<12}"), text]));
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    table.trim_fmt()
}

/// Writes a line of a list of named values, after a line feed unless it is the first.
pub fn line(f: &mut fmt::Formatter<'_>, first: bool, name: &str, value: impl Display) -> fmt::Result {
    let feed = if first { "" } else { "\n" };
    write!(f, "{feed}{name:<12} {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_a_narrow_terminal() {
        let rows = || {
            let digest = "abababababababababababababababab".to_owned();
            [["A".to_owned(), "1.2.3".to_owned(), digest], ["B".to_owned(), String::new(), String::new()]]
        };
        for columns in [30, 40, 60, 79, 80, 100] {
            let text = table_within(columns, ["slot", "version", "digest"], rows());
            assert!(text.lines().all(|line| line.len() <= usize::from(columns)), "{columns}:\n{text}");
        }
        assert_eq!(
            table_within(40, ["slot", "version", "digest"], rows()),
            "slot         A\nversion      1.2.3\ndigest       ababababababababababababab\n             ababab\n\nslot         B"
        );
    }
}
