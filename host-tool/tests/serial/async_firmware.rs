//! Async firmware, whose waits for the line are cancelled each time: the same updates as blocking
//! firmware's, over good lines and bad ones.

use crate::device::Device;
use crate::line::{Faults, Wire};
use crate::pushes::{assert_holds, assert_untouched, push_patiently, push_to, recipe};
use lifeboot_client::push::PushOutcome;
use lifeboot_client::{describe, device};
use lifeboot_core::Slot;
use lifeboot_core::layout::Board;
use lifeboot_example_boards::{MICROBIT, STM32F405};
use proptest::prelude::*;
use std::time::Duration;

fn async_device(board: &'static Board) -> Device {
    let mut device = Device::new(board);
    device.is_async = true;
    device
}

#[test]
fn an_update_over_a_good_line_is_as_fast_as_that_of_blocking_firmware() {
    for board in [&MICROBIT, &STM32F405] {
        let image = recipe(board, 1, 30_000).image();
        let [blocking, with_async] = [Device::new(board), async_device(board)].map(|device| {
            let wire = Wire::to(device);
            let pushed = push_to(&wire, &image).unwrap();
            assert_eq!((pushed.outcome, pushed.retransmitted), (PushOutcome::Confirmed, 0));
            assert_holds(&wire, Slot::B, &image);
            let now = wire.bench().now;
            assert_eq!(wire.bench().device.overflowed, 0);
            now
        });
        assert!(with_async <= blocking * 105 / 100, "{with_async} ms, and {blocking} ms by blocking firmware");
    }
}

#[test]
fn a_host_can_ask_for_everything_else() {
    let wire = Wire::to(async_device(&MICROBIT));
    push_to(&wire, &recipe(&MICROBIT, 1, 5000).image()).unwrap();
    let status = device::rollback(&mut wire.link(), Duration::from_secs(30)).unwrap();
    assert_eq!(describe::running(&status), "1.0.0 in slot A, confirmed");
    let status = device::reset(&mut wire.link(), Duration::from_secs(30)).unwrap();
    assert_eq!(describe::running(&status), "1.0.0 in slot A, confirmed");
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
