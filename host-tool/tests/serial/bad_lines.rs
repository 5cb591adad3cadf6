//! Pushes over bad lines: never a wrong byte.

use crate::device::{Device, Firmware};
use crate::images::Recipe;
use crate::line::{Faults, Wire};
use crate::pushes::{assert_holds, assert_untouched, push_patiently, push_to, recipe};
use lifeboot_client::link::{LinkError, Retry};
use lifeboot_client::pipe::Pipe;
use lifeboot_client::push::{Options, PushError, PushOutcome, Until, push};
use lifeboot_core::Slot;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Cause;
use lifeboot_example_boards::{MICROBIT, STM32F405};
use proptest::prelude::*;
use std::time::Duration;

fn sometimes(often: u64) -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 3 => often..often * 30]
}

/// Faults under which a push must succeed: of a frame of 500 bytes, at most half are damaged.
fn bearable() -> impl Strategy<Value = Faults> {
    (sometimes(1500), sometimes(1500), sometimes(4), sometimes(6), sometimes(3)).prop_map(
        |(lost_byte, flipped_bit, repeated_frame, delayed_frame, noise)| Faults {
            lost_byte,
            flipped_bit,
            repeated_frame,
            delayed_frame,
            noise,
        },
    )
}

fn board() -> impl Strategy<Value = &'static Board> {
    prop_oneof![3 => Just(&MICROBIT), 1 => Just(&STM32F405)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_bad_line_costs_time_and_nothing_else(
        board in board(), faults in bearable(), seed in any::<u64>(), length in 100u32..15_000, relocations in 0u32..300,
    ) {
        let wire = Wire::with_faults(Device::new(board), faults, seed);
        let image = Recipe { relocations, ..recipe(board, 1, length) }.image();
        let before = wire.bench().device.flash.bytes(0, board.flash_length as usize);
        push_patiently(&wire, &image);
        assert_holds(&wire, Slot::B, &image);
        assert_untouched(&before, &wire, Slot::B);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_unbearable_line_ends_in_an_error_and_the_device_lives(
        board in board(), lost_byte in 20u64..200, flipped_bit in 20u64..200, seed in any::<u64>(), length in 100u32..6000,
    ) {
        let faults = Faults { lost_byte, flipped_bit, ..Faults::default() };
        let wire = Wire::with_faults(Device::new(board), faults, seed);
        let image = recipe(board, 1, length).image();
        let before = wire.bench().device.flash.bytes(0, board.flash_length as usize);
        let options = Options { timeout: Duration::from_secs(20), ..Options::default() };
        match push(&mut wire.link(), &image, &options, &mut ()) {
            Ok(_) => assert_holds(&wire, Slot::B, &image),
            Err(PushError::Link(LinkError::Silent | LinkError::Noisy) | PushError::Unconfirmed { .. }) => {}
            Err(error) => prop_assert!(false, "{error:?}"),
        }
        assert_untouched(&before, &wire, Slot::B);

        // On a good line, all is well.
        wire.bench_mut().faults = Faults::default();
        push_to(&wire, &image).unwrap();
        assert_holds(&wire, Slot::B, &image);
    }
}

#[test]
fn a_lost_frame_costs_one_window_at_most() {
    // Once in so many bytes, some ten losses in all.
    let faults = Faults { lost_byte: 10_000, ..Faults::default() };
    let wire = Wire::with_faults(Device::new(&MICROBIT), faults, 3);
    let image = recipe(&MICROBIT, 1, 100_000).image();
    let pushed = push_to(&wire, &image).unwrap();
    assert!((1..20_000).contains(&pushed.retransmitted), "{pushed:?}");
}

/// A device whose DMA holds two seconds of the line, and that stalls as long for an erase.
fn patient_device() -> Device {
    let mut device = Device::new(&STM32F405);
    device.buffer = 24 * 1024 - 1;
    device.reset(0, Cause::PowerOn);
    device
}

#[test]
fn a_large_window_is_filled_while_the_device_stands_still() {
    let wire = Wire::to(patient_device());
    let image = recipe(&STM32F405, 1, 200_000).image();
    let options = Options { until: Until::Pending, ..Options::default() };
    let pushed = push(&mut wire.link(), &image, &options, &mut ()).unwrap();
    assert_eq!((pushed.retransmitted, wire.bench().device.overflowed), (0, 0));
    let (line, now) = (wire.bench().sent / wire.bench().rate, wire.bench().now as usize);
    assert!(now < line * 105 / 100 + 500, "{now} ms, where the line alone takes {line}");
}

#[test]
fn losses_cost_a_part_of_what_arrives_whatever_the_window() {
    let faults = Faults { lost_byte: 10_000, ..Faults::default() };
    let wire = Wire::with_faults(patient_device(), faults, 3);
    let image = recipe(&STM32F405, 1, 300_000).image();
    let pushed = push_to(&wire, &image).unwrap();
    // With the whole window in flight at each of some thirty losses it would be 700,000.
    assert!((1..120_000).contains(&pushed.retransmitted), "{pushed:?}");
    assert_holds(&wire, Slot::B, &image);
}

#[test]
fn a_frame_for_nobody_is_no_harm() {
    // Garbage of every length, as a terminal program that was left open sends it.
    let wire = Wire::to(Device::new(&MICROBIT));
    let mut pipe = wire.clone();
    for length in 0..600u32 {
        pipe.write(&vec![length as u8 | 1; length as usize]).unwrap();
        if length % 7 == 0 {
            pipe.write(&[0]).unwrap();
        }
        pipe.pause(Duration::from_millis(u64::from(length) / 10));
    }
    let status = wire.link().status(Retry::SHORT).unwrap();
    assert_eq!(status.slots.len(), 2);
}

#[test]
fn a_slow_line_is_no_dead_line() {
    let wire = Wire::to(Device::new(&MICROBIT));
    wire.bench_mut().rate = 1;
    let pushed = push_to(&wire, &recipe(&MICROBIT, 1, 6000).image()).unwrap();
    assert_eq!((pushed.outcome, pushed.retransmitted), (PushOutcome::Confirmed, 0));
}

#[test]
fn silence_is_told() {
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(0, Firmware::Hangs);
    device.reset(0, Cause::PowerOn);
    let error = push_to(&Wire::to(device), &recipe(&MICROBIT, 1, 6000).image()).unwrap_err();
    assert!(matches!(error, PushError::Link(LinkError::Silent)), "{error:?}");
    assert_eq!(error.to_string(), "the device does not answer");
}
