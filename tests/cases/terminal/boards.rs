//! The log of bootloader and firmware, on the other boards.

use super::both_logs;
use lifeboot_tests::emulator::{Emulated, Pico, Stm32f4};

#[test]
fn the_bootloaders_log_comes_before_the_firmwares_on_thumbv7em() {
    both_logs::<Stm32f4>();
}

#[test]
fn the_bootloaders_log_comes_before_the_firmwares_on_the_pico() {
    Pico::set_up().unwrap();
    both_logs::<Pico>();
}
