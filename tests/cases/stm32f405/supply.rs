//! What the bootloader does is right at any supply that the chip runs at, 1.8 to 3.6 V, since brown-out reset is off from
//! the factory; and what it reads back after a write comes from flash, not from the data cache.

use super::factory;
use lifeboot_core::Slot;
use lifeboot_core::journal::Journal;
use lifeboot_core::layout::Board;
use lifeboot_core::record::{RECORD_LENGTH, Record, Trial};
use lifeboot_tests::emulator::stm32f4::chip::{Chip, Settings};
use lifeboot_tests::product::STM32F405;
use lifeboot_tests::simulated_flash::SimulatedFlash;
use lifeboot_tests::sweep::Operation;

const BOARD: &Board = STM32F405.board;

/// RCC_PLLCFGR and RCC_CFGR (RM0090, 7.3.2, 7.3.3), and FLASH_ACR (3.9.1).
const RCC_PLLCFGR: u64 = 0x4002_3804;
const RCC_CFGR: u64 = 0x4002_3808;
const FLASH_ACR: u64 = 0x4002_3C00;
const PREFETCH: u32 = 1 << 8;

/// The internal oscillator at its fastest, in kHz: 16 MHz and 4.5 % (DS8626, 5.3.9).
const FASTEST: u32 = 16_720;
/// At 1.8 V, flash follows with so many wait states up to so many kHz (RM0090, table 10), without prefetch.
const WAIT_STATES: u32 = 7;
const LIMIT: u32 = 160_000;

/// Runs a chip to the firmware's first instruction; returns it, and what `seen` returned while the core ran by the PLL.
fn boot(flash: &[u8], seen: impl Fn(&Chip) -> Vec<u32>) -> (Chip, Vec<u32>) {
    let mut chip = Chip::power_on(flash, &Settings::default()).unwrap();
    chip.seen().recording = true;
    let mut fast = Vec::new();
    for step in 0..20_000_000 {
        chip.step();
        if BOARD.slot_at(chip.core().pc()).is_some() {
            return (chip, fast);
        }
        if step % 10_000 == 0 && chip.read_word(RCC_CFGR).unwrap() >> 2 & 0b11 == 0b10 {
            fast = seen(&chip);
        }
    }
    panic!("the firmware is not started");
}

/// From production, with the firmware on trial.
fn on_trial() -> Vec<u8> {
    let mut flash = factory();
    let mut simulated = SimulatedFlash::new(BOARD);
    simulated.put(0, &flash);
    let mut journal = Journal::open(&mut simulated, BOARD);
    journal
        .append(&mut simulated, &Record { confirmed: Slot::B, trial: Some(Trial::new(Slot::A)), ..Record::FACTORY })
        .unwrap();
    let (start, length) = (BOARD.journal.start as usize, BOARD.journal.length as usize);
    flash[start..][..length].copy_from_slice(&simulated.bytes()[start..][..length]);
    flash
}

#[test]
fn its_clock_and_its_wait_states_are_right_at_any_supply() {
    let read = |chip: &Chip| [RCC_PLLCFGR, FLASH_ACR].map(|register| chip.read_word(register).unwrap()).to_vec();
    let (_, seen) = boot(&factory(), read);
    let [pll, control] = seen[..] else { panic!("the core never ran by the PLL") };
    let (divisor, factor, output) = (pll & 0x3f, pll >> 6 & 0x1ff, 2 * ((pll >> 16 & 0b11) + 1));
    let fastest = FASTEST / divisor * factor / output;
    assert!(fastest <= LIMIT, "{fastest} kHz with a fast oscillator");
    assert_eq!((control & 0xf, control & PREFETCH), (WAIT_STATES, 0));
}

#[test]
fn it_writes_byte_by_byte_and_reads_back_what_flash_holds() {
    let (chip, _) = boot(&on_trial(), |_| Vec::new());
    let seen = chip.seen();
    assert_eq!(seen.parallelism, 0, "more than 8 bits at once need more than 1.8 V (RM0090, 3.6.2)");
    let single = seen.operations.iter().all(|made| matches!(made, Operation::Write { length: 1, .. }));
    assert!(single && seen.operations.len() >= RECORD_LENGTH, "{:?}", seen.operations);
    // The driver compares each word after it has written it.
    let words = seen.count / 4;
    assert!(
        seen.cache_resets >= words,
        "{words} words are compared, and the cache was emptied {} times",
        seen.cache_resets
    );
}
