//! A project for a board: the firmware of `tests/own_boards/`, on a desk, with a lifeboot.toml and a key.

use anyhow::{Context, Result, ensure};
use lifeboot_board::pin::{Level, RecoveryPin, Serial};
use lifeboot_board::{BoardDescription, Verifier};
use lifeboot_core::Slot;
use lifeboot_tests::desk::{self, Desk};
use lifeboot_tests::product;
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
    /// The firmware's feature.
    feature: String,
    /// The folder of a bootloader of its own.
    own: Option<PathBuf>,
    board: BoardDescription,
    shared: Arc<Shared>,
}

impl Project {
    /// A project for the board of this name, as `lifeboot new` begins it.
    pub fn new(name: &str) -> Result<Self> {
        let shared = Shared::get()?;
        let file = product::root().join("bootloader/board/tests/boards").join(name).with_extension("toml");
        let wanted = lifeboot_board::read(&file)?.board;
        let folder = shared.desk.put(name, &product::root().join("tests/own_boards"), "target")?;
        lifeboot(&folder, &asked_of_new(&wanted).iter().map(String::as_str).collect::<Vec<_>>(), 0)?;
        let board = lifeboot_board::of_project(&folder)?.board;
        ensure!(board.serial == wanted.serial && board.recovery == wanted.recovery, "{name} has other pins");
        let regions =
            |board: &BoardDescription| board.map.application().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        ensure!(regions(&board) == regions(&wanted), "{name} has other regions");
        Project::of(name, folder, board, shared)
    }

    /// The same, whose bootloader has the compact verifier.
    pub fn with_compact_verifier(self) -> Result<Self> {
        let file = self.folder.join("lifeboot.toml");
        let text = fs::read_to_string(&file)?;
        ensure!(text.matches("[board]\n").count() == 1, "{text}");
        fs::write(&file, text.replace("[board]\n", "[board]\nverifier = \"compact\"\n"))?;
        let board = lifeboot_board::of_project(&self.folder)?.board;
        ensure!(board.verifier == Verifier::Compact, "the line is not read");
        Ok(Project { board, ..self })
    }

    /// A project with a bootloader of its own, from a folder of `tests/own_chips/`; its firmware has this feature of
    /// `tests/own_boards/`.
    #[cfg(feature = "deep")]
    pub fn with_own_bootloader(name: &str, feature: &str) -> Result<Self> {
        let shared = Shared::get()?;
        let template = product::root().join("tests/own_chips").join(name);
        let own = shared.desk.put(name, &template, &format!("target-{name}"))?;
        let folder =
            shared.desk.put(&format!("{name}-firmware"), &product::root().join("tests/own_boards"), "target")?;
        let board = lifeboot_board::of_project(&own)?.board;
        lifeboot(&folder, &asked_of_new(&board).iter().map(String::as_str).collect::<Vec<_>>(), 0)?;
        fs::copy(own.join("lifeboot.toml"), folder.join("lifeboot.toml"))?;
        let project = Project { own: Some(own.clone()), ..Project::of(feature, folder, board, shared)? };
        for key in ["release.pem", "release.pub.pem"] {
            fs::copy(project.folder.join(key), own.join(key))?;
        }
        Ok(project)
    }

    fn of(feature: &str, folder: PathBuf, board: BoardDescription, shared: Arc<Shared>) -> Result<Self> {
        setup::rust_target(board.chip.core.target())?;
        let project = Project { folder, feature: feature.to_owned(), board, own: None, shared };
        project.lifeboot(&["keygen", "release.pem"], 0)?;
        Ok(project)
    }

    /// Its board.
    pub fn board(&self) -> &BoardDescription {
        &self.board
    }

    /// Builds the bootloader for the project's board and key; returns its file if it is not where `provision` finds it by itself.
    fn bootloader(&self) -> Result<Option<PathBuf>> {
        let Some(own) = &self.own else {
            let said = self.lifeboot(&["bootloader"], 0)?;
            ensure!(said.contains("built ") && said.contains(" left"), "{said}");
            return Ok(None);
        };
        ended(desk::command("cargo", own, &[])?.args(["build", "--release"]), 0)?;
        Ok(Some(own.join("target").join(self.board.chip.core.target()).join("release/bootloader")))
    }

    /// Builds the firmware with these features besides the board's, and signs it under these versions. The first one is proved if
    /// `is_proved`.
    pub fn sign(&self, versions: &[&str], features: &[&str], is_proved: bool) -> Result<()> {
        let _alone = self.shared.building.lock().unwrap_or_else(PoisonError::into_inner);
        let firmware = self.folder.join("target").join(self.board.chip.core.target()).join("release/firmware");
        let features = [&[&*self.feature], features].concat().join(",");
        let mut cargo = desk::command("cargo", &self.folder, &[])?;
        ended(cargo.args(["build", "--release", "--features", &features]), 0)?;
        for (index, version) in versions.iter().enumerate() {
            let name = format!("{version}.img");
            let mut arguments = vec!["sign", text(&firmware)?, "--version", version, "-o", &name];
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
        let file = self.folder.join("lifeboot.toml");
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
        let mut arguments = vec!["provision"];
        arguments.extend(bootloader.as_deref().map(text).transpose()?);
        let image = self.image(version);
        arguments.extend([text(&image)?, "-o", "first.elf"]);
        self.lifeboot(&arguments, 0)?;
        Ok(self.folder.join("first.elf"))
    }

    /// Pushes an image; the command must end with this exit status. Returns what it says.
    pub fn push(&self, version: &str, port: &str, status: i32) -> Result<String> {
        self.lifeboot(&["push", text(&self.image(version))?, "--port", port, "--answer-timeout", "20"], status)
    }

    /// Types a command of `lifeboot`, which must end with this exit status. Returns what it says.
    fn lifeboot(&self, arguments: &[&str], status: i32) -> Result<String> {
        lifeboot(&self.folder, arguments, status)
    }
}

/// Returns the arguments by which `lifeboot new` sets a project up for the chip, pins and regions of this board.
fn asked_of_new(board: &BoardDescription) -> Vec<String> {
    let mut arguments = ["new", "--chip", &board.chip.name, "--name", &board.name].map(str::to_owned).to_vec();
    let size = lifeboot_board::show_size;
    if board.chip.has_external_flash {
        arguments.extend(["--flash".to_owned(), size(board.map.sectors().length())]);
    }
    if let Some(serial) = &board.serial {
        let Serial { peripheral, tx, rx } = serial;
        arguments.extend(["--serial".to_owned(), format!("{} {} {}", peripheral.name, tx.name, rx.name)]);
    }
    if let Some(RecoveryPin { pin, pressed }) = &board.recovery {
        let level = if *pressed == Level::High { "high" } else { "low" };
        arguments.extend(["--recovery".to_owned(), format!("{} {level}", pin.name)]);
    }
    for (name, region) in board.map.application() {
        arguments.extend(["--region".to_owned(), format!("{name}={}", size(region.length))]);
    }
    arguments
}

fn lifeboot(folder: &Path, arguments: &[&str], status: i32) -> Result<String> {
    let tool = product::host_tool()?;
    ended(desk::command(text(&tool)?, folder, &[])?.args(arguments), status)
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
