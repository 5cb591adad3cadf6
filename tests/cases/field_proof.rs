//! The compact verifier's field arithmetic, proved in its machine code for all inputs; and as controls, mutants of that code,
//! which must not be proved.

use lifeboot_board::Verifier;
use lifeboot_tests::field_proof::prove;
use lifeboot_tests::product::{self, MICROBIT, RECOVERY, STM32F405};
use lifeboot_tests::tier::{Row, one_in};
use std::slice;

/// One in how many mutants is tried by default: nine of each architecture.
const SAMPLE: usize = 307;

/// Proves the routines, with these bytes of stack for a product.
fn proved(architecture: &str, triple: &str, stack: u32) {
    let row = Row::begin(format!("mutants of the field's machine code, {architecture}"));
    let elf = product::compact_verifier(triple).unwrap();
    let report = prove(architecture, &elf, Some(one_in(SAMPLE))).unwrap();
    assert!(report.problems.is_empty(), "{architecture}:\n{}", report.problems.join("\n"));
    assert!(report.routines.keys().eq(["add", "multiply", "reduce", "subtract"]), "{report:?}");
    assert_eq!(report.routines["multiply"].stack, stack);
    let controls = report.controls.unwrap();
    assert!(controls.by_example >= 6, "{controls:?}");
    println!("{architecture}: proved in {} s; {controls:?}", report.seconds);
    row.end(controls.by_example + controls.refused + controls.harmless, 0);
}

#[test]
fn armv6m_is_proved() {
    proved("armv6m", "thumbv6m-none-eabi", 92);
}

#[test]
fn armv7m_is_proved() {
    proved("armv7m", "thumbv7m-none-eabi", 92);
}

#[test]
fn armv7em_is_proved() {
    proved("armv7em", "thumbv7em-none-eabi", 104);
}

/// As they are linked, with all that was optimised across crates.
#[test]
fn the_bootloaders_are_proved() {
    let key = product::demo_key("demo").unwrap().1;
    for (architecture, target) in [("armv6m", &MICROBIT), ("armv7em", &STM32F405)] {
        let elf = product::bootloader_of(Verifier::Compact, target, slice::from_ref(&key), &[RECOVERY]).unwrap();
        let report = prove(architecture, &elf, None).unwrap();
        assert!(report.problems.is_empty(), "{architecture}:\n{}", report.problems.join("\n"));
        assert_eq!(report.routines.len(), 4);
    }
}

/// What is no program for the core is an error, and no success.
#[test]
fn another_program_is_an_error() {
    let program = std::env::current_exe().unwrap();
    assert!(prove("armv6m", &program, None).is_err());
}
