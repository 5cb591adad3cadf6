//! What a project needs to begin with: `lifeboot.toml`, a build script, and cargo's configuration. Only files that are not there
//! yet are written; what an existing one lacks is reported.

use crate::bootloader_build::Source;
use crate::files::{self, FileError};
use crate::settings::{FILE, SettingError};
use lifeboot_board::{BoardDescription, BoardError, NewBoard, suggest};
use miette::Diagnostic;
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What has become of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProject {
    /// The board.
    pub board: BoardDescription,
    /// The files that were written.
    pub written: Vec<PathBuf>,
    /// What is left for the project's author to do, in order.
    pub left: Vec<Left>,
}

/// Something that is left to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The file that is to change; `None` if it is a command.
    pub file: Option<PathBuf>,
    /// What to do.
    pub what: String,
    /// The lines to add, or the command.
    pub lines: String,
}

/// Why a project cannot be set up.
#[derive(Debug, Error, Diagnostic)]
pub enum NewProjectError {
    /// The project has been set up.
    #[error("{} exists", .0.display())]
    #[diagnostic(help(
        "change it by hand: docs/guide.md explains what can stand there; lifeboot map lifeboot.toml checks the board"
    ))]
    Exists(PathBuf),
    /// What was given does not make a board.
    #[error("{}", .0.what)]
    #[diagnostic(help("{}", .0.help))]
    Board(SettingError),
    /// A file cannot be written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] FileError),
}

impl From<BoardError> for NewProjectError {
    fn from(error: BoardError) -> Self {
        NewProjectError::Board(error.into())
    }
}

const BUILD: &str = "fn main() {\n    lifeboot_build::firmware();\n}\n";

/// Sets up the project in a folder.
///
/// # Errors
/// See [`NewProjectError`]; nothing is written then, but for a disk that fails.
pub fn set_up(folder: &Path, new: &NewBoard) -> Result<NewProject, NewProjectError> {
    let path = folder.join(FILE);
    if path.symlink_metadata().is_ok() {
        return Err(NewProjectError::Exists(path));
    }
    let (table, board) = suggest(new, &path)?;
    let mut project = NewProject { written: Vec::new(), left: Vec::new(), board };
    project.depend(folder);
    project.link(folder)?;
    project.configure(folder)?;
    // Last: with it the project is set up.
    project.write(&path, &settings(&table, new))?;
    project.left.push(Left {
        file: None,
        what: "a key, without which nothing is accepted: keep the private half safe".to_owned(),
        lines: "lifeboot keygen release.pem".to_owned(),
    });
    project.left.push(Left {
        file: None,
        what: "the bootloader, the firmware, and a file with both".to_owned(),
        lines: "lifeboot bootloader\ncargo build --release\nlifeboot sign --prove TARGET/release/APP -o first.img\n\
                lifeboot provision first.img -o first.hex"
            .replace("TARGET", &format!("target/{}", project.board.chip.core.target())),
    });
    Ok(project)
}

fn settings(table: &str, new: &NewBoard) -> String {
    let mut comments = String::new();
    if new.serial.is_none() {
        comments += "# The serial port of recovery mode is one that the chip has: write the one that your board has.\n";
    }
    if new.recovery.is_none() {
        comments += "# pins.recovery = \"PIN low\" names a pin that requests recovery mode.\n";
    }
    format!(
        "# What firmware is signed with; `lifeboot keygen release.pem` makes it. Keep it out of version control.\n\
         key = \"release.pem\"\n\n# `lifeboot map {FILE}` draws the flash map.\n{comments}{table}"
    )
}

impl NewProject {
    fn write(&mut self, path: &Path, text: &str) -> Result<(), FileError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|source| FileError::Write { path: folder.to_owned(), source })?;
        }
        files::create(path, text.as_bytes(), 0o666)?;
        self.written.push(path.to_owned());
        Ok(())
    }

    fn depend(&mut self, folder: &Path) {
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        if text.contains("lifeboot-updater") && text.contains("lifeboot-build") {
            return;
        }
        let lines = match Source::of(None) {
            Source::Folder(sources) => {
                let [updater, build] =
                    ["updater", "updater/build"].map(|place| sources.join(place).display().to_string());
                format!("cargo add --path {updater}\ncargo add --build --path {build}")
            }
            Source::Git(..) | Source::Version(_) => {
                "cargo add lifeboot-updater\ncargo add --build lifeboot-build".to_owned()
            }
        };
        self.left.push(Left { file: None, what: "depend on Lifeboot's crates".to_owned(), lines });
    }

    fn link(&mut self, folder: &Path) -> Result<(), FileError> {
        let script = folder.join("build.rs");
        match text_of(&script) {
            None => self.write(&script, BUILD)?,
            Some(text) if text.contains("lifeboot_build::") => {}
            Some(_) => self.left.push(Left {
                file: Some(script),
                what: "link the firmware for a slot, first in main".to_owned(),
                lines: "lifeboot_build::firmware();".to_owned(),
            }),
        }
        let map = folder.join("memory.x");
        if map.exists() {
            self.left.push(Left {
                file: Some(map),
                what: "delete it: the linker would take it instead of Lifeboot's".to_owned(),
                lines: "rm memory.x".to_owned(),
            });
        }
        self.left.push(Left {
            file: Some(folder.join("src/main.rs")),
            what: "take updates: FLASH, SERIAL, MILLISECONDS and RESET are your HAL's; docs/guide.md shows whole programs".to_owned(),
            lines: "// outside of main\n\
                    lifeboot_updater::board!();\n\
                    // in main\n\
                    let mut updater = lifeboot_updater::Updater::new(FLASH, &BOARD).unwrap();\n\
                    let mut session = lifeboot_updater::Session::<528>::new(1024);\n\
                    loop {\n    \
                        if updater.is_trial() && is_healthy() {\n        \
                            let _ = updater.confirm();\n    \
                        }\n    \
                        if let Ok(lifeboot_updater::Event::Reset) = session.poll(MILLISECONDS, &mut SERIAL, &mut updater) {\n        \
                            RESET;\n    \
                        }\n\
                    }"
            .to_owned(),
        });
        Ok(())
    }

    fn configure(&mut self, folder: &Path) -> Result<(), FileError> {
        let target = self.board.chip.core.target();
        let tables = format!(
            "[build]\ntarget = \"{target}\"\n\n[target.{target}]\n# cortex-m-rt's linker script, which includes Lifeboot's memory.x; and SHA-256 in its small form, which saves 30 KB.\n\
             rustflags = [\"-Clink-arg=-Tlink.x\", \"--cfg\", 'sha2_backend_soft=\"compact\"']\n# `cargo run` signs the firmware and brings it onto the board.\nrunner = \"lifeboot run\"\n"
        );
        let (path, old) = (folder.join(".cargo/config.toml"), folder.join(".cargo/config"));
        let (file, text) = match (text_of(&old), text_of(&path)) {
            (Some(text), _) => (old, text),
            (None, Some(text)) => (path, text),
            (None, None) => return self.write(&path, &tables),
        };
        if !text.contains("lifeboot run") {
            self.left.push(Left {
                file: Some(file),
                what: "for the target that you build for: cargo run then signs the firmware and brings it onto the board, and SHA-256 \
                       in its small form saves 30 KB"
                    .to_owned(),
                lines: "runner = \"lifeboot run\"\nrustflags = [..., \"--cfg\", 'sha2_backend_soft=\"compact\"']".to_owned(),
            });
        }
        Ok(())
    }
}

/// Returns the text of a file; `None` if nothing is there. What is no text, or cannot be read, is there all the same.
fn text_of(path: &Path) -> Option<String> {
    let metadata = path.symlink_metadata().ok()?;
    // A pipe would be waited for.
    let is_readable = metadata.is_file() || path.metadata().is_ok_and(|metadata| metadata.is_file());
    Some(if is_readable { fs::read_to_string(path).unwrap_or_default() } else { String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board_file::BoardFile;
    use crate::settings::Settings;

    const NEW: NewBoard = NewBoard {
        name: "acme-press",
        chip: "STM32F411CE",
        flash: None,
        serial: None,
        recovery: Some("PA0 low"),
        regions: &[],
    };

    #[test]
    fn an_empty_folder_becomes_a_project() {
        let folder = tempfile::tempdir().unwrap();
        let project = set_up(folder.path(), &NEW).unwrap();
        let files: Vec<_> =
            project.written.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_owned()).collect();
        assert_eq!(files, ["build.rs", ".cargo/config.toml", "lifeboot.toml"].map(PathBuf::from));
        // What it wrote can be read.
        let path = folder.path().join(FILE);
        Settings::parse(&path, &fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(BoardFile::read(&path).unwrap().description, project.board);
        let again = set_up(folder.path(), &NEW).unwrap_err();
        assert_eq!(again.to_string(), format!("{} exists", path.display()));
    }

    #[test]
    fn files_of_the_project_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".cargo")).unwrap();
        for file in ["build.rs", "memory.x", ".cargo/config.toml"] {
            fs::write(folder.path().join(file), "mine").unwrap();
        }
        let project = set_up(folder.path(), &NEW).unwrap();
        assert_eq!(project.written, [folder.path().join(FILE)]);
        for file in ["build.rs", "memory.x", ".cargo/config.toml"] {
            assert_eq!(fs::read_to_string(folder.path().join(file)).unwrap(), "mine");
            let left = project.left.iter().find(|left| left.file == Some(folder.path().join(file)));
            assert!(left.is_some_and(|left| !left.lines.is_empty()), "{file}");
        }
    }

    /// Text or not, and whatever it leads to.
    #[test]
    fn nothing_that_is_there_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("build.rs"), b"\xff\xfe").unwrap();
        fs::create_dir(folder.path().join(".cargo")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("nowhere", folder.path().join(".cargo/config.toml")).unwrap();
        #[cfg(not(unix))]
        fs::write(folder.path().join(".cargo/config.toml"), "").unwrap();
        let project = set_up(folder.path(), &NEW).unwrap();
        assert_eq!(project.written, [folder.path().join(FILE)]);
        assert_eq!(fs::read(folder.path().join("build.rs")).unwrap(), b"\xff\xfe");
        assert!(!folder.path().join(".cargo/nowhere").exists());
    }

    /// So it can be tried again.
    #[test]
    fn a_project_that_could_not_be_set_up_has_no_settings() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".cargo"), "").unwrap();
        assert!(set_up(folder.path(), &NEW).is_err());
        assert!(!folder.path().join(FILE).exists());
    }

    #[test]
    fn nothing_is_written_for_a_board_that_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let refused = set_up(folder.path(), &NewBoard { chip: "STM32F999", ..NEW }).unwrap_err();
        assert!(refused.to_string().starts_with("chip: Lifeboot does not know"), "{refused}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
