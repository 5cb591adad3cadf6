//! The micro:bit's state at the firmware's first instruction, as far as QEMU models it: nothing of the bootloader in
//! RAM, no interrupt enabled, and the bootloader's flash protected. `stm32f405/handover.rs` checks more, on an
//! STM32F405.

use lifeboot_core::handover::{HANDOVER_LENGTH, STARTS, starts_word};
use lifeboot_example_boards::MICROBIT as BOARD;
use lifeboot_tests::bench::{self, Bench, image, version};
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_tests::product::{self, MICROBIT, VERIFIER};
use std::time::Duration;

/// The registers of what is enabled and pending of SysTick and the interrupts, and their bits (Armv6-M ARM, B3.3.3 and
/// B3.4.3).
const INTERRUPTS: [(u32, u32); 3] = [(0xE000_E010, 0b11), (0xE000_E100, !0), (0xE000_E200, !0)];
/// Offset of MPU's PROTENSET0, and its value: a bit for each of the bootloader's blocks of 4 KiB. QEMU does not model
/// it.
const PROTENSET0: u32 = 0x600;
const PROTECTED: u32 = (1 << (BOARD.bootloader.length / 4096)) - 1;

#[test]
fn the_micro_bits_firmware_finds_nothing_of_the_bootloader() {
    let image = image(&MICROBIT, &[], version(1), 0).unwrap();
    let flash = product::factory_flash(&MICROBIT, &bench::bootloader(&MICROBIT).unwrap(), &image).unwrap();
    let mut board = Microbit::power_on(&flash).unwrap();
    board.pause().unwrap();
    board.note_what_is_not_modelled().unwrap();
    board.write_memory(BOARD.ram.start, &vec![0x5a; BOARD.ram.length as usize]).unwrap();
    board.reset().unwrap();
    let [stack, entry] = [0, 4].map(|at| u32::from_le_bytes(image.payload()[at..at + 4].try_into().unwrap()));
    assert_eq!(board.run_to(&[entry & !1], Duration::from_secs(60)).unwrap(), Some(entry & !1));

    let mut expected = [0; 16];
    (expected[0], expected[13], expected[14], expected[15]) = (entry, stack, u32::MAX, entry & !1);
    assert_eq!(board.registers().unwrap(), expected);
    for (register, bits) in INTERRUPTS {
        assert_eq!(board.read_word(register).unwrap() & bits, 0, "{register:#010x}");
    }
    let bottom = BOARD.ram.end() - VERIFIER.stack();
    assert_eq!(board.read_memory(bottom, VERIFIER.stack() as usize).unwrap(), vec![0; VERIFIER.stack() as usize]);
    let shared = BOARD.ram.start + HANDOVER_LENGTH;
    let below = board.read_memory(shared, (bottom - shared) as usize).unwrap();
    assert!(below.iter().all(|byte| *byte == 0x5a), "the bootloader used RAM below its stack");
    let notes = board.notes().unwrap();
    let protected = format!("{PROTENSET0:#x} <- {PROTECTED:#x} [4]");
    assert!(notes.contains(&protected), "nobody protects the bootloader's blocks: {notes}");
}

/// Its firmware sets the count of crashes to zero once it has been running well for a while.
#[test]
fn the_example_firmware_forgets_crashes_that_are_long_ago() {
    let image = image(&MICROBIT, &[], version(1), 0).unwrap();
    let mut bench = Bench::<Microbit>::start(&image).unwrap();
    assert_eq!(bench.status().unwrap().journal_failing, Some(false));
    let mut starts = || bench.board.read_word(BOARD.ram.start + STARTS).unwrap();
    assert_eq!(starts(), starts_word(1));
    let is_forgotten = (0..240).any(|_| {
        std::thread::sleep(Duration::from_millis(250));
        starts() == 0
    });
    assert!(is_forgotten, "{:#x}", starts());
}
