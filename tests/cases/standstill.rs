//! How long an update may stop the application: the instructions from one turn of the example firmware's loop to the
//! next, while it is pushed to, beside the one flash operation that a turn may do.

use crate::stm32f405;
use lifeboot_core::Slot;
use lifeboot_host_tool::push::{self, Options, PushOutcome};
use lifeboot_tests::bench::{self, image, version};
use lifeboot_tests::emulator::stm32f405::chip::Settings;
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_tests::product::{self, MICROBIT, STM32F405, Target};
use std::thread;
use std::time::Duration;

/// Instructions between two turns, at most: on a Cortex-M0 about 80 ms at 16 MHz, on a Cortex-M4 2 ms at 160 MHz.
const TURN: u64 = 1_300_000;
const TURN_V7: u64 = 300_000;

/// What the loop calls once a turn.
const EACH_TURN: &str = "feed_watchdog";

/// Turns from the beginning of a push on: all of the signature's check, the digests, and the first units.
const TURNS: usize = 600;

/// Flash of a board with 1.0.0 in slot A, and where its loop is seen.
fn board(target: &Target, function: &str) -> (Vec<u8>, u32) {
    let old = image(target, &[], version(1), 0).unwrap();
    let flash = product::factory_flash(target, &bench::bootloader(target).unwrap(), &old).unwrap();
    let elf = product::firmware(target, Slot::A, &[]).unwrap();
    (flash, product::function(&elf, function).unwrap())
}

fn bounded(what: &str, longest: u64, limit: u64) {
    println!("{what:76} {longest:>12}   at most {limit}");
    assert!(longest <= limit);
    assert!(longest > limit / 2, "the signature was not checked in what was seen");
}

#[test]
fn the_longest_turn_during_a_push_on_an_stm32f405() {
    let (flash, turn) = board(&STM32F405, EACH_TURN);
    let mut host = stm32f405::connect(&flash, &Settings::default());
    host.pipe().chip().counts().watch(turn);
    stm32f405::push(&mut host, &image(&STM32F405, &[], version(2), 0).unwrap()).unwrap();
    let longest = host.pipe().chip().counts().longest_between();
    bounded("longest turn of the application during a push, Cortex-M4: instructions", longest, TURN_V7);
}

#[test]
fn the_longest_turn_at_the_beginning_of_a_push_on_the_microbit() {
    let (flash, begin) = board(&MICROBIT, "start_signature");
    let (_, turn) = board(&MICROBIT, EACH_TURN);
    let mut board = Microbit::power_on_counting(&flash).unwrap();
    let port = board.port();
    let new = image(&MICROBIT, &[], version(2), 0).unwrap();
    let push = thread::spawn(move || {
        let options = Options { wait: false, ..Options::default() };
        push::push(&mut bench::connect(&port).unwrap(), &new, &options, &mut ()).map(|pushed| pushed.outcome)
    });
    assert_eq!(board.run_to(&[begin], Duration::from_secs(60)).unwrap(), Some(begin));
    let mut counts = vec![board.instructions().unwrap()];
    for _ in 0..TURNS {
        assert_eq!(board.run_to(&[turn], Duration::from_secs(60)).unwrap(), Some(turn));
        counts.push(board.instructions().unwrap());
    }
    board.resume().unwrap();
    let longest = counts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    bounded("longest turn at the beginning of a push, Cortex-M0: instructions", longest, TURN);
    assert_eq!(push.join().unwrap().unwrap(), PushOutcome::Marked);
}
