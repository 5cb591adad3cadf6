//! The emulated micro:bit: a watchdog that runs since before the reset, which does not stop it, must not end a boot; and
//! what recovery mode starts there. QEMU has no WDT, but it reports the writes to it.

use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_client::link::Retry;
use lifeboot_core::KeyIds;
use lifeboot_core::Slot;
use lifeboot_core::info::FORMAT;
use lifeboot_core::layout::BLOCK;
use lifeboot_example_boards::MICROBIT as BOARD;
use lifeboot_tests::bench::{self, image, version};
use lifeboot_tests::costs::boot::MICROBIT_HERTZ;
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_tests::product::{self, MICROBIT};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// The reload registers, 0x600 in WDT, and what reloads (nRF51 Series Reference Manual 3.0, 20.2); in QEMU's log.
const WDT_RR: u32 = 0x1_0600;
const RELOADS: u32 = 8;
const RELOAD: u32 = 0x6E52_4635;

/// The longest time between two feeds that `docs/boards/microbit.md` counts on, in instructions: a signature's check.
const LONGEST: u64 = 12_500_000;
/// From reset to the first feed.
const FIRST: u64 = 20_000;

/// Blocks of the firmware here.
const BLOCKS: usize = 16;

/// Firmware that stays at its first instruction.
fn still() -> ImageFile {
    let release =
        Release { version: version(1), epoch: 0, lowest_bootloader: FORMAT, schemas: (0, 0), revokes: KeyIds::NONE };
    let entry = BOARD.payload_address(Slot::A) + 8;
    let mut payload = [BOARD.ram.end(), entry | 1, 0xe7fe_e7fe].map(u32::to_le_bytes).concat();
    payload.resize(BLOCKS * BLOCK as usize, 0);
    let key = product::demo_key("demo").unwrap().0;
    let unsigned = UnsignedImage::new(&BOARD, Slot::A, payload, &[], release, key.public().id()).unwrap();
    let signature = key.sign(&unsigned.bytes_to_sign());
    unsigned.with_signature(signature).unwrap()
}

/// The page says from which period on a watchdog outlasts a boot: more than twice this time, at a cycle an instruction.
#[test]
fn it_is_fed_from_the_start_and_while_slots_are_verified() {
    let bootloader = bench::bootloader(&MICROBIT).unwrap();
    let image = still();
    let flash = product::factory_flash(&MICROBIT, &bootloader, &image).unwrap();
    let entry = BOARD.payload_address(Slot::A) + 8;
    let feed = product::function(&bootloader, "8watchdog13feed_watchdog").unwrap();

    let mut board = Microbit::power_on_held(&flash).unwrap();
    let start = board.instructions().unwrap();
    let (mut before, mut feeds, mut longest) = (start, 0, 0);
    loop {
        let reached = board.run_to(&[feed, entry], SOON).unwrap().expect("neither a feed nor the firmware");
        let now = board.instructions().unwrap();
        if feeds == 0 {
            assert!(now - start < FIRST, "fed after {} instructions", now - start);
        }
        longest = longest.max(now - before);
        before = now;
        if reached == entry {
            break;
        }
        feeds += 1;
    }
    println!("{feeds} feeds, at most {longest} instructions apart");
    // Each block is a read, and each read a feed.
    assert!(feeds > BLOCKS, "{feeds} feeds for {BLOCKS} blocks");
    assert!(longest < LONGEST, "{longest} instructions without a feed, {} ms", longest * 1000 / MICROBIT_HERTZ);
}

#[test]
fn every_reload_register_is_written() {
    let image = image(&MICROBIT, &[], version(1), 0).unwrap();
    let bootloader = bench::bootloader(&MICROBIT).unwrap();
    let flash = product::factory_flash(&MICROBIT, &bootloader, &image).unwrap();
    let mut board = Microbit::power_on(&flash).unwrap();
    board.pause().unwrap();
    board.note_what_is_not_modelled().unwrap();
    board.reset().unwrap();
    let open = product::function(&bootloader, "7journal7Journal4open").unwrap();
    assert!(board.run_to(&[open], SOON).unwrap().is_some());
    let notes = board.notes().unwrap();
    for register in (0..RELOADS).map(|number| WDT_RR + number * 4) {
        let written = format!("offset 0x{register:08x}, value 0x{RELOAD:08x}");
        assert!(notes.contains(&written), "nobody writes {register:#x}: {notes}");
    }
}

/// The RC oscillator may be 5 % off, too much for a serial port: HFCLKSTART, the first register of CLOCK (13.2).
#[test]
fn recovery_mode_starts_the_crystal() {
    let flash = product::factory_flash(
        &MICROBIT,
        &bench::bootloader(&MICROBIT).unwrap(),
        &image(&MICROBIT, &[], version(1), 0).unwrap(),
    );
    let mut board = Microbit::power_on(&flash.unwrap()).unwrap();
    board.pause().unwrap();
    board.note_what_is_not_modelled().unwrap();
    board.reset_by_pin(true).unwrap();
    let status = bench::connect(&board.port()).unwrap().status(Retry::VERIFY).unwrap();
    assert!(status.recovery.is_some());
    assert!(
        board.notes().unwrap().contains(": 0x0 <- 0x1 [4]"),
        "nobody starts the crystal: {}",
        board.notes().unwrap()
    );
}
