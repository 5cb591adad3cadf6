//! Board files on disk.

use crate::description::BoardDescription;
use crate::error::BoardError;
use crate::parse::{parse_file, parse_table};
use std::path::{Path, PathBuf};
use std::{fs, io};
use thiserror::Error;
use toml::de::DeTable;

/// The file of a project, whose table `[board]` describes the board, or whose `board` names the board's file.
pub const PROJECT_FILE: &str = "lifeboot.toml";

/// Why a board cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// What the file says is wrong.
    #[error("{0}; {help}", help = .0.help)]
    Board(#[from] BoardError),
    /// There is no file.
    #[error(
        "no board is described: there is no lifeboot.toml in {} or above it. Write one with a table [board]: name, chip and map",
        .0.display()
    )]
    None(PathBuf),
}

/// A board, and the files that describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundBoard {
    /// The board.
    pub board: BoardDescription,
    /// What was read, to be read again when it changes.
    pub files: Vec<PathBuf>,
}

/// Reads the board that a file describes: as a whole, in a table `[board]`, or in the file that its `board` names.
///
/// # Errors
/// [`ReadError`] if the file cannot be read or is wrong.
pub fn read(path: &Path) -> Result<FoundBoard, ReadError> {
    let text = fs::read_to_string(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    let document = DeTable::parse(&text).ok();
    let named = document.as_ref().and_then(|document| Some(document.get_ref().get("board")?.get_ref()));
    if let Some(file) = named.and_then(|named| named.as_str()) {
        let mut found = read(&path.with_file_name(file))?;
        found.files.push(path.to_owned());
        return Ok(found);
    }
    let board = match named.and_then(|named| named.as_table()) {
        Some(table) => parse_table(table, &text, path)?,
        None => parse_file(&text, path)?,
    };
    Ok(FoundBoard { board, files: vec![path.to_owned()] })
}

/// Reads the board of the project that a folder belongs to: the one of the nearest [`PROJECT_FILE`], from the folder upwards to the
/// project's root.
///
/// # Errors
/// [`ReadError`] if there is none, or it is wrong.
pub fn of_project(folder: &Path) -> Result<FoundBoard, ReadError> {
    for folder in folder.ancestors() {
        let file = folder.join(PROJECT_FILE);
        if file.exists() {
            return read(&file);
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    Err(ReadError::None(folder.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOARD: &str = "name = \"acme-press\"\nchip = \"STM32F411CE\"\nmap = { bootloader = \"32K\", journal = \"32K\", slots = \
                         [\"128K @ 128K\", \"128K @ 256K\"] }\n";

    #[test]
    fn a_project_describes_its_board_in_one_of_three_ways() {
        let project = tempfile::tempdir().unwrap();
        let (package, file) = (project.path().join("firmware/src"), project.path().join(PROJECT_FILE));
        fs::create_dir_all(&package).unwrap();
        fs::create_dir(project.path().join(".git")).unwrap();
        let error = of_project(&package).unwrap_err().to_string();
        assert!(error.starts_with("no board is described: there is no lifeboot.toml in "), "{error}");
        fs::write(&file, format!("key = \"a.pem\"\n[board]\n{BOARD}")).unwrap();
        let found = of_project(&package).unwrap();
        assert_eq!((found.board.name.as_str(), &found.files[..]), ("acme-press", &[file.clone()][..]));
        let own = project.path().join("acme.toml");
        fs::write(&own, BOARD).unwrap();
        fs::write(&file, "board = \"acme.toml\"\n").unwrap();
        assert_eq!(of_project(&package).unwrap(), FoundBoard { files: vec![own.clone(), file.clone()], ..found });
        fs::write(&own, BOARD.replace("STM32F411CE", "STM32F411ZZ")).unwrap();
        let error = of_project(&package).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}:2: ", own.display())), "{error}");
    }
}
