//! Recovery mode, requested by the firmware and by PA0: the bootloader leaves it as from a reset, and reports how long
//! a verification took.

use super::{Host, connect, factory, status};
use lifeboot_client::device;
use lifeboot_core::handover;
use lifeboot_tests::bench::{runs, version};
use lifeboot_tests::emulator::stm32f4::chip::{Reset, Settings};
use lifeboot_tests::product::STM32F405;
use lifeboot_wire::{self as wire, Recovery, ResetCause, Start, Status};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn confirmed(status: &Status, cause: ResetCause) {
    runs(status, wire::Slot::A, version(1)).unwrap();
    let boot = status.boot.unwrap();
    assert_eq!((boot.cause, boot.start), (cause, Start::Confirmed));
    // 6.6 million instructions (docs/evidence.md) at 152 MHz; the emulator's flash needs no wait states.
    assert!((40..68).contains(&boot.verification), "{} ms", boot.verification);
}

fn reset(host: &mut Host, holds: bool) {
    let mut chip = host.pipe().chip();
    chip.hold_recovery_pin(holds);
    chip.reset(Reset::Pin);
}

#[test]
fn by_the_firmware_and_once() {
    let mut host = connect(&factory(), &Settings::default());
    confirmed(&status(&mut host), ResetCause::PowerOn);
    let recovering = device::recover(&mut host, SOON).unwrap();
    assert_eq!((recovering.recovery, recovering.outcome), (Some(Recovery::Requested), None));
    device::confirm(&mut host).unwrap_err();
    confirmed(&device::reset(&mut host, SOON).unwrap(), ResetCause::Request);
}

#[test]
fn by_its_pin_as_long_as_that_is_held() {
    let flash = factory();
    let mut host = connect(&flash, &Settings::default());
    for _ in 0..2 {
        reset(&mut host, true);
        assert_eq!(status(&mut host).recovery, Some(Recovery::Requested));
    }
    reset(&mut host, false);
    confirmed(&status(&mut host), ResetCause::Pin);
    assert!(host.pipe().chip().flash() == flash, "the flash was changed");
}

/// A pin that nothing but a capacitor is connected to reads as held until that is charged.
#[test]
fn a_pin_that_reads_as_held_for_40_ms_requests_nothing() {
    let mut host = connect(&factory(), &Settings::default());
    runs(&status(&mut host), wire::Slot::A, version(1)).unwrap();
    reset(&mut host, true);
    host.pipe().chip().run_for(Duration::from_millis(40)).unwrap();
    host.pipe().chip().hold_recovery_pin(false);
    let status = status(&mut host);
    runs(&status, wire::Slot::A, version(1)).unwrap();
    assert_eq!((status.recovery, status.boot.unwrap().cause), (None, ResetCause::Pin));
}

/// RAM survives such resets, and with it the note of an earlier request, or of any other program.
#[test]
fn a_word_in_ram_is_no_request_where_the_chip_says_otherwise() {
    let mut host = connect(&factory(), &Settings::default());
    confirmed(&status(&mut host), ResetCause::PowerOn);
    for (reset, cause) in [(Reset::Pin, ResetCause::Pin), (Reset::BrownOut, ResetCause::BrownOut)] {
        let word = STM32F405.board.ram.start + handover::CAUSE;
        host.pipe().chip().write_word(word, handover::recovery_word()).unwrap();
        host.pipe().chip().reset(reset);
        confirmed(&status(&mut host), cause);
    }
}

/// An option byte can have started the watchdog before the bootloader runs (RM0090, 21.3.1).
#[test]
fn the_watchdog_is_kept_quiet_while_nobody_asks() {
    const IWDG_KR: u32 = 0x4000_3000;
    const START: u32 = 0xCCCC;
    let mut host = connect(&factory(), &Settings::default());
    reset(&mut host, true);
    assert_eq!(status(&mut host).recovery, Some(Recovery::Requested));
    let mut chip = host.pipe().chip();
    chip.write_word(IWDG_KR, START).unwrap();
    // Its time-out after a reset is half a second (21.3.3, table 107).
    chip.run_for(Duration::from_secs(3)).unwrap();
    assert_eq!(chip.watchdog_resets(), 0);
}
