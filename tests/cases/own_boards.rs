//! Boards of one's own, none of which Lifeboot's sources name: from an ordinary project (`tests/own_boards/`) and a board file
//! (`bootloader/board/tests/boards/`) to updates, by the commands that a user types, on an emulator of the board that the file
//! describes.

mod project;

use anyhow::Result;
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_board::BoardDescription;
use lifeboot_client::link::Retry;
use lifeboot_core::Version;
use lifeboot_tests::bench::{connect, runs};
use lifeboot_tests::emulator::{Emulated, Stm32f4};
#[cfg(feature = "deep")]
use lifeboot_tests::emulator::{Microbit, Pico};
#[cfg(feature = "deep")]
use lifeboot_wire::OutcomeEnding;
use lifeboot_wire::{self as wire, Recovery, Slot, Status};
use project::Project;
use std::fs;

/// A byte that the application has stored at this offset in flash.
fn stored(offset: u32) -> u8 {
    (offset ^ offset >> 8 ^ 0x5a) as u8
}

const fn version(minor: u16) -> Version {
    Version { major: 1, minor, patch: 0, build: 0 }
}

/// A board with its project: fresh from production, and with something in each region that is the application's.
struct Device<B> {
    project: Project,
    board: B,
}

impl<B: Emulated> Device<B> {
    fn new(project: Project) -> Self {
        project.sign(&["1.0.0", "1.1.0", "1.3.0", "1.4.0"], &[], true).unwrap();
        let file = project.provision("1.0.0").unwrap();
        let mut flash = FirstFlash::from_file(&fs::read(file).unwrap()).unwrap().content();
        let board = project.board();
        flash.resize(board.chip.flash.sectors.length() as usize, 0xff);
        for (_, region) in board.map.application() {
            for offset in region.start..region.end() {
                flash[offset as usize] = stored(offset);
            }
        }
        let device = Device { board: B::power_on_as(board, &flash).unwrap(), project };
        device.runs(Slot::A, version(0));
        device
    }

    fn status(&self) -> Status {
        // A slow emulator on a busy machine takes longer than a host waits.
        let status = || connect(&self.board.port()).unwrap().status(Retry::VERIFY);
        (0..5).find_map(|_| status().ok()).expect("nobody answers")
    }

    fn runs(&self, slot: wire::Slot, expected: Version) {
        runs(&self.status(), slot, expected).unwrap();
    }

    /// Pushes an image, which must be confirmed.
    fn push(&self, minor: u16) {
        let version = version(minor).to_string();
        let said = self.project.push(&version, &self.board.port(), 0).unwrap();
        assert!(said.contains(&format!("{version} runs and is confirmed")), "{said}");
    }

    /// An image for another map of the board is refused before anything is erased, with both maps.
    fn refuses_another_map(&mut self) {
        self.project.sign_for_another_map("9.0.0").unwrap();
        let before = self.board.flash().unwrap();
        let said = self.project.push("9.0.0", &self.board.port(), 1).unwrap();
        let own = self.project.board();
        let refused = format!("the image is for another flash map of board {} (", own.name);
        let has = format!(") than the device has ({:08x})", own.board().map_digest());
        assert!(said.contains(&refused) && said.contains(&has), "{said}");
        assert!(self.board.flash().unwrap() == before, "flash was changed");
    }

    /// Firmware that does not confirm is rolled back to the one in slot B.
    #[cfg(feature = "deep")]
    fn rolls_back(&self) {
        self.project.sign(&["1.2.0"], &["never-confirm"], false).unwrap();
        let said = self.project.push("1.2.0", &self.board.port(), 1).unwrap();
        assert!(said.contains("rolled back"), "{said}");
        self.runs(Slot::B, version(1));
        assert_eq!(self.status().outcome.unwrap().ending, OutcomeEnding::NotConfirmed);
    }

    /// The bootloader answers on the board's port while its pin is held, and takes an update.
    fn recovers_by_its_pin(&mut self, minor: u16) {
        self.board.reset_by_pin(true).unwrap();
        assert_eq!(self.status().recovery, Some(Recovery::Requested));
        self.board.release_recovery_pin().unwrap();
        self.push(minor);
        assert_eq!(self.status().recovery, None);
    }

    /// So it does if no slot can be started.
    #[cfg(feature = "deep")]
    fn recovers_from_destroyed_slots(self, minor: u16) -> Self {
        let board = self.project.board().clone();
        let mut flash = self.board.power_cut().unwrap();
        crate::recovery::destroy(&board.board(), &mut flash);
        let device = Device { board: B::power_on_as(&board, &flash).unwrap(), project: self.project };
        assert_eq!(device.status().recovery, Some(Recovery::NothingStarts));
        device.push(minor);
        device
    }

    /// What the application has stored is as it was.
    fn keeps_what_is_the_applications(&mut self) {
        let flash = self.board.flash().unwrap();
        let board: &BoardDescription = self.project.board();
        for (name, region) in board.map.application() {
            let changed = (region.start..region.end()).find(|offset| flash[*offset as usize] != stored(*offset));
            assert_eq!(changed, None, "{name} was changed");
        }
    }
}

/// From the board file to an update.
fn updated<B: Emulated>(project: Result<Project>) -> Device<B> {
    let mut device = Device::<B>::new(project.unwrap());
    device.refuses_another_map();
    device.push(1);
    device.runs(Slot::B, version(1));
    device
}

/// The rest: an update that fails, which takes another build, and the ways into recovery mode.
fn recovered<B: Emulated>(mut device: Device<B>) -> Device<B> {
    #[cfg(feature = "deep")]
    device.rolls_back();
    device.recovers_by_its_pin(3);
    device.runs(Slot::A, version(3));
    #[cfg(feature = "deep")]
    return device.recovers_from_destroyed_slots(4);
    #[cfg(not(feature = "deep"))]
    device
}

/// With the compact verifier.
#[test]
fn an_stm32f411_with_settings_in_a_sector_of_its_own() {
    let project = Project::new("acme-press").and_then(Project::with_compact_verifier);
    recovered(updated::<Stm32f4>(project)).keeps_what_is_the_applications();
}

/// Its slots differ in their sectors.
#[cfg(feature = "deep")]
#[test]
fn an_stm32f401() {
    recovered(updated::<Stm32f4>(Project::new("small-press"))).keeps_what_is_the_applications();
}

#[cfg(feature = "deep")]
#[test]
fn an_stm32f429_with_a_slot_in_each_bank() {
    recovered(updated::<Stm32f4>(Project::new("two-banks"))).keeps_what_is_the_applications();
}

#[cfg(feature = "deep")]
#[test]
fn an_rp2040_with_16_mib_another_uart_and_a_file_system() {
    recovered(updated::<Pico>(Project::new("large-pico"))).keeps_what_is_the_applications();
}

#[cfg(feature = "deep")]
#[test]
fn a_microbit_with_another_map() {
    recovered(updated::<Microbit>(Project::new("other-microbit"))).keeps_what_is_the_applications();
}

/// A chip's code in a crate of the user's own, over the flash driver of embassy-stm32.
#[cfg(feature = "deep")]
#[test]
fn an_stm32f411_with_a_bootloader_of_ones_own() {
    let project = Project::with_own_bootloader("embassy-stm32", "acme-press");
    recovered(updated::<Stm32f4>(project)).keeps_what_is_the_applications();
}

/// The same, over that of embassy-rp.
#[cfg(feature = "deep")]
#[test]
fn an_rp2040_with_a_bootloader_of_ones_own() {
    let device = updated::<Pico>(Project::with_own_bootloader("embassy-rp", "large-pico"));
    recovered(device).keeps_what_is_the_applications();
}
