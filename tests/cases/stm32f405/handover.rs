//! What firmware finds when it starts: the chip as after a reset.

use super::{factory, image};
use lifeboot_core::Slot;
use lifeboot_tests::emulator::stm32f405::chip::{Chip, Settings};
use lifeboot_tests::product::STM32F405;
use std::time::Duration;

/// RCC, but for its reset flags; FLASH_ACR, SR and CR; PWR_CR; GPIOA's mode; USART2's status and CR1. SysTick and interrupts
/// are the core's own, and looked at there.
const REGISTERS: [u64; 22] = [
    0x4002_3800,
    0x4002_3804,
    0x4002_3808,
    0x4002_380c,
    0x4002_3810,
    0x4002_3814,
    0x4002_3818,
    0x4002_3820,
    0x4002_3824,
    0x4002_3830,
    0x4002_3834,
    0x4002_3838,
    0x4002_3840,
    0x4002_3844,
    0x4002_3870,
    0x4002_3c00,
    0x4002_3c0c,
    0x4002_3c10,
    0x4000_7000,
    0x4002_0000,
    0x4000_4400,
    0x4000_440c,
];

fn registers(chip: &Chip) -> Vec<u32> {
    // EOP: rsemu sets it without EOPIE, which the chip does not (RM0090, 3.9.5).
    let word = |address| chip.read_word(address).unwrap() & if address == 0x4002_3c0c { !1 } else { !0 };
    REGISTERS.into_iter().map(word).collect()
}

#[test]
fn firmware_finds_the_chip_as_after_a_reset() {
    let flash = factory();
    let fresh = Chip::power_on(&flash, &Settings::default()).unwrap();
    let mut chip = Chip::power_on(&flash, &Settings::default()).unwrap();
    let vectors = STM32F405.board.payload_address(Slot::A);
    // VTOR is the last register that the bootloader writes; it stops within the same step of 20 us, so the firmware may
    // have run its first few instructions, which touch RAM only.
    assert!(chip.run_until(Duration::from_secs(1), |chip| chip.core().vtor() == vectors).unwrap());
    assert_eq!(registers(&chip), registers(&fresh));
    let pristine = chip.core().with_sys(|system| system.syst_csr == 0 && system.highest_pending().is_none());
    assert!(pristine, "SysTick or an interrupt was left on");
    let stack = u32::from_le_bytes(image(&[], 1, 0).payload()[..4].try_into().unwrap());
    assert!(chip.core().msp() <= stack && chip.core().msp() + 64 > stack, "the stack starts elsewhere");
    assert_eq!((chip.core().psp(), chip.core().bus_faults().0), (0, 0));
}
