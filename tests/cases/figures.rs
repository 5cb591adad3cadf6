//! What Lifeboot costs, in figures that are the same in each run, and the bounds that they must not cross. They are
//! printed: `cargo test -p lifeboot-tests figures -- --nocapture`.

use lifeboot_core::Slot;
use lifeboot_core::handover::BOOT_STACK;
use lifeboot_core::layout::MICROBIT as BOARD;
use lifeboot_host_tool::image_file::ImageFile;
use lifeboot_tests::bench::{self, Bench, image, version};
use lifeboot_tests::emulator::stm32f405::chip::{Chip, Settings};
use lifeboot_tests::emulator::{Emulated, Microbit, Pico, pico};
use lifeboot_tests::product::{self, MICROBIT, PICO, STM32F405};
use lifeboot_tests::simulated_flash::{Part, SimulatedFlash, Wear};
use lifeboot_updater::{Belief, Session, Updater, Work};
use std::time::Duration;

/// Flash of the bootloader on thumbv6m and on thumbv7em, at most.
const BOOTLOADER: u64 = 26 * 1024;
const BOOTLOADER_V7: u64 = 23 * 1024;
/// Instructions from reset to the firmware, for the signature and for each KiB of image, at most.
const BOOT: (u64, u64) = (14_000_000, 125_000);
const BOOT_V7: (u64, u64) = (3_000_000, 75_000);
/// Stack of the example firmware during an update, updater and session among it, at most.
const UPDATE_STACK: u32 = 8 * 1024;
/// RAM of a session and an updater, at most.
const UPDATER_RAM: usize = 2048 + 160;

/// What unused stack is painted with.
const PAINT: u8 = 0xa7;

fn print(what: &str, figure: impl std::fmt::Display, limit: impl std::fmt::Display) {
    println!("{what:76} {figure:>12}   {limit}");
}

/// Entry point of an image in slot A.
fn entry(image: &ImageFile) -> u32 {
    u32::from_le_bytes(image.payload()[4..8].try_into().unwrap()) & !1
}

/// Bytes from the lowest painted-over one up to the end of RAM.
fn used_stack(board: &mut Microbit, from: u32) -> u32 {
    let ram = board.read_memory(from, (BOARD.ram.end() - from) as usize).unwrap();
    ram.iter().skip_while(|byte| **byte == PAINT).count() as u32
}

#[test]
fn the_bootloader_in_flash() {
    for target in [MICROBIT, PICO] {
        let size = product::flash_size(&bench::bootloader(&target).unwrap()).unwrap();
        let what = format!("bootloader, {}, thumbv6m, with recovery: bytes of flash", target.board.name);
        print(&what, size, format!("at most {BOOTLOADER}"));
        assert!(size <= BOOTLOADER);
        assert!(size > 10_000, "{size} bytes cannot hold a signature check");
    }
}

#[test]
fn from_reset_to_the_firmware() {
    let image = image(&MICROBIT, &[], version(1), 0).unwrap();
    let flash = product::factory_flash(&MICROBIT, &bench::bootloader(&MICROBIT).unwrap(), &image).unwrap();
    let mut board = Microbit::power_on_counting(&flash).unwrap();
    bounded_boot("micro:bit, Cortex-M0", &image, board.instructions_to(entry(&image)).unwrap());
}

#[test]
fn from_reset_to_the_firmware_on_the_pico() {
    let image = image(&PICO, &[], version(1), 0).unwrap();
    let flash = product::factory_flash(&PICO, &bench::bootloader(&PICO).unwrap(), &image).unwrap();
    let mut board = Pico::power_on_with(&flash, pico::Options { held: true, ..Default::default() }).unwrap();
    bounded_boot("Pico, Cortex-M0+, its boot ROM included", &image, board.instructions_to(entry(&image)).unwrap());
}

fn bounded_boot(board: &str, image: &ImageFile, instructions: u64) {
    let kib = image.payload().len().div_ceil(1024) as u64;
    let limit = BOOT.0 + kib * BOOT.1;
    print(&format!("reset to firmware of {kib} KiB, {board}: instructions"), instructions, format!("at most {limit}"));
    assert!(instructions <= limit);
    assert!(instructions > kib * 50_000, "too few to have hashed the image");
}

#[test]
fn the_bootloader_in_flash_of_an_stm32f405() {
    let size = product::flash_size(&bench::bootloader(&STM32F405).unwrap()).unwrap();
    print("bootloader, thumbv7em, with recovery: bytes of flash", size, format!("at most {BOOTLOADER_V7}"));
    assert!(size <= BOOTLOADER_V7);
    assert!(size > 10_000, "{size} bytes cannot hold a signature check");
}

#[test]
fn from_reset_to_the_firmware_of_an_stm32f405() {
    let image = image(&STM32F405, &[], version(1), 0).unwrap();
    let flash = product::factory_flash(&STM32F405, &bench::bootloader(&STM32F405).unwrap(), &image).unwrap();
    let mut chip = Chip::power_on(&flash, &Settings::default()).unwrap();
    chip.counts().watch(entry(&image));
    let arrived = |chip: &mut Chip| chip.counts().instructions_before().is_some();
    assert!(chip.run_until(Duration::from_secs(5), arrived).unwrap(), "the firmware is not started");
    let instructions = chip.counts().instructions_before().unwrap();
    let kib = image.payload().len().div_ceil(1024) as u64;
    let limit = BOOT_V7.0 + kib * BOOT_V7.1;
    print(
        &format!("reset to firmware of {kib} KiB, Cortex-M4: instructions"),
        instructions,
        format!("at most {limit}; {:.1} ms at 160 MHz, without waits for flash", chip.now().as_secs_f64() * 1000.0),
    );
    assert!(instructions <= limit);
    assert!(instructions > kib * 20_000, "too few to have hashed the image");
}

#[test]
fn the_bootloaders_stack() {
    let image = image(&MICROBIT, &[], version(1), 0).unwrap();
    let bootloader = bench::bootloader(&MICROBIT).unwrap();
    let flash = product::factory_flash(&MICROBIT, &bootloader, &image).unwrap();
    let mut board = Microbit::power_on(&flash).unwrap();
    board.pause().unwrap();
    board.reset().unwrap();
    // Between the two times that it clears its stack.
    let [begin, leave] =
        ["bootloader5reset", "cortex_m5leave"].map(|name| product::function(&bootloader, name).unwrap());
    assert_eq!(board.run_to(&[begin & !1], Duration::from_secs(60)).unwrap(), Some(begin & !1));
    board.write_memory(BOARD.ram.start, &vec![PAINT; BOARD.ram.length as usize]).unwrap();
    assert_eq!(board.run_to(&[leave & !1], Duration::from_secs(60)).unwrap(), Some(leave & !1));
    let used = used_stack(&mut board, BOARD.ram.start + lifeboot_core::handover::HANDOVER_LENGTH);
    print("bootloader: bytes of stack", used, format!("at most {BOOT_STACK}; static RAM 0, by its linker script"));
    assert!((1000..=BOOT_STACK).contains(&used));
}

#[test]
fn the_updaters_ram() {
    let session = size_of::<Session<528>>();
    let updater = size_of::<Updater<()>>();
    print(
        "session and updater, frames of 512 bytes: bytes of RAM",
        session + updater,
        format!("at most {UPDATER_RAM}"),
    );
    assert!(session + updater <= UPDATER_RAM);
}

#[test]
fn the_firmwares_stack_during_an_update() {
    let first = image(&MICROBIT, &[], version(1), 0).unwrap();
    let mut bench = Bench::<Microbit>::start(&first).unwrap();
    bench.board.pause().unwrap();
    bench.board.reset().unwrap();
    bench.board.run_to(&[entry(&first)], Duration::from_secs(60)).unwrap();
    // Everything behind the firmware's own static variables.
    let elf = product::firmware(&MICROBIT, Slot::A, &[]).unwrap();
    let heap = product::address_of(&elf, "__sheap").unwrap();
    bench.board.write_memory(heap, &vec![PAINT; (BOARD.ram.end() - heap) as usize]).unwrap();
    bench.board.resume().unwrap();
    // Received and verified, not started: the reset would bring the bootloader's stack into it.
    let options = lifeboot_host_tool::push::Options { wait: false, ..Default::default() };
    let new = image(&MICROBIT, &[], version(2), 0).unwrap();
    lifeboot_host_tool::push::push(&mut bench.link().unwrap(), &new, &options, &mut ()).unwrap();
    let used = used_stack(&mut bench.board, heap);
    let room = BOARD.ram.end() - heap;
    print(
        "example firmware, an update, with the signature check: bytes of stack",
        used,
        format!("at most {UPDATE_STACK}, of {room} that are left"),
    );
    assert!(used > 4000 && used <= UPDATE_STACK);
}

#[test]
fn flash_operations_of_an_update() {
    let (old, new) = (image(&MICROBIT, &[], version(1), 0).unwrap(), image(&MICROBIT, &[], version(2), 0).unwrap());
    let mut flash = SimulatedFlash::new(&BOARD);
    flash.put(0, &product::factory_flash(&MICROBIT, &bench::bootloader(&MICROBIT).unwrap(), &old).unwrap());
    let mut updater = Updater::running_in(Slot::A, &mut flash, &BOARD);
    let belief = Belief { running: version(1), target: Slot::B };
    updater.begin(new.header_bytes(), belief, false).unwrap();
    while updater.work().unwrap() == Work::Busy {}
    for part in [new.table(), new.payload()] {
        let mut rest = part;
        while !rest.is_empty() {
            let next = updater.next().unwrap();
            rest = &rest[updater.feed(next, rest).unwrap()..];
            while updater.work().unwrap() == Work::Busy {}
        }
    }
    updater.finish().unwrap();
    while updater.work().unwrap() == Work::Busy {}
    drop(updater);
    let mut updater = Updater::running_in(Slot::B, &mut flash, &BOARD);
    updater.confirm().unwrap();
    drop(updater);

    let expected = new.for_slot(&BOARD, Slot::B).unwrap();
    assert!(flash.region(BOARD.slot(Slot::B)).starts_with(&expected));
    let pages = expected.len().div_ceil(BOARD.slot_unit as usize) as u32;
    let slot = flash.wear(Part::Slot(Slot::B));
    print("update: pages erased by the updater", slot.erases, format!("{pages} hold the image"));
    print("update: pages erased by the bootloader", flash.wear(Part::Slot(Slot::A)).erases, 0);
    let Wear { erases, writes, .. } = flash.wear(Part::Journal);
    print(
        "update: boot records, beside those of its starts",
        writes,
        format!("{erases} pages erased: the journal's first"),
    );
    assert_eq!((slot.erases, writes), (pages, 2));
    assert_eq!(flash.wear(Part::Slot(Slot::A)), Wear::default());
}
