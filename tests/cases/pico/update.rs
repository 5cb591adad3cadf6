//! One update of the emulated Pico, recorded: its flash commands, and what flash holds after any number of them.

use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_artifact::flash_file::Format;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_client::link::Retry;
use lifeboot_client::push::{self, Options, Pushed};
use lifeboot_core::journal::Journal;
use lifeboot_core::record::Record;
use lifeboot_tests::bench::{Bench, bootloader, connect, image, version};
use lifeboot_tests::emulator::pico::Operation;
use lifeboot_tests::emulator::{Emulated, Pico};
use lifeboot_tests::product::PICO;
use lifeboot_tests::simulated_flash::SimulatedFlash;
use lifeboot_wire::Status;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// An update over the UART, from the factory's flash to the confirm, and a board that went through it.
pub struct Update {
    /// What is pushed.
    pub new: ImageFile,
    /// Flash before.
    pub start: Vec<u8>,
    /// What was done to it.
    pub operations: Vec<Operation>,
    /// Flash afterwards.
    pub end: Vec<u8>,
    /// The state as reported before and after.
    pub before: Status,
    pub after: Status,
    pub pushed: Pushed,
    pub blinks: u32,
    pub complaints: Vec<String>,
}

/// Made once for all tests of this board.
pub static UPDATE: LazyLock<Update> = LazyLock::new(|| {
    let (old, new) = (image(&PICO, &[], version(1), 0).unwrap(), image(&PICO, &[], version(2), 1).unwrap());
    let start = copied_to_the_drive(&old);
    let mut bench = Bench { board: Pico::power_on(&start).unwrap() };
    let before = status(&bench.board.port());
    let (blinks, pushed) = bench
        .blinks_while(|port| push::push(&mut connect(&port).unwrap(), &new, &Options::default(), &mut ()))
        .unwrap();
    Update {
        before,
        after: status(&bench.board.port()),
        pushed: pushed.unwrap(),
        blinks,
        operations: bench.board.operations().unwrap(),
        complaints: bench.board.state().unwrap().complaints,
        end: bench.board.power_cut().unwrap(),
        new,
        start,
    }
});

/// What flash holds when the file of `lifeboot provision` was copied to the drive of a Pico that had been used for
/// something else: the boot ROM erases each sector of 4 KiB that it meets, and programs pages (RP2040 Datasheet, 2.8.4).
fn copied_to_the_drive(image: &ImageFile) -> Vec<u8> {
    let elf = std::fs::read(bootloader(&PICO).unwrap()).unwrap();
    let first = FirstFlash::new(Bootloader::from_elf(&elf).unwrap(), image.clone()).unwrap();
    let mut flash = vec![0x5a; PICO.board.flash_length as usize];
    let mut erased = BTreeSet::new();
    for block in first.to_file(Format::Uf2).unwrap().chunks(512) {
        let word = |at: usize| u32::from_le_bytes(block[at..at + 4].try_into().unwrap());
        let (start, length) = (word(12) - PICO.board.flash_address, word(16));
        assert_eq!((length, start % length), (256, 0));
        let operations = [
            Operation(Operation::ERASE_SECTOR, start & !0xfff, vec![]),
            Operation(Operation::PROGRAM_PAGE, start, block[32..][..256].to_vec()),
        ];
        let due = usize::from(!erased.insert(start & !0xfff));
        operations[due..].iter().for_each(|operation| operation.apply(&mut flash).unwrap());
    }
    flash
}

/// The state as reported by the device. Waits long, as the emulated board is slow.
pub fn status(port: &str) -> Status {
    connect(port).unwrap().status(Retry::VERIFY).unwrap()
}

/// Flash of the update after its first `operations` operations.
pub fn flash_after(update: &Update, operations: usize) -> Vec<u8> {
    applied(&update.start, &update.operations[..operations])
}

/// Flash with these operations made.
pub fn applied(flash: &[u8], operations: &[Operation]) -> Vec<u8> {
    let mut flash = flash.to_vec();
    operations.iter().for_each(|operation| operation.apply(&mut flash).unwrap());
    flash
}

/// Flash for the bootloader's own code.
pub fn simulated(flash: &[u8]) -> SimulatedFlash {
    let mut simulated = SimulatedFlash::new(PICO.board);
    simulated.put(0, flash);
    simulated
}

/// The boot state that this flash holds.
pub fn record(flash: &[u8]) -> Record {
    *Journal::open(&mut simulated(flash), PICO.board).record()
}
