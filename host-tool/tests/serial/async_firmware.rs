//! Async firmware, whose waits for the line are cancelled each time: the same updates as blocking
//! firmware's, over good lines and bad ones.

use crate::device::Device;
use crate::line::{Faults, Wire};
use crate::pushes::{assert_holds, assert_untouched, push_patiently, push_to, recipe};
use lifeboot_client::push::{PushError, PushOutcome};
use lifeboot_client::{describe, device};
use lifeboot_core::Slot;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Cause;
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_wire::Refusal;
use proptest::prelude::*;
use std::time::Duration;

fn async_device(board: &'static Board) -> Device {
    let mut device = Device::new(board);
    device.is_async = true;
    device
}

/// Its flash is async as well.
fn with_async_flash(board: &'static Board) -> Device {
    let mut device = Device::new(board);
    (device.is_async, device.has_async_flash) = (true, true);
    device.reset(0, Cause::PowerOn);
    device
}

#[test]
fn an_update_over_a_good_line_is_as_fast_as_that_of_blocking_firmware() {
    for board in [&MICROBIT, &STM32F405] {
        let image = recipe(board, 1, 30_000).image();
        let devices = [Device::new(board), async_device(board), with_async_flash(board)];
        let [blocking, with_async, all_async] = devices.map(|device| {
            let wire = Wire::to(device);
            let pushed = push_to(&wire, &image).unwrap();
            assert_eq!((pushed.outcome, pushed.retransmitted), (PushOutcome::Confirmed, 0));
            assert_holds(&wire, Slot::B, &image);
            let now = wire.bench().now;
            assert_eq!(wire.bench().device.overflowed, 0);
            now
        });
        assert!(with_async <= blocking * 105 / 100, "{with_async} ms, and {blocking} ms by blocking firmware");
        assert!(all_async <= blocking * 105 / 100, "{all_async} ms, and {blocking} ms by blocking firmware");
    }
}

#[test]
fn a_host_can_ask_for_everything_else() {
    for device in [async_device(&MICROBIT), with_async_flash(&MICROBIT)] {
        let wire = Wire::to(device);
        push_to(&wire, &recipe(&MICROBIT, 1, 5000).image()).unwrap();
        let status = device::rollback(&mut wire.link(), Duration::from_secs(30)).unwrap();
        assert_eq!(describe::running(&status), "1.0.0 in slot A, confirmed");
        let status = device::reset(&mut wire.link(), Duration::from_secs(30)).unwrap();
        assert_eq!(describe::running(&status), "1.0.0 in slot A, confirmed");
    }
}

/// A push ends with the operation that was under way, and the next push goes on.
#[test]
fn futures_that_are_dropped_while_flash_is_written_cost_time_and_nothing_else() {
    for drops in [40, 61] {
        let mut device = with_async_flash(&MICROBIT);
        device.drops = drops;
        let wire = Wire::to(device);
        let image = recipe(&MICROBIT, 1, 15_000).image();
        let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
        let refused = (0..40)
            .take_while(|_| match push_to(&wire, &image) {
                Ok(_) => false,
                Err(PushError::Refused(refused)) if refused.refusal == Refusal::Flash => true,
                Err(error) => panic!("{error:?}"),
            })
            .count();
        assert!((1..40).contains(&refused), "{drops}: refused {refused} times");
        assert_holds(&wire, Slot::B, &image);
        assert_untouched(&before, &wire, Slot::B);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_bad_line_costs_time_and_nothing_else(seed in any::<u64>(), length in 100u32..15_000, lost_byte in 1500u64..9000) {
        let faults = Faults { lost_byte, flipped_bit: lost_byte * 2, noise: 9, ..Faults::default() };
        let wire = Wire::with_faults(async_device(&MICROBIT), faults, seed);
        let image = recipe(&MICROBIT, 1, length).image();
        let before = wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize);
        push_patiently(&wire, &image);
        assert_holds(&wire, Slot::B, &image);
        assert_untouched(&before, &wire, Slot::B);
    }
}
