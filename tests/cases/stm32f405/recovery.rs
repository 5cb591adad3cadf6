//! Recovery mode: both slots are destroyed, a push repairs them.

use super::{connect, factory, image, push};
use crate::recovery::{destroy, lives_again};
use lifeboot_tests::emulator::stm32f4::chip::Settings;
use lifeboot_tests::product::STM32F405;

#[test]
fn with_both_slots_destroyed_it_lives_again() {
    let mut host = connect(&factory(), &Settings::default());
    push(&mut host, &image(&[], 2, 2)).unwrap();
    let mut flash = host.pipe().chip().flash();
    destroy(STM32F405.board, &mut flash);
    host.pipe().chip().power_cycle(&flash, 9).unwrap();
    assert_eq!(lives_again(&STM32F405, &mut host), 0);
}
