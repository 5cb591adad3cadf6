//! The watchdog, while the firmware waits for an erase.

use super::{connect, factory, image, push};
use lifeboot_client::push::{Options, push as push_with};
use lifeboot_tests::emulator::stm32f405::chip::Settings;
use std::time::Duration;

/// How often the watchdog, which a confirmed trial leaves running, resets a chip that erases for so long.
fn watchdog_resets(erase: Duration) -> u32 {
    // The watchdog at its fastest.
    let mut host = connect(&factory(), &Settings { lsi: 47_000, erase, ..Settings::default() });
    push(&mut host, &image(&[], 2, 0)).unwrap();
    assert_eq!(host.pipe().chip().watchdog_resets(), 0);
    // Not restarted since it was confirmed; and not restarted behind this.
    let options = Options { wait: false, ..Options::default() };
    // A push continues where a reset interrupted it.
    push_with(&mut host, &image(&[], 3, 0), &options, &mut ()).unwrap();
    host.pipe().chip().watchdog_resets()
}

#[test]
fn the_watchdog_outlasts_the_longest_erase_that_the_firmware_cannot_feed_in() {
    // DS8626, 5.3.12: 4 s at most, where it is done byte by byte, as the HAL does it.
    assert_eq!(watchdog_resets(Duration::from_secs(4)), 0);
}

#[test]
fn an_erase_that_takes_too_long_ends_with_the_watchdog() {
    assert!(watchdog_resets(Duration::from_secs(6)) > 0);
}
