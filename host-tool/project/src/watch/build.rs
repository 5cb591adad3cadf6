//! Builds in the background. The compiler's messages go to this process's stderr.

use super::error::WatchError;
use super::project::cargo;
use serde::Deserialize;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

/// How a program is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Build {
    /// By `cargo build` with these arguments; unless the program is named, it is the one that cargo reports.
    Cargo {
        /// Additional arguments.
        arguments: Vec<String>,
        /// The program's ELF file.
        elf: Option<PathBuf>,
    },
    /// By a shell command that makes this program.
    Command {
        /// The command.
        line: String,
        /// The program's ELF file.
        elf: PathBuf,
    },
}

/// A running build. It is killed when this is dropped.
pub struct Building {
    child: Child,
    elf: Option<PathBuf>,
    /// Reads which programs cargo reports.
    programs: Option<JoinHandle<Vec<Artifact>>>,
}

/// The result of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Built {
    /// The build succeeded and made this program.
    Program(PathBuf),
    /// The build failed; the compiler has printed why.
    Failed,
}

#[derive(Deserialize)]
struct Artifact {
    reason: String,
    #[serde(default)]
    executable: Option<PathBuf>,
}

impl Build {
    /// Starts the build.
    ///
    /// # Errors
    /// [`WatchError::Start`] if it cannot be started.
    pub fn start(&self) -> Result<Building, WatchError> {
        let (mut command, elf) = match self {
            Build::Cargo { arguments, elf } => {
                let mut command = Command::new(cargo());
                command.args(["build", "--message-format=json-render-diagnostics"]).args(arguments);
                command.stdout(Stdio::piped());
                (command, elf.clone())
            }
            Build::Command { line, elf } => {
                let [shell, flag] = if cfg!(windows) { ["cmd", "/C"] } else { ["sh", "-c"] };
                let mut command = Command::new(shell);
                // The command's output is for people, while stdout may be for a program.
                command.args([flag, line]).stdout(std::io::stderr());
                (command, Some(elf.clone()))
            }
        };
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child =
            command.stdin(Stdio::null()).spawn().map_err(|source| WatchError::Start { command: name, source })?;
        let programs = child.stdout.take().map(|stdout| {
            std::thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                // Build scripts may print other lines in between.
                let artifacts = lines.filter_map(|line| serde_json::from_str::<Artifact>(&line).ok());
                artifacts.filter(|artifact| artifact.reason == "compiler-artifact").collect()
            })
        });
        Ok(Building { child, elf, programs })
    }
}

impl Building {
    /// Returns the result of the build; `None` if it is still running. Does not wait.
    ///
    /// # Errors
    /// [`WatchError::NoProgram`] or [`WatchError::SeveralPrograms`]; [`WatchError::Start`] if the system cannot report
    /// it.
    pub fn poll(&mut self) -> Result<Option<Built>, WatchError> {
        let ended =
            self.child.try_wait().map_err(|source| WatchError::Start { command: "the build".to_owned(), source })?;
        let Some(status) = ended else { return Ok(None) };
        let artifacts = self.programs.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        if !status.success() {
            return Ok(Some(Built::Failed));
        }
        if let Some(elf) = &self.elf {
            return Ok(Some(Built::Program(elf.clone())));
        }
        let made: Vec<PathBuf> = artifacts.into_iter().filter_map(|artifact| artifact.executable).collect();
        match &*made {
            [] => Err(WatchError::NoProgram),
            [elf] => Ok(Some(Built::Program(elf.clone()))),
            several => {
                let name = |path: &PathBuf| path.file_stem().unwrap_or_default().display().to_string();
                Err(WatchError::SeveralPrograms { names: several.iter().map(name).collect() })
            }
        }
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        // A process that has ended cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
