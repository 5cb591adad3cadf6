//! The demo's steps. Each leaves the board for the next one.

use crate::board::DemoBoard;
use anyhow::{Context, Result, ensure};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::{Slot, Version};
use lifeboot_tests::bench::{self, image, version};
use lifeboot_tests::emulator::Emulated;
use lifeboot_tests::product;

/// Epoch of everything that the demo confirms.
const EPOCH: u32 = 1;

const V2_2: Version = Version { major: 2, minor: 2, patch: 0, build: 0 };
const V2_1: Version = Version { major: 2, minor: 1, patch: 0, build: 0 };

pub fn update<B: Emulated>(demo: &mut DemoBoard<B>) -> Result<()> {
    let file = demo.save(&image(&B::TARGET, &[], version(2), EPOCH)?, "2.0.0")?;
    let (run, blinks) = demo.lifeboot_and_blinks(&["push", &file])?;
    run.succeeds()?.says("2.0.0 runs and is confirmed")?;
    println!("  the LED changed {blinks} times meanwhile");
    ensure!(blinks > 2, "the firmware stood still during the push");
    runs(demo, Slot::B, version(2))
}

pub fn hang<B: Emulated>(demo: &mut DemoBoard<B>) -> Result<()> {
    let file = demo.save(&image(&B::TARGET, &["hang-at-start"], version(3), EPOCH)?, "3.0.0-hangs")?;
    demo.lifeboot(&["push", &file])?.fails()?.says("rolled back")?.says("watchdog")?;
    runs(demo, Slot::B, version(2))
}

pub fn never_confirms<B: Emulated>(demo: &mut DemoBoard<B>) -> Result<()> {
    let file = demo.save(&image(&B::TARGET, &["never-confirm"], version(4), EPOCH)?, "4.0.0-never-confirms")?;
    demo.lifeboot(&["push", &file])?.fails()?.says("rolled back")?;
    runs(demo, Slot::B, version(2))
}

pub fn refusals<B: Emulated>(demo: &mut DemoBoard<B>) -> Result<()> {
    let good = image(&B::TARGET, &[], V2_1, EPOCH)?;
    let before = demo.bench()?.board.flash()?;

    let mut bytes = good.to_bytes();
    bytes[0x18] ^= 4; // One bit of the version, in the signed header.
    let tampered = demo.save(&ImageFile::from_bytes(&bytes)?, "tampered")?;
    demo.lifeboot(&["push", &tampered])?.fails()?.says("signature")?;

    let (stranger, _) = product::demo_key("stranger")?;
    let elf = product::firmware(&B::TARGET, Slot::A, &[])?;
    let foreign = demo.save(&product::sign(&B::TARGET, &elf, V2_1, EPOCH, &stranger)?, "signed-by-another-key")?;
    demo.lifeboot(&["push", &foreign])?.fails()?.says("key")?;

    let (key, _) = product::demo_key("demo")?;
    let stranger = lifeboot_example_boards::BOARDS.into_iter().find(|board| board.name != B::TARGET.board.name);
    let stranger = stranger.context("there is no other board")?;
    let other = demo.save(&product::sign_for(stranger, &good, &key)?, "for-another-board")?;
    demo.lifeboot(&["push", &other])?.fails()?.says(stranger.name)?;

    let old = demo.save(&image(&B::TARGET, &[], V2_1, EPOCH - 1)?, "lower-epoch")?;
    demo.lifeboot(&["push", &old])?.fails()?.says("epoch")?;

    ensure!(demo.bench()?.board.flash()? == before, "flash has changed");
    println!("  not a bit of flash has changed");
    runs(demo, Slot::B, version(2))
}

pub fn power_cut<B: Emulated>(demo: &mut DemoBoard<B>) -> Result<()> {
    let new = image(&B::TARGET, &[], V2_1, EPOCH)?;
    let file = demo.save(&new, "2.1.0")?;
    let push = demo.start(&["push", &file])?;
    demo.bench()?.wait_until_written(Slot::A, &new, 20 * 1024)?;
    println!("  the power is cut, and comes back");
    demo.cut_power()?;
    push.stop()?;
    demo.lifeboot(&["status"])?.succeeds()?;
    runs(demo, Slot::B, version(2))?;
    demo.lifeboot(&["push", &file])?.succeeds()?.says("2.1.0 runs and is confirmed")?.says(" were there already")?;
    runs(demo, Slot::A, V2_1)
}

pub fn rollback<B: Emulated>(demo: &mut DemoBoard<B>) -> Result<()> {
    demo.lifeboot(&["rollback"])?.succeeds()?;
    demo.lifeboot(&["status"])?.succeeds()?;
    runs(demo, Slot::B, version(2))
}

pub fn recovery<B: Emulated>(demo: &mut DemoBoard<B>) -> Result<()> {
    let board = B::TARGET.board;
    let file = demo.save(&image(&B::TARGET, &[], V2_2, EPOCH)?, "2.2.0")?;
    demo.change_flash(|flash| {
        for slot in Slot::BOTH {
            let payload = (board.slot(slot).start + board.header_length) as usize;
            flash[payload..payload + 1024].fill(0);
        }
    })?;
    println!("  a kilobyte of firmware is gone in each slot");
    demo.lifeboot(&["status"])?.succeeds()?.says("no slot can be started")?;
    demo.lifeboot(&["push", &file])?
        .succeeds()?
        .says("the bootloader is in recovery mode")?
        .says("2.2.0 runs and is confirmed")?;
    runs(demo, Slot::A, V2_2)
}

/// Checks which version the device reports as running and confirmed.
fn runs<B: Emulated>(demo: &mut DemoBoard<B>, slot: Slot, expected: Version) -> Result<()> {
    bench::runs(&demo.bench()?.status()?, slot.into(), expected)
}
