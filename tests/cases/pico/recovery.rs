//! Recovery mode on the emulated Pico: with both slots destroyed, and on request.

use super::update::status;
use crate::recovery::{destroyed, lives_again};
use crate::recovery_requested::recovery_mode;
use lifeboot_tests::bench::{Bench, image, runs, version};
use lifeboot_tests::emulator::{Emulated, Pico};
use lifeboot_tests::product::PICO;
use lifeboot_wire as wire;
use std::time::Duration;

/// Over the UART: the bootloader has no USB.
#[test]
fn the_pico_with_both_slots_destroyed_lives_again() {
    lives_again(&PICO, &mut destroyed::<Pico>().link().unwrap());
}

#[test]
fn it_is_entered_on_request_and_reports_how_long_a_verification_took() {
    let verification = recovery_mode::<Pico>();
    // 20.8 million instructions, of one or two cycles of 125 MHz.
    assert!((166..333).contains(&verification), "{verification} ms");
}

/// A pin that nothing but a capacitor is connected to reads as held until that is charged: 100 nF by 80 kΩ, to the
/// threshold of an input (RP2040 Datasheet, 5.2.3.4), takes 8 ms.
#[test]
fn a_pin_with_a_capacitor_requests_nothing() {
    let mut bench = Bench::<Pico>::start(&image(&PICO, &[], version(1), 0).unwrap()).unwrap();
    bench.board.reset_holding(Duration::from_millis(40)).unwrap();
    bench.board.started(2).unwrap();
    let status = status(&bench.board.port());
    runs(&status, wire::Slot::A, version(1)).unwrap();
    assert_eq!(status.recovery, None);
}
