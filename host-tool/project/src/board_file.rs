//! Board files: a `[board]` table in `lifeboot.toml`, or a file of its own.

use crate::files::{self, Kind};
use crate::settings::{SettingError, SettingsError};
use lifeboot_board::{BoardDescription, BoardError, parse_file, parse_table};
use std::path::Path;
use toml::de::DeTable;

/// Reads the board that a file describes, in a table `[board]` or as a whole.
///
/// # Errors
/// [`SettingsError`] if the file cannot be read, or the board has a fault.
pub fn read(path: &Path) -> Result<BoardDescription, SettingsError> {
    let text = files::read_text(path, Kind::Settings)?;
    let document = DeTable::parse(&text).ok();
    let table = document.as_ref().and_then(|document| document.get_ref().get("board")?.get_ref().as_table());
    let described = match table {
        Some(table) => parse_table(table, &text, path),
        None => parse_file(&text, path),
    };
    described.map_err(|BoardError { path, line, what, help }| SettingError { path, line, what, help }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_a_table_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lifeboot.toml");
        let board = "name = \"acme-press\"\nchip = \"STM32F411CE\"\nmap = { bootloader = \"32K\", journal = \"32K\", \
                     slots = [\"128K @ 128K\", \"128K @ 256K\"] }\n";
        std::fs::write(&path, board).unwrap();
        let flat = read(&path).unwrap();
        assert_eq!((flat.name.as_str(), flat.board().slots[1].start), ("acme-press", 256 << 10));
        std::fs::write(&path, format!("key = \"a.pem\"\n\n[board]\n{board}")).unwrap();
        assert_eq!(read(&path).unwrap(), flat);
        std::fs::write(&path, format!("[board]\n{}", board.replace("128K @ 256K", "96K @ 256K"))).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}:4: ", path.display())), "{error}");
    }
}
