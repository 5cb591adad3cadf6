//! Board files on disk.

use crate::description::BoardDescription;
use crate::error::BoardError;
use crate::parse::parse_file;
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
    read_by(path, |path| fs::read_to_string(path).map_err(|source| ReadError::Io { path: path.to_owned(), source }))
}

/// As [`read()`], with a function that reads a file.
///
/// # Errors
/// Those of that function, and [`BoardError`] if what a file says is wrong.
pub fn read_by<E: From<BoardError>>(
    path: &Path,
    text_of: impl Fn(&Path) -> Result<String, E>,
) -> Result<FoundBoard, E> {
    let text = text_of(path)?;
    let Some(named) = named_by(&text) else {
        return Ok(FoundBoard { board: parse_file(&text, path)?, files: vec![path.to_owned()] });
    };
    // It describes the board: to name another file, or itself, is an error.
    let own = path.with_file_name(named);
    let board = parse_file(&text_of(&own)?, &own)?;
    Ok(FoundBoard { board, files: vec![own, path.to_owned()] })
}

/// Returns the file that the `board` of a project's file names.
fn named_by(text: &str) -> Option<String> {
    Some(DeTable::parse(text).ok()?.get_ref().get("board")?.get_ref().as_str()?.to_owned())
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
        for other in ["acme.toml", "lifeboot.toml"] {
            fs::write(&own, format!("board = \"{other}\"\n")).unwrap();
            let error = of_project(&package).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{}:1: a board has no board;", own.display())), "{error}");
        }
        fs::write(&own, BOARD.replace("STM32F411CE", "STM32F411ZZ")).unwrap();
        let error = of_project(&package).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}:2: ", own.display())), "{error}");
    }
}
