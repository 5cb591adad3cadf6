//! The bootloader answers when it is asked, by the firmware and by PA0, and leaves as from a reset; and the time that it says
//! a verification took.

use super::{Host, connect, factory, status};
use lifeboot_host_tool::device;
use lifeboot_tests::bench::{runs, version};
use lifeboot_tests::emulator::stm32f405::chip::{Reset, Settings};
use lifeboot_updater::wire::{self, Recovery, ResetCause, Start, Status};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn confirmed(status: &Status, cause: ResetCause) {
    runs(status, wire::Slot::A, version(1)).unwrap();
    let boot = status.boot.unwrap();
    assert_eq!((boot.cause, boot.start), (cause, Start::Confirmed));
    // README.md's 4.5 million instructions at 160 MHz, and the waits of flash.
    assert!((36..48).contains(&boot.verification), "{} ms", boot.verification);
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
    assert_eq!((recovering.recovery, recovering.outcome), (Some(Recovery::Asked), None));
    device::confirm(&mut host).unwrap_err();
    confirmed(&device::reset(&mut host, SOON).unwrap(), ResetCause::Request);
}

#[test]
fn by_its_pin_as_long_as_that_is_held() {
    let flash = factory();
    let mut host = connect(&flash, &Settings::default());
    for _ in 0..2 {
        reset(&mut host, true);
        assert_eq!(status(&mut host).recovery, Some(Recovery::Asked));
    }
    reset(&mut host, false);
    confirmed(&status(&mut host), ResetCause::Pin);
    assert!(host.pipe().chip().flash() == flash, "the flash was changed");
}
