//! The chip's state at the firmware's first instruction, as far as rp2040py models it: nothing of the bootloader in
//! registers and RAM, and clocks, peripherals and interrupts as the boot ROM left them.

use super::faults;
use super::update::status;
use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_core::KeyIds;
use lifeboot_core::Slot;
use lifeboot_core::info::FORMAT;
use lifeboot_example_boards::PICO as BOARD;
use lifeboot_tests::bench::{Bench, bootloader, image, runs, version};
use lifeboot_tests::emulator::pico::{ClockFault, Options};
use lifeboot_tests::emulator::{Emulated, Pico};
use lifeboot_tests::product::{self, PICO, VERIFIER};
use lifeboot_wire as wire;
use std::time::{Duration, Instant};

/// The clocks: reference, system, peripherals. Whether the crystal runs, and how long it takes to start. The ring
/// oscillator's divisor. Whether RESETS holds the PLLs; PLL_SYS: status, power, multiplier, dividers. The core's voltage. The
/// watchdog's control, except the time, and its tick.
/// UART0's control; what drives the pins 0, 1 and 22; 22's pulls. SysTick; enabled and pending interrupts.
const REGISTERS: [(u32, u32); 22] = [
    (0x4000_8030, !0),
    (0x4000_803C, !0),
    (0x4000_8048, !0),
    (0x4002_4004, 0x8000_1000),
    (0x4002_400C, !0),
    (0x4006_0010, !0),
    (0x4000_C000, PLLS),
    (0x4002_8000, !0),
    (0x4002_8004, !0),
    (0x4002_8008, !0),
    (0x4002_800C, !0),
    (0x4006_4000, !0),
    (0x4005_8000, 0x7F00_0000),
    (0x4005_802C, 0x3FF),
    (0x4003_4030, !0),
    (0x4001_4004, !0),
    (0x4001_400C, !0),
    (0x4001_40B4, !0),
    (0x4001_C05C, !0),
    (0xE000_E010, 0b111),
    (0xE000_E100, !0),
    (0xE000_E200, !0),
];

const PLLS: u32 = 1 << 12 | 1 << 13;

/// The core's clocks in hertz: the ring oscillator as after reset and as the bootloader sets it, and the PLL.
const AFTER_RESET: u64 = 6_500_000;
const RING: u64 = 52_000_000;
const PLL: u64 = 125_000_000;

/// Firmware that stays at its first instruction.
fn still() -> ImageFile {
    let release =
        Release { version: version(1), epoch: 0, lowest_bootloader: FORMAT, schemas: (0, 0), revokes: KeyIds::NONE };
    let entry = BOARD.payload_address(Slot::A) + 8;
    let payload = [BOARD.ram.end(), entry | 1, 0xe7fe_e7fe].map(u32::to_le_bytes).concat();
    let key = product::demo_key("demo").unwrap().0;
    let unsigned = UnsignedImage::new(&BOARD, Slot::A, payload, &[], release, key.public().id()).unwrap();
    let signature = key.sign(&unsigned.bytes_to_sign());
    unsigned.with_signature(signature).unwrap()
}

fn registers(board: &mut Pico) -> Vec<u32> {
    let mut word = |address| u32::from_le_bytes(board.read_memory(address, 4).unwrap().try_into().unwrap());
    REGISTERS.iter().map(|(address, bits)| word(*address) & bits).collect()
}

/// Boots, and compares the chip at the firmware's first instruction with the chip at the bootloader's; returns what the
/// core's clock has been.
fn hands_over_cleanly(clock_fault: Option<ClockFault>) -> Vec<u64> {
    let (elf, image) = (bootloader(&PICO).unwrap(), still());
    let flash = product::factory_flash(&PICO, &elf, &image).unwrap();
    let mut board = Pico::power_on_with(&flash, Options { held: true, clock_fault, ..Default::default() }).unwrap();
    board.hold_at(product::function(&elf, "lifeboot_entry").unwrap() & !1).unwrap();
    let before = registers(&mut board);
    board.go().unwrap();

    let [stack, entry] = [0, 4].map(|at| u32::from_le_bytes(image.payload()[at..at + 4].try_into().unwrap()));
    let end = Instant::now() + Duration::from_secs(120);
    while board.registers().unwrap()[15] != entry & !1 {
        let state = board.state().unwrap();
        assert!(!state.failed && Instant::now() < end, "the firmware is not started: {state:x?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut expected = [0; 16];
    (expected[0], expected[13], expected[14], expected[15]) = (entry, stack, u32::MAX, entry & !1);
    assert_eq!(board.registers().unwrap(), expected);
    let bottom = BOARD.ram.end() - VERIFIER.stack();
    assert_eq!(board.read_memory(bottom, VERIFIER.stack() as usize).unwrap(), vec![0; VERIFIER.stack() as usize]);
    assert_eq!(registers(&mut board), before);
    let state = board.state().unwrap();
    assert_eq!(faults(&state.complaints), [""; 0]);
    state.speeds
}

#[test]
fn the_picos_firmware_finds_nothing_of_the_bootloader() {
    assert_eq!(hands_over_cleanly(None), [AFTER_RESET, RING, PLL, RING, AFTER_RESET]);
}

#[test]
fn a_crystal_that_does_not_start_makes_a_boot_slow() {
    assert_eq!(hands_over_cleanly(Some(ClockFault::Crystal)), [AFTER_RESET, RING, AFTER_RESET]);
}

#[test]
fn a_pll_that_does_not_lock_makes_a_boot_slow() {
    assert_eq!(hands_over_cleanly(Some(ClockFault::Pll)), [AFTER_RESET, RING, AFTER_RESET]);
}

/// The firmware's crystal, PLLs and peripherals still run then, and the core with them.
#[test]
fn a_reset_of_the_core_alone_is_booted_from_the_pll_as_any_other() {
    let mut bench = Bench::<Pico>::start(&image(&PICO, &[], version(1), 0).unwrap()).unwrap();
    runs(&status(&bench.board.port()), wire::Slot::A, version(1)).unwrap();
    let before = bench.board.state().unwrap().speeds;
    assert_eq!(before.last(), Some(&PLL), "the example firmware runs from the PLL, too");
    bench.board.reset_core().unwrap();
    bench.board.started(2).unwrap();
    runs(&status(&bench.board.port()), wire::Slot::A, version(1)).unwrap();
    let state = bench.board.state().unwrap();
    assert_eq!(state.speeds[before.len()..][..4], [RING, PLL, RING, AFTER_RESET]);
    assert_eq!(faults(&state.complaints), [""; 0]);
}
