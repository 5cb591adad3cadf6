//! Lifeboot on a real board: first flash, update, rollback, and resets in the middle of a push. Nothing here is
//! emulated.
//!
//! You need a board, a debug probe at its SWD pins, and a serial port to its UART or USB. The board's page says which
//! pins. **The board's flash is overwritten**, including its bootloader, which trusts a throw-away key. Then:
//!
//! ```text
//! export LIFEBOOT_BOARD_NAME=microbit     # or stm32f405, ...: the board's name
//! export LIFEBOOT_PORT=/dev/ttyACM0       # where the example firmware answers
//! cargo test -p lifeboot-tests --features hardware --test hardware -- --test-threads 1
//! ```
//!
//! | variable | |
//! | --- | --- |
//! | `LIFEBOOT_BOARD_NAME` | the board's name |
//! | `LIFEBOOT_PORT` | a serial port, or `tcp:HOST:NUMBER` |
//! | `LIFEBOOT_PROBE` | the debug probe, if there are several: `VID:PID` or `VID:PID:SERIAL` |
//! | `LIFEBOOT_CHIP` | the chip by probe-rs's name, if it is not the board's usual one, such as `STM32F407VG` |
//!
//! Each test flashes the board first, so each can run alone (add its name). A reset by the probe is not a loss of
//! power: what that leaves in flash cells is tested in simulation only (`cargo test -p lifeboot-tests lives::`).
//! Reports from your board are welcome, with the output.
//!
//! A trial's watchdog goes on counting while a debugger holds some chips. If flashing fails once after a test that
//! failed, cycle the board's power and start again.

mod board;

use board::{Board, Cuts};
use lifeboot_client::device;
use lifeboot_client::push::{PushError, PushOutcome, Step};
use lifeboot_client::refusal::Refused;
use lifeboot_wire::{OutcomeEnding, Refusal, ResetCause, Slot, SlotContent};
use std::time::Duration;

#[test]
fn a_first_flash_starts_and_leaves_nothing_of_before() {
    let mut board = Board::take();
    let old = board.image(&[], 1);
    board.provision(&old);
    board.runs(Slot::A, 1);
    let new = board.image(&[], 2);
    board.push(&new, &mut ()).unwrap();
    board.runs(Slot::B, 2);

    board.provision(&old);
    let status = board.runs(Slot::A, 1);
    assert_eq!((status.outcome, status.epoch_floor, status.revoked), (None, 0, 0), "an old journal");
    assert_eq!(status.slots[1], SlotContent::Empty);
    assert!(status.demo_key);
}

#[test]
fn an_update_is_tried_and_confirmed() {
    let mut board = Board::take();
    board.provision(&board.image(&[], 1));
    let pushed = board.push(&board.image(&[], 2), &mut ()).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Confirmed);
    println!("{pushed:?}");
    assert_eq!(board.runs(Slot::B, 2).outcome.unwrap().ending, OutcomeEnding::Confirmed);
    board.reset();
    board.runs(Slot::B, 2);
}

#[test]
fn the_other_slot_takes_the_next_update() {
    let mut board = Board::take();
    board.provision(&board.image(&[], 1));
    for (slot, number) in [(Slot::B, 2), (Slot::A, 3), (Slot::B, 4)] {
        board.push(&board.image(&[], number), &mut ()).unwrap();
        board.runs(slot, number);
    }
}

/// Pushes firmware that does not survive its trial, and checks that it is rolled back for this reason.
fn is_rolled_back(feature: &str, ending: OutcomeEnding, cause: ResetCause) {
    let mut board = Board::take();
    board.provision(&board.image(&[], 1));
    let failure = board.push(&board.image(&[feature], 2), &mut ()).unwrap_err();
    assert!(matches!(failure, PushError::RolledBack { .. }), "{failure}");
    let outcome = board.runs(Slot::A, 1).outcome.unwrap();
    assert_eq!((outcome.slot, outcome.ending, outcome.cause), (Slot::B, ending, cause));
    board.reset();
    board.runs(Slot::A, 1);
}

#[test]
fn firmware_that_hangs_at_its_start_is_rolled_back_by_the_watchdog() {
    is_rolled_back("hang-at-start", OutcomeEnding::NotConfirmed, ResetCause::Watchdog);
}

#[test]
fn firmware_that_hangs_later_is_rolled_back_by_the_watchdog() {
    is_rolled_back("hang-later", OutcomeEnding::NotConfirmed, ResetCause::Watchdog);
}

#[test]
fn firmware_that_fails_its_self_test_is_rolled_back() {
    is_rolled_back("fail-self-test", OutcomeEnding::Requested, ResetCause::Request);
}

#[test]
fn a_rollback_on_request_brings_the_previous_firmware() {
    let mut board = Board::take();
    board.provision(&board.image(&[], 1));
    board.push(&board.image(&[], 2), &mut ()).unwrap();
    device::rollback(&mut board.link(), Duration::from_secs(60)).unwrap();
    board.runs(Slot::A, 1);
}

#[test]
fn an_image_of_another_key_is_refused() {
    let mut board = Board::take();
    board.provision(&board.image(&[], 1));
    let failure = board.push(&board.signed_by("stranger", &[], 2), &mut ()).unwrap_err();
    assert!(matches!(&failure, PushError::Refused(Refused { refusal: Refusal::UnknownKey, .. })), "{failure}");
    assert_eq!(board.runs(Slot::A, 1).slots[1], SlotContent::Empty, "something was erased or written");
}

#[test]
fn a_push_that_is_cut_by_resets_completes() {
    let mut board = Board::take();
    board.provision(&board.image(&[], 1));
    let new = board.image(&[], 2);
    // From the first block to the last; a push that breaks off more than ten times gives up.
    let instants = [1, 150, 400, 700, 950, 1000];
    let mut cuts = Cuts::at_thousandths(&instants);
    let pushed = board.push_under(&new, &mut cuts).unwrap();
    println!("{pushed:?}");
    assert_eq!((cuts.done(), pushed.outcome), (instants.len(), PushOutcome::Confirmed));
    board.runs(Slot::B, 2);
}

#[test]
fn a_reset_at_any_step_of_a_push_costs_nothing_but_time() {
    let mut board = Board::take();
    let old = board.image(&[], 1);
    let new = board.image(&[], 2);
    for step in [Step::Beginning, Step::Sending, Step::Verifying, Step::Restarting] {
        board.provision(&old);
        let mut cuts = Cuts::at_step(step);
        let pushed = board.push_under(&new, &mut cuts);
        assert_eq!(cuts.done(), 1, "{step:?} did not come");
        assert_eq!(pushed.unwrap().outcome, PushOutcome::Confirmed, "{step:?}");
        board.runs(Slot::B, 2);
    }
}

#[test]
fn resets_leave_a_confirmed_image_alone() {
    let mut board = Board::take();
    board.provision(&board.image(&[], 1));
    board.push(&board.image(&[], 2), &mut ()).unwrap();
    for milliseconds in [0, 1, 10, 100, 1000] {
        board.reset();
        std::thread::sleep(Duration::from_millis(milliseconds));
        board.reset();
        board.runs(Slot::B, 2);
    }
}
