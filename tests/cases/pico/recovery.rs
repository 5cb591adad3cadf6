//! Recovery mode on the emulated Pico: with both slots destroyed, and on request.

use crate::recovery::{destroyed, lives_again};
use crate::recovery_requested::recovery_mode;
use lifeboot_tests::emulator::Pico;
use lifeboot_tests::product::PICO;

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
