//! A project for a board: the firmware of `tests/own_boards/`, on a desk, with a lifeboot.toml and a key.

use anyhow::{Context, Result, ensure};
use lifeboot_board::BoardDescription;
use lifeboot_core::Slot;
use lifeboot_tests::desk::{self, Desk};
use lifeboot_tests::product::{self, Target};
use lifeboot_tests::setup;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError, Weak};

const DESK: &str = "own-boards";

/// What the projects of a process share.
struct Shared {
    desk: Desk,
    /// They are built in one folder: nobody else may build until the result is signed.
    building: Mutex<()>,
    _alone: File,
}

impl Shared {
    fn get() -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Shared>> = Mutex::new(Weak::new());
        let mut known = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = known.upgrade() {
            return Ok(shared);
        }
        let alone = Desk::lock(DESK)?;
        let shared = Arc::new(Shared { desk: Desk::new(DESK)?, building: Mutex::new(()), _alone: alone });
        *known = Arc::downgrade(&shared);
        Ok(shared)
    }
}

/// A project.
pub struct Project {
    folder: PathBuf,
    name: String,
    board: BoardDescription,
    shared: Arc<Shared>,
}

impl Project {
    /// A project for the board of this name.
    pub fn new(name: &str) -> Result<Self> {
        let shared = Shared::get()?;
        let file = product::root().join("bootloader/board/tests/boards").join(name).with_extension("toml");
        let board = lifeboot_board::read(&file)?.board;
        setup::rust_target(board.chip.core.target())?;
        let folder = shared.desk.put(name, &product::root().join("tests/own_boards"), "target")?;
        let project = Project { folder, name: name.to_owned(), board, shared };
        project.describe_board(&file)?;
        project.lifeboot(&["keygen", "release.pem"], 0)?;
        Ok(project)
    }

    /// Its board.
    pub fn board(&self) -> &BoardDescription {
        &self.board
    }

    /// Writes what Lifeboot and cargo have to know of the board.
    fn describe_board(&self, file: &Path) -> Result<()> {
        let (name, target) = (&self.name, self.board.chip.core.target());
        fs::copy(file, self.folder.join(format!("{name}.toml")))?;
        let lifeboot = format!(
            "key = \"release.pem\"\nboard = \"{name}.toml\"\nfirmware = \"target/{target}/release/firmware\"\n"
        );
        fs::write(self.folder.join("lifeboot.toml"), lifeboot)?;
        let flags = "rustflags = [\"--cfg\", 'sha2_backend_soft=\"compact\"']";
        fs::create_dir_all(self.folder.join(".cargo"))?;
        Ok(fs::write(self.folder.join(".cargo/config.toml"), format!("[build]\ntarget = \"{target}\"\n{flags}\n"))?)
    }

    /// Builds the bootloader for the project's board and key; returns its file.
    fn bootloader(&self) -> Result<PathBuf> {
        let board: &'static _ = Box::leak(Box::new(self.board.board()));
        let (chip, triple) = (self.board.chip.family.feature(), self.board.chip.core.target());
        let target = Target { board, feature: board.name, chip, triple };
        let file = self.folder.join(format!("{}.toml", self.name));
        product::bootloader_for(&file, &format!("own-{}", self.name), &target, &self.folder.join("release.pub.pem"))
    }

    /// Builds the firmware with these features besides the board's, and signs it under these versions. The first one is proved if
    /// `is_proved`.
    pub fn sign(&self, versions: &[&str], features: &[&str], is_proved: bool) -> Result<()> {
        let _alone = self.shared.building.lock().unwrap_or_else(PoisonError::into_inner);
        let features = [&[&*self.name], features].concat().join(",");
        let mut cargo = desk::command("cargo", &self.folder, &[])?;
        ended(cargo.args(["build", "--release", "--features", &features]), 0)?;
        for (index, version) in versions.iter().enumerate() {
            let name = format!("{version}.img");
            let mut arguments = vec!["sign", "--version", version, "-o", &name];
            let is_proved = is_proved && index == 0;
            if is_proved {
                arguments.extend(["--prove", "--", "--features", &features]);
            }
            let said = self.lifeboot(&arguments, 0)?;
            ensure!(said.lines().any(|line| line.starts_with("proved: ")) == is_proved, "{said}");
        }
        Ok(())
    }

    /// Signs firmware that is built for a map with shorter slots.
    pub fn sign_for_another_map(&self, version: &str) -> Result<()> {
        let file = self.folder.join(format!("{}.toml", self.name));
        let own = fs::read_to_string(&file)?;
        let length = self.board.map.slots()[Slot::A as usize].length;
        let unit = self.board.map.slot_sectors(Slot::A).iter().map(|sector| sector.length).max().unwrap_or(length);
        // In steps of whole sectors where there are several.
        let shorter = if length > unit { length - unit } else { length - 4 * 1024 };
        let kib = |length: u32| format!("\"{}K", length / 1024);
        ensure!(own.matches(&kib(length)).count() == 2, "the slots are not found in {own}");
        fs::write(&file, own.replace(&kib(length), &kib(shorter)))?;
        self.sign(&[version], &[], false)?;
        Ok(fs::write(&file, own)?)
    }

    /// The image of this version.
    pub fn image(&self, version: &str) -> PathBuf {
        self.folder.join(format!("{version}.img"))
    }

    /// Makes the file of the first flash.
    pub fn provision(&self, version: &str) -> Result<PathBuf> {
        let bootloader = self.bootloader()?;
        self.lifeboot(&["provision", text(&bootloader)?, text(&self.image(version))?, "-o", "first.elf"], 0)?;
        Ok(self.folder.join("first.elf"))
    }

    /// Pushes an image; the command must end with this exit status. Returns what it says.
    pub fn push(&self, version: &str, port: &str, status: i32) -> Result<String> {
        self.lifeboot(&["push", text(&self.image(version))?, "--port", port, "--answer-timeout", "20"], status)
    }

    /// Types a command of `lifeboot`, which must end with this exit status. Returns what it says.
    fn lifeboot(&self, arguments: &[&str], status: i32) -> Result<String> {
        let tool = product::host_tool()?;
        ended(desk::command(text(&tool)?, &self.folder, &[])?.args(arguments), status)
    }
}

/// Runs a program to its end. Returns what it says.
fn ended(command: &mut Command, status: i32) -> Result<String> {
    let Output { status: ended, stdout, stderr } = command.output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    ensure!(ended.code() == Some(status), "{command:?} ended with {ended}:\n{said}");
    Ok(said)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("odd path")
}
