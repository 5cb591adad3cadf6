//! Recovery mode on the emulated boards, requested by pin and by the firmware: the bootloader leaves it as from a
//! reset, and reports how long a verification took. The STM32F405, whose bootloader loops 160 million times a second,
//! is tested in virtual time: `stm32f405/recovery_requested.rs`.

use lifeboot_client::device::{self, DeviceError};
use lifeboot_client::link::Retry;
use lifeboot_tests::bench::{Bench, connect, image, runs, version};
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_wire::{self as wire, Recovery, ResetCause, Start, Status};
use std::time::Duration;

/// A timeout for the slowest of the boards.
const SOON: Duration = Duration::from_secs(60);

/// The state as reported by firmware or bootloader, with retries.
fn status<B: Emulated>(bench: &Bench<B>) -> Status {
    let status = || connect(&bench.board.port()).unwrap().status(Retry::VERIFY);
    (0..5).find_map(|_| status().ok()).expect("nobody answers")
}

/// Requests recovery mode in both ways. Returns the milliseconds that the verification took, as reported by the
/// bootloader.
pub fn recovery_mode<B: Emulated>() -> u32 {
    let mut bench = Bench::<B>::start(&image(&B::TARGET, &[], version(1), 0).unwrap()).unwrap();
    let confirmed = |status: &Status, cause| {
        runs(status, wire::Slot::A, version(1)).unwrap();
        let boot = status.boot.unwrap();
        assert_eq!((boot.cause, boot.start), (cause, Start::Confirmed));
        boot.verification
    };
    let flash = bench.board.flash().unwrap();

    // By the firmware, and back.
    // One host all the time: on the slowest board another one would wait minutes for this one's 3 s of silence.
    let mut link = connect(&bench.board.port()).unwrap();
    let recovering = device::recover(&mut link, SOON).unwrap();
    assert_eq!((recovering.recovery, recovering.outcome), (Some(Recovery::Requested), None));
    let stays = device::confirm(&mut link).unwrap_err();
    assert!(matches!(stays, DeviceError::Refused(_)), "{stays:?}");
    // Once: the next reset starts the firmware, which finds everything as after a reset.
    let verification = confirmed(&device::reset(&mut link, SOON).unwrap(), ResetCause::Request);

    drop(link);
    // By the pin, and back.
    bench.board.reset_by_pin(true).unwrap();
    assert_eq!(status(&bench).recovery, Some(Recovery::Requested));
    bench.board.reset_by_pin(false).unwrap();
    confirmed(&status(&bench), ResetCause::Pin);
    assert!(bench.board.flash().unwrap() == flash, "the flash was changed");
    verification
}

/// Here virtual time is this machine's time.
#[test]
fn the_microbit() {
    assert!(recovery_mode::<Microbit>() > 0);
}
