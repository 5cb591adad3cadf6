//! Tables for people: plain ASCII, on a terminal or not, at most [`WIDTH`] columns wide.

use comfy_table::presets::{ASCII_FULL_CONDENSED, NOTHING};
use comfy_table::{ContentArrangement, Table};
use std::fmt::{self, Display};

/// Most columns of a table; longer cells are wrapped.
pub const WIDTH: u16 = 100;

/// Renders a table with a header.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(head).add_rows(rows);
    table.trim_fmt()
}

/// Renders a list of named values, one a line.
pub fn list(rows: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
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
