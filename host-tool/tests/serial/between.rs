//! The time between check and use: flash that changes after it was written, after it was hashed, after it was marked.
//! Only an image that was verified in the same boot is started.

use crate::device::Device;
use crate::flash::Flash;
use crate::images::{Recipe, info, version};
use crate::pushes::recipe;
use crate::stranger::ranges;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Slot;
use lifeboot_core::boot::{Decision, boot};
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{Cause, Trial};
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_updater::{Expected, Refusal, Step, Ticket, Updater};

fn image(board: &'static Board) -> ImageFile {
    Recipe { relocations: 300, ..recipe(board, 1, 1500) }.image()
}

fn work(updater: &mut Updater<Flash>) -> Result<(), Refusal> {
    while updater.step()? == Step::Busy {}
    Ok(())
}

/// Firmware that has received everything of the image.
fn complete(board: &'static Board) -> (Flash, Updater<Flash>, Ticket) {
    let (image, flash) = (image(board), Device::new(board).flash.clone());
    let mut updater = Updater::running_in(Slot::A, flash.clone(), board).unwrap();
    let belief = Expected { running: version(0), target: Slot::B };
    let transfer = updater.begin(image.header_bytes(), belief, false).unwrap();
    work(&mut updater).unwrap();
    let content = image.to_bytes();
    for (start, end) in <[_; 2]>::from(ranges(&image)) {
        let mut at = start;
        while at < end {
            at += updater.feed(transfer, at, &content[at as usize..end as usize]).unwrap() as u32;
            work(&mut updater).unwrap();
        }
    }
    (flash, updater, transfer)
}

/// Changes a byte of slot B.
fn change(flash: &Flash, board: &Board, at: u32) {
    let at = board.slot(Slot::B).start + at;
    flash.put(at, &[flash.bytes(at, 1)[0] ^ 0x10]);
}

/// Offsets in the slot: header, both ends of the payload, both ends of the table.
fn places(board: &'static Board) -> [u32; 6] {
    let (table, payload) = ranges(&image(board));
    [0x30, 0xff, payload.0 + 100, payload.1 - 1, table.0, table.1 - 1]
}

fn trial(flash: &Flash, board: &'static Board) -> Option<Trial> {
    Journal::open(&mut flash.clone(), board).record().trial
}

/// Flash changes after each step from the end of the transfer to the mark: either that is detected and nothing is
/// marked, or the next boot detects it; and no step marks any slot but the verified one.
#[test]
fn whenever_flash_changes_it_is_not_started() {
    for board in [&MICROBIT, &STM32F405] {
        let (mut refused, mut rejected) = (0, 0);
        for at in places(board) {
            for steps in 0.. {
                let (flash, mut updater, transfer) = complete(board);
                updater.finish(transfer).unwrap();
                let mut ended = Ok(Step::Busy);
                for _ in 0..steps {
                    assert_eq!(trial(&flash, board), None);
                    ended = updater.step();
                    if ended != Ok(Step::Busy) {
                        break;
                    }
                }
                change(&flash, board, at);
                let result = if ended.is_ok_and(Step::is_end) { Ok(()) } else { work(&mut updater) };
                let marked = trial(&flash, board);
                assert_eq!(marked, result.is_ok().then(|| Trial::new(Slot::B)), "{at:#x} after {steps}: {result:?}");
                let decision = boot(&mut flash.clone(), board, &info().for_board(board), Cause::Request.into());
                let Decision::Confirmed(verified) = decision else { panic!("{at:#x} after {steps}: {decision:?}") };
                assert_eq!((verified.slot(), trial(&flash, board)), (Slot::A, None));
                *(if result.is_err() { &mut refused } else { &mut rejected }) += 1;
                if ended.is_ok_and(Step::is_end) {
                    break;
                }
            }
        }
        assert!(refused > 10 && rejected > 10, "{refused} were refused, {rejected} rejected");
    }
}

/// The header that was checked is the one that is written, to the byte, and the one that is in the boot's proof.
#[test]
fn the_header_that_is_written_is_the_one_that_was_checked() {
    for board in [&MICROBIT, &STM32F405] {
        let (flash, mut updater, transfer) = complete(board);
        updater.finish(transfer).unwrap();
        work(&mut updater).unwrap();
        let image = image(board);
        assert_eq!(flash.bytes(board.slot(Slot::B).start, 256), image.header_bytes());
        match boot(&mut flash.clone(), board, &info().for_board(board), Cause::Request.into()) {
            Decision::Trial(verified) => {
                let header = image.header();
                assert_eq!((verified.slot(), verified.digest()), (Slot::B, &header.digest));
            }
            decision => panic!("{decision:?}"),
        }
    }
}

/// A header that appears in the slot while its payload is verified: it is not taken for the one that was checked.
#[test]
fn a_header_that_somebody_else_wrote_is_not_marked() {
    for board in [&MICROBIT, &STM32F405] {
        let (flash, mut updater, transfer) = complete(board);
        updater.finish(transfer).unwrap();
        let other = recipe(board, 2, 1500).image();
        flash.put(board.slot(Slot::B).start, other.header_bytes());
        assert_eq!(work(&mut updater), Err(Refusal::NotErased));
        assert_eq!(trial(&flash, board), None);
    }
}

/// A header that flash accepts but does not keep: the slot is marked only after reading it back.
#[test]
fn a_header_that_flash_does_not_keep_is_not_marked() {
    for board in [&MICROBIT, &STM32F405] {
        let (flash, mut updater, transfer) = complete(board);
        updater.finish(transfer).unwrap();
        while flash.bytes(board.slot(Slot::B).start, 4) == [0xff; 4] {
            assert_eq!(updater.step(), Ok(Step::Busy));
        }
        change(&flash, board, 0x30);
        assert_eq!(work(&mut updater), Err(Refusal::NotErased));
        assert_eq!(trial(&flash, board), None);
    }
}
