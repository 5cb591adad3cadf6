//! One build fits both slots.

use lifeboot_core::Slot;
use lifeboot_tests::product::{self, MICROBIT, PICO, STM32F405, Target};

/// The example firmware, with its function in RAM that calls into flash.
fn rebased_equals_relinked(target: &Target) {
    let a = product::firmware(target, Slot::A, &[]).unwrap();
    let b = product::firmware(target, Slot::B, &[]).unwrap();
    assert_ne!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    let relocations = product::prove(target, &a, &b).unwrap();
    assert!(relocations > 100, "only {relocations} relocations");
    let ram_function = product::address_of(&a, ".data").unwrap();
    assert!(ram_function >= target.board.ram.start, "the firmware has no function in RAM");
}

#[test]
fn the_image_rebased_is_the_image_relinked_on_thumbv6m() {
    rebased_equals_relinked(&MICROBIT);
}

#[test]
fn the_image_rebased_is_the_image_relinked_on_thumbv7em() {
    rebased_equals_relinked(&STM32F405);
}

#[test]
fn the_image_rebased_is_the_image_relinked_on_the_pico() {
    rebased_equals_relinked(&PICO);
}
