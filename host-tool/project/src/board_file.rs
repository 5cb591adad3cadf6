//! Board files: a `[board]` table in `lifeboot.toml`, or a file of its own.

use crate::files::{self, Kind};
use crate::settings::{SettingError, SettingsError};
use lifeboot_artifact::boards;
use lifeboot_board::{BoardDescription, BoardError, FoundBoard, read_by};
use lifeboot_core::Board;
use std::path::{Path, PathBuf};

/// A board, and the file that describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardFile {
    /// The file.
    pub path: PathBuf,
    /// The board.
    pub description: BoardDescription,
}

impl BoardFile {
    /// Reads the board that a file describes: as a whole, in a table `[board]`, or in the file that its `board` names.
    ///
    /// # Errors
    /// [`SettingsError`] if the file cannot be read, or the board has a fault.
    pub fn read(path: &Path) -> Result<BoardFile, SettingsError> {
        let FoundBoard { board, files } =
            read_by(path, |path| files::read_text(path, Kind::Settings).map_err(SettingsError::from))?;
        let path = files.into_iter().next().unwrap_or_else(|| path.to_owned());
        Ok(BoardFile { path, description: board })
    }

    /// Returns the board as the core knows it.
    pub fn board(&self) -> &'static Board {
        boards::keep(self.description.board())
    }
}

impl From<BoardError> for SettingError {
    fn from(BoardError { path, line, what, help }: BoardError) -> Self {
        SettingError { path, line, what, help }
    }
}

impl From<BoardError> for SettingsError {
    fn from(error: BoardError) -> Self {
        SettingError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_a_table_or_a_file() {
        let read = |path: &Path| BoardFile::read(path).map(|file| file.description);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lifeboot.toml");
        let board = "name = \"acme-press\"\nchip = \"STM32F411CE\"\nmap = { bootloader = \"32K\", journal = \"32K\", \
                     slots = [\"128K @ 128K\", \"128K @ 256K\"] }\n";
        std::fs::write(&path, board).unwrap();
        let flat = read(&path).unwrap();
        assert_eq!((flat.name.as_str(), flat.board().slots[1].start), ("acme-press", 256 << 10));
        std::fs::write(&path, format!("key = \"a.pem\"\n\n[board]\n{board}")).unwrap();
        assert_eq!(read(&path).unwrap(), flat);
        std::fs::write(folder.path().join("project.toml"), "board = \"lifeboot.toml\"\n").unwrap();
        assert_eq!(read(&folder.path().join("project.toml")).unwrap(), flat);
        std::fs::write(&path, format!("[board]\n{}", board.replace("128K @ 256K", "96K @ 256K"))).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}:4: ", path.display())), "{error}");
    }
}
