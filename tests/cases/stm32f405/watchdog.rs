//! The watchdog: while the firmware waits for an erase; if the option bytes start it with each reset; and on each start,
//! for boards that ask for it.

use super::{connect, factory, image, push, status};
use anyhow::Result;
use lifeboot_client::push::{Options, Until, push as push_with};
use lifeboot_core::Slot;
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{Record, Trial};
use lifeboot_tests::bench::{self, runs, version};
use lifeboot_tests::emulator::stm32f4::chip::{Chip, Settings};
use lifeboot_tests::product::{self, STM32F405};
use lifeboot_tests::simulated_flash::{Part, SimulatedFlash};
use lifeboot_wire as wire;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the watchdog, which a confirmed trial leaves running, resets a chip that erases for so long.
fn watchdog_resets(erase: Duration) -> u32 {
    // The watchdog at its fastest.
    let mut host = connect(&factory(), &Settings { lsi: 47_000, erase, ..Settings::default() });
    push(&mut host, &image(&[], 2, 0)).unwrap();
    assert_eq!(host.pipe().chip().watchdog_resets(), 0);
    // Not restarted since it was confirmed; and not restarted behind this.
    let options = Options { until: Until::Pending, ..Options::default() };
    // A push continues where a reset interrupted it.
    push_with(&mut host, &image(&[], 3, 0), &options, &mut ()).unwrap();
    host.pipe().chip().watchdog_resets()
}

#[test]
fn the_watchdog_outlasts_the_longest_erase_that_the_firmware_cannot_feed_in() {
    // DS8626, 5.3.12: 4 s at most, where it is done byte by byte, as the HAL does it.
    assert_eq!(watchdog_resets(Duration::from_secs(4)), 0);
}

#[test]
fn an_erase_that_takes_too_long_ends_with_the_watchdog() {
    assert!(watchdog_resets(Duration::from_secs(6)) > 0);
}

/// Flash from production, with a trial that has no start left, and a journal whose next record needs an erase.
fn journal_is_full() -> Vec<u8> {
    const BOARD: &Board = STM32F405.board;
    let mut flash = factory();
    let mut simulated = SimulatedFlash::new(BOARD);
    simulated.put(0, &flash);
    let mut journal = Journal::open(&mut simulated, BOARD);
    let exhausted = Trial { attempts: 0, power_attempts: 0, ..Trial::new(Slot::B) };
    let region = BOARD.journal.start as usize..BOARD.journal.end() as usize;
    // Each record differs from the one before.
    for number in (0..=1).cycle() {
        let trial = Some(Trial { power_attempts: number, ..exhausted });
        let before = (simulated.wear(Part::Journal).erases, simulated.bytes()[region.clone()].to_vec());
        journal.append(&mut simulated, &Record { trial, ..Record::FACTORY }).unwrap();
        // The first erase makes the journal; the second one is that of a full unit.
        if before.0 > 0 && simulated.wear(Part::Journal).erases > before.0 {
            flash[region.clone()].copy_from_slice(&before.1);
            return flash;
        }
    }
    unreachable!()
}

/// It runs with a period of half a second then, at its fastest 0.35 s, and an erase in the journal takes 0.8 s at most
/// (DS8626, 5.3.12).
#[test]
fn a_watchdog_that_starts_with_each_reset_outlasts_an_erase_of_the_journal() {
    let erase = Duration::from_millis(800);
    let settings = Settings { lsi: 47_000, erase, hardware_watchdog: true, ..Settings::default() };
    let mut host = connect(&journal_is_full(), &settings);
    runs(&status(&mut host), wire::Slot::A, version(1)).unwrap();
    let chip = host.pipe().chip();
    assert_eq!(chip.watchdog_resets(), 0);
    assert!(chip.seen().count > 0, "the bootloader has erased and written nothing");
}

/// A bootloader whose board asks for the watchdog at each start.
fn watching_bootloader() -> Result<PathBuf> {
    let board = fs::read_to_string(STM32F405.board_file())?;
    let path = product::output()?.join("watching.toml");
    fs::write(&path, board.replace("[map]", "watch-confirmed = true\n\n[map]"))?;
    product::bootloader_for(&path, "watching", &STM32F405, &product::demo_key("demo")?.1)
}

/// How often the watchdog resets a chip whose confirmed firmware hangs, in more than a period of it.
fn resets_of_confirmed_firmware_that_hangs(bootloader: &Path) -> u32 {
    let flash = product::factory_flash(&STM32F405, bootloader, &image(&["hang-at-start"], 1, 0)).unwrap();
    let mut chip = Chip::power_on(&flash, &Settings { lsi: 47_000, ..Settings::default() }).unwrap();
    chip.run_for(Duration::from_secs(6)).unwrap();
    chip.watchdog_resets()
}

#[test]
fn confirmed_firmware_that_hangs_is_restarted_where_the_board_asks_for_it() {
    assert_eq!(resets_of_confirmed_firmware_that_hangs(&bench::bootloader(&STM32F405).unwrap()), 0);
    assert_eq!(resets_of_confirmed_firmware_that_hangs(&watching_bootloader().unwrap()), 1);
}
