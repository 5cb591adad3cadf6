//! The updater verifies what it has written while the rest is still missing.

use crate::signed_image::{SignedImage, info};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use lifeboot_core::Slot;
use lifeboot_core::layout::BLOCK;
use lifeboot_example_boards::MICROBIT;
use lifeboot_tests::simulated_flash::{Fault, SimulatedFlash};
use lifeboot_updater::{Expected, Refusal, Step, Ticket, Updater};

/// Blocks of the payloads here; some bytes more are in another one.
const BLOCKS: u32 = 9;

/// Flash that corrupts one byte of what is written.
struct Flash<'a> {
    cells: &'a mut SimulatedFlash,
    weak: Option<u32>,
}

impl ErrorType for Flash<'_> {
    type Error = Fault;
}

impl ReadNorFlash for Flash<'_> {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.cells.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.cells.capacity()
    }
}

impl NorFlash for Flash<'_> {
    const WRITE_SIZE: usize = SimulatedFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = SimulatedFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.cells.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        let mut kept = bytes.to_vec();
        if let Some(byte) = self.weak.and_then(|weak| kept.get_mut(weak.checked_sub(offset)? as usize)) {
            *byte ^= 0x40;
        }
        self.cells.write(offset, &kept)
    }
}

type Device<'a> = Updater<Flash<'a>>;

/// A device that runs slot A.
fn device(cells: &mut SimulatedFlash, weak: Option<u32>) -> Device<'_> {
    Updater::running_in(Slot::A, Flash { cells, weak }, &MICROBIT).unwrap()
}

fn new_image() -> SignedImage {
    SignedImage::new(&MICROBIT, (BLOCKS * BLOCK + 20) as usize)
}

/// Flash with firmware in slot A.
fn flash() -> (SimulatedFlash, SignedImage) {
    let mut flash = SimulatedFlash::new(&MICROBIT);
    flash.put_info(&info());
    let running = SignedImage::new(&MICROBIT, 520);
    running.put(&mut flash, Slot::A);
    (flash, running)
}

/// Steps until there is nothing to do. Returns the number of steps.
fn work(updater: &mut Device) -> Result<usize, Refusal> {
    let mut steps = 1;
    while updater.step()? == Step::Busy {
        steps += 1;
    }
    Ok(steps)
}

fn begin(updater: &mut Device, image: &SignedImage, running: &SignedImage) -> Ticket {
    let belief = Expected { running: running.header.version, target: Slot::B };
    let transfer = updater.begin(&image.header_bytes(), belief, false).unwrap();
    work(updater).unwrap();
    transfer
}

/// Receives the table, and the payload up to an offset in it; looks back at as many blocks as there are after each
/// piece, if it is to. Returns how many those were.
fn receive(updater: &mut Device, transfer: Ticket, image: &SignedImage, end: u32, looks_back: bool) -> usize {
    let (content, table) = (image.content(Slot::A), image.table_offset());
    let table_end = table + image.header.table_length;
    let end = image.board.header_length + end;
    let mut blocks = 0;
    while let Some(next) = updater.next().filter(|next| *next != end) {
        let limit = if next >= table { table_end } else { end };
        let taken = updater.feed(transfer, next, &content[next as usize..limit.min(next + 300) as usize]).unwrap();
        assert!(taken > 0, "nothing is taken at {next}");
        work(updater).unwrap();
        while looks_back && updater.verify_ahead().unwrap() {
            blocks += 1;
        }
    }
    blocks
}

/// Steps from the last byte on.
fn steps_behind(looks_back: bool) -> usize {
    let ((mut flash, running), image) = (flash(), new_image());
    let mut updater = device(&mut flash, None);
    let transfer = begin(&mut updater, &image, &running);
    let blocks = receive(&mut updater, transfer, &image, image.header.payload_length, looks_back);
    assert_eq!(blocks, if looks_back { BLOCKS as usize } else { 0 });
    updater.finish(transfer).unwrap();
    let steps = work(&mut updater).unwrap();
    assert!(flash.region(MICROBIT.slot(Slot::B)).starts_with(&image.content(Slot::B)));
    steps
}

#[test]
fn what_was_verified_while_the_rest_came_is_not_read_again_behind_it() {
    assert_eq!(steps_behind(false) - steps_behind(true), BLOCKS as usize);
}

#[test]
fn without_a_transfer_there_is_nothing_to_look_back_at() {
    let (mut flash, running) = flash();
    let mut updater = device(&mut flash, None);
    assert_eq!(updater.verify_ahead(), Ok(false));
    begin(&mut updater, &new_image(), &running);
    assert_eq!(updater.verify_ahead(), Ok(false));
}

#[test]
fn what_flash_does_not_keep_is_found_wherever_it_is() {
    let image = new_image();
    for block in 0..=BLOCKS {
        let (mut flash, running) = flash();
        let weak = MICROBIT.slot(Slot::B).start + MICROBIT.header_length + block * BLOCK + 17;
        let mut updater = device(&mut flash, Some(weak));
        let transfer = begin(&mut updater, &image, &running);
        receive(&mut updater, transfer, &image, image.header.payload_length, true);
        updater.finish(transfer).unwrap();
        assert_eq!(work(&mut updater), Err(Refusal::Digest), "block {block}");
    }
}

/// A transfer that is replaced by another leaves no state of its verification.
#[test]
fn each_image_is_verified_from_its_own_beginning() {
    let given_up = new_image();
    let mut image = SignedImage::new(&MICROBIT, 1500);
    image.filling[900] ^= 1;
    image.seal();
    for end in [0, BLOCK, 5 * BLOCK, given_up.header.payload_length] {
        for looks_back in [false, true] {
            let (mut flash, running) = flash();
            let mut updater = device(&mut flash, None);
            let first = begin(&mut updater, &given_up, &running);
            receive(&mut updater, first, &given_up, end, true);
            let transfer = begin(&mut updater, &image, &running);
            assert_eq!(updater.feed(first, image.table_offset(), &[0]), Err(Refusal::Superseded));
            receive(&mut updater, transfer, &image, image.header.payload_length, looks_back);
            updater.finish(transfer).unwrap();
            assert!(work(&mut updater).is_ok(), "after {end}");
            assert!(flash.region(MICROBIT.slot(Slot::B)).starts_with(&image.content(Slot::B)), "after {end}");
        }
    }
}
