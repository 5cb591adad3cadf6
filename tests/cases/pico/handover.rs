//! The chip's state at the firmware's first instruction, as far as rp2040py models it: nothing of the bootloader in
//! registers and RAM, and clocks, peripherals and interrupts as the boot ROM left them.

use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_core::KeyIds;
use lifeboot_core::Slot;
use lifeboot_core::info::FORMAT;
use lifeboot_example_boards::PICO as BOARD;
use lifeboot_tests::bench::{bootloader, version};
use lifeboot_tests::emulator::pico::Options;
use lifeboot_tests::emulator::{Emulated, Pico};
use lifeboot_tests::product::{self, PICO, VERIFIER};
use std::time::{Duration, Instant};

/// The clocks: reference, system, peripherals. Whether the crystal
/// runs. The watchdog's control, except the time, and its tick.
/// UART0's control; what drives the pins 0, 1 and 22; 22's pulls. SysTick; enabled and pending interrupts.
const REGISTERS: [(u32, u32); 14] = [
    (0x4000_8030, !0),
    (0x4000_803C, !0),
    (0x4000_8048, !0),
    (0x4002_4004, 0x8000_1000),
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

#[test]
fn the_picos_firmware_finds_nothing_of_the_bootloader() {
    let (elf, image) = (bootloader(&PICO).unwrap(), still());
    let flash = product::factory_flash(&PICO, &elf, &image).unwrap();
    let mut board = Pico::power_on_with(&flash, Options { held: true, ..Default::default() }).unwrap();
    board.hold_at(product::function(&elf, "lifeboot_entry").unwrap() & !1).unwrap();
    let before = registers(&mut board);
    board.go().unwrap();

    let [stack, entry] = [0, 4].map(|at| u32::from_le_bytes(image.payload()[at..at + 4].try_into().unwrap()));
    let end = Instant::now() + Duration::from_secs(120);
    while board.registers().unwrap()[15] != entry & !1 {
        assert!(Instant::now() < end, "the firmware is not started: {:x?}", board.state().unwrap());
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut expected = [0; 16];
    (expected[0], expected[13], expected[14], expected[15]) = (entry, stack, u32::MAX, entry & !1);
    assert_eq!(board.registers().unwrap(), expected);
    let bottom = BOARD.ram.end() - VERIFIER.stack();
    assert_eq!(board.read_memory(bottom, VERIFIER.stack() as usize).unwrap(), vec![0; VERIFIER.stack() as usize]);
    assert_eq!(registers(&mut board), before);
}
