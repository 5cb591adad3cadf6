//! A project that follows the guide: a copy of a template, on a desk with Lifeboot's sources beside it.

use crate::page::{Action, Command};
use anyhow::{Context, Result, bail, ensure};
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_board::of_project;
use lifeboot_tests::bench::Bench;
use lifeboot_tests::desk::{self, Desk};
use lifeboot_tests::emulator::stm32f4::chip::Settings;
use lifeboot_tests::emulator::{Emulated, Stm32f4};
use lifeboot_tests::{product, setup};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{self, Output};

/// The desk's name. One project at a time: they share Lifeboot's sources, and what is built of them.
const DESK: &str = "guide";

/// How often the application's LED has to change during a push, at the least; it blinks twice a second, and a push takes
/// some seconds of the board's time.
const BLINKS: u32 = 4;

/// A project, and its board.
pub struct Project {
    folder: PathBuf,
    /// Where commands are found that had to be installed.
    installed: Vec<PathBuf>,
    board: Option<Bench<Stm32f4>>,
    _desk: Desk,
    _alone: File,
}

impl Project {
    /// A copy of a template, before the first step.
    pub fn new(template: &str) -> Result<Self> {
        let alone = Desk::lock(DESK)?;
        let desk = Desk::new(DESK)?;
        let folder = desk.put(template, &product::root().join("tests/guide").join(template), template)?;
        Ok(Project { folder, installed: Vec::new(), board: None, _desk: desk, _alone: alone })
    }

    /// The board, once it was flashed.
    pub fn board(&self) -> Result<&Bench<Stm32f4>> {
        self.board.as_ref().context("the page has not flashed the board")
    }

    /// Executes a step.
    pub fn take(&mut self, action: &Action) -> Result<()> {
        match action {
            Action::Type(commands) => commands.iter().try_for_each(|command| {
                self.run(command).with_context(|| format!("`{}` does not do what the page says", command.text))
            }),
            Action::Make { file, content } => {
                let path = self.folder.join(file);
                ensure!(!path.exists(), "there is a {file} already: show what changes in it");
                Ok(fs::write(path, content)?)
            }
            Action::Change { file, places } => {
                let path = self.folder.join(file);
                let mut text = fs::read_to_string(&path).with_context(|| format!("there is no {file} to change"))?;
                for place in places {
                    text = place.change(file, &text).map_err(anyhow::Error::msg)?;
                }
                Ok(fs::write(path, text)?)
            }
        }
    }

    /// Types a command; what would change this machine, or needs a board, is done as the bench does it.
    fn run(&mut self, command: &Command) -> Result<()> {
        match *command.text.split(' ').collect::<Vec<_>>() {
            ["rustup", "target", "add", ref triples @ ..] => {
                triples.iter().try_for_each(|triple| setup::rust_target(triple))
            }
            ["cargo", "install", "--path", path, "--features", "probe"] => {
                let wanted = fs::canonicalize(self.folder.join(path))?;
                ensure!(wanted == product::root().join("host-tool"), "{path} is not the host tool's folder");
                self.installed.extend(product::host_tool()?.parent().map(Path::to_owned));
                Ok(())
            }
            ["lifeboot", "flash", file] => {
                let first = FirstFlash::from_file(&fs::read(self.folder.join(file))?)?;
                // A watchdog ten times as fast as any chip's: firmware that does not feed it is reset before it confirms.
                let settings = Settings { lsi: 470_000, ..Settings::default() };
                self.board = Some(Bench {
                    board: Stm32f4::power_on_with(&of_project(&self.folder)?.board, &first.content(), &settings)?,
                });
                Ok(())
            }
            ["lifeboot", "push", ..] => {
                let mut process = self.process(&command.text)?;
                let bench = self.board.as_mut().context("the page has not flashed the board")?;
                let (blinks, output) = bench.blinks_while(move |_| process.output())?;
                printed(command, &output?)?;
                ensure!(blinks >= BLINKS, "the application stood still: its LED changed {blinks} times meanwhile");
                Ok(())
            }
            _ => printed(command, &self.process(&command.text)?.output()?),
        }
    }

    fn process(&self, text: &str) -> Result<process::Command> {
        // Only the port differs here.
        let mut process = desk::command("sh", &self.folder, &self.installed)?;
        process.args(["-c", text]);
        if let Some(bench) = &self.board {
            process.env("LIFEBOOT_PORT", bench.board.port());
        }
        Ok(process)
    }
}

/// Whether a command did what it should, and printed what the page shows.
fn printed(command: &Command, output: &Output) -> Result<()> {
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        bail!("it ended with {}:\n{out}{error}", output.status);
    }
    match command.missing(&out) {
        Some(line) => bail!("it does not print, or not in this order: {line}\nbut:\n{out}"),
        None => Ok(()),
    }
}
