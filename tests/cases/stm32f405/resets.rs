//! Why the chip was reset, as the bootloader reads it: an exhausted trial is rejected with the cause of the last reset.

use super::{Host, connect, factory, image, push, status};
use lifeboot_client::link::Retry;
use lifeboot_core::Slot;
use lifeboot_core::journal::Journal;
use lifeboot_core::record::{Record, Trial};
use lifeboot_tests::emulator::stm32f4::chip::{Reset, Settings};
use lifeboot_tests::product::STM32F405;
use lifeboot_tests::simulated_flash::SimulatedFlash;
use lifeboot_wire::{Command, OutcomeEnding, ResetCause};

/// A journal whose trial has no start left.
fn exhausted() -> Vec<u8> {
    let mut flash = SimulatedFlash::new(STM32F405.board);
    let mut journal = Journal::open(&mut flash, STM32F405.board);
    let trial = Trial { attempts: 0, power_attempts: 0, ..Trial::new(Slot::B) };
    journal.append(&mut flash, &Record { trial: Some(trial), ..Record::FACTORY }).unwrap();
    flash.region(STM32F405.board.journal).to_vec()
}

/// The cause that the bootloader records after a reset of a running chip.
fn cause(host: &mut Host, reset: impl FnOnce(&mut Host)) -> ResetCause {
    host.pipe().chip().put(STM32F405.board.journal.start, &exhausted()).unwrap();
    reset(host);
    let outcome = status(host).outcome.unwrap();
    assert_eq!(outcome.ending, OutcomeEnding::NotConfirmed);
    outcome.cause
}

#[test]
fn the_cause_of_a_reset_is_read_from_the_chip() {
    let mut host = connect(&factory(), &Settings::default());
    push(&mut host, &image(&[], 2, 0)).unwrap();
    for (reset, expected) in
        [(Reset::Pin, ResetCause::Pin), (Reset::BrownOut, ResetCause::BrownOut), (Reset::LowPower, ResetCause::Fault)]
    {
        assert_eq!(cause(&mut host, |host| host.pipe().chip().reset(reset)), expected);
    }
    let request = |host: &mut Host| drop(host.ask(&Command::Reset, Retry::SHORT).unwrap());
    assert_eq!(cause(&mut host, request), ResetCause::Request);
    let power = |host: &mut Host| {
        let flash = host.pipe().chip().flash();
        host.pipe().chip().power_cycle(&flash, 3).unwrap();
    };
    assert_eq!(cause(&mut host, power), ResetCause::PowerOn);
}
