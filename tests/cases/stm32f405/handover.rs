//! The chip's state at the firmware's first instruction: as after a reset, nothing of the bootloader in RAM, and the
//! bootloader's flash protected.

use super::factory;
use lifeboot_core::Slot;
use lifeboot_core::layout::Board;
use lifeboot_tests::emulator::stm32f4::chip::{Chip, Settings};
use lifeboot_tests::product::{STM32F405, VERIFIER};

const BOARD: &Board = STM32F405.board;

/// RCC, except its reset flags; FLASH_ACR, SR and CR; PWR_CR; GPIOA's mode; USART2's status and CR1; IWDG's PR and RLR.
const REGISTERS: [u64; 24] = [
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
    0x4000_3004,
    0x4000_3008,
];

/// MPU_CTRL: on, the default map behind its regions, not in handlers of faults (DDI 0403, B3.5.5).
const MPU_ON: u32 = 0b101;
/// SHCSR's and CFSR's bits (B3.2.13, B3.2.15).
const MEMORY_FAULT_ENABLED: u32 = 1 << 16;
const DATA_ACCESS: u32 = 1 << 1;
const FAULT_ADDRESS_VALID: u32 = 1 << 7;
/// `str r0, [r1]`, and where the test puts it.
const STORE: [u8; 2] = 0x6008_u16.to_le_bytes();
const IN_RAM: u32 = 0x2000_1000;

fn registers(chip: &Chip) -> Vec<u32> {
    // EOP: rsemu sets it without EOPIE, which the chip does not (RM0090, 3.9.5).
    let word = |address| chip.read_word(address).unwrap() & if address == 0x4002_3c0c { !1 } else { !0 };
    REGISTERS.into_iter().map(word).collect()
}

fn word(flash: &[u8], offset: u32) -> u32 {
    u32::from_le_bytes(flash[offset as usize..][..4].try_into().unwrap())
}

/// A chip whose next instruction is the firmware's first; before it had been reset, RAM was full of `fill`.
fn handed_over(flash: &[u8], fill: u8) -> Chip {
    let mut chip = Chip::power_on(flash, &Settings::default()).unwrap();
    chip.put_ram(0, &vec![fill; BOARD.ram.length as usize]).unwrap();
    let arrived = (0..20_000_000).any(|_| {
        chip.step();
        BOARD.slot_at(chip.core().pc()).is_some()
    });
    assert!(arrived, "the firmware is not started");
    chip
}

#[test]
fn firmware_finds_the_chip_as_after_a_reset() {
    let flash = factory();
    let fresh = Chip::power_on(&flash, &Settings::default()).unwrap();
    let chip = handed_over(&flash, 0x5a);
    assert_eq!(registers(&chip), registers(&fresh));

    let core = chip.core();
    let vectors = BOARD.slot(Slot::A).start + BOARD.header_length;
    let (stack, entry) = (word(&flash, vectors), word(&flash, vectors + 4));
    assert_eq!((core.pc(), core.msp(), core.psp()), (entry & !1, stack, 0));
    assert_eq!((core.vtor(), core.bus_faults().0), (BOARD.address(vectors), 0));
    let registers: Vec<_> = (0..13).map(|register| core.reg(register)).collect();
    assert_eq!(registers, [&[entry][..], &[0; 12]].concat());
    assert_eq!(core.reg(14), 0xFFFF_FFFF, "the link register says that there is somebody to return to");
    let (regs, fresh_regs) = (core.regs(), fresh.core().regs());
    let masks = |regs: &rsemu::cpu::arm::v7m::Regs| (regs.control, regs.primask, regs.basepri, regs.faultmask);
    assert_eq!(masks(&regs), masks(&fresh_regs));
    // Enabled, pending and active interrupts; SysTick; how faults and priorities are set.
    let quiet = |chip: &Chip| {
        let interrupts = chip.core().with_sys(|system| (system.enable, system.pending, system.active));
        let settings = chip.core().with_sys(|system| (system.shcsr, system.ccr, system.scr, system.cpacr));
        let priorities = chip.core().with_sys(|system| (system.prigroup, system.priority));
        (interrupts, settings, priorities, chip.core().with_sys(|system| system.syst_csr))
    };
    assert_eq!(quiet(&chip), quiet(&fresh));
    assert_eq!(core.with_sys(|system| system.highest_pending()), None);
}

#[test]
fn nothing_of_the_bootloaders_stack_is_left() {
    let chip = handed_over(&factory(), 0x5a);
    let stack = BOARD.ram.end() - VERIFIER.stack();
    assert_eq!(chip.read_memory(stack, VERIFIER.stack() as usize).unwrap(), vec![0; VERIFIER.stack() as usize]);
    // What lies below is the firmware's, over resets: none of it was touched.
    let shared = lifeboot_core::handover::HANDOVER_LENGTH;
    let below = chip.read_memory(BOARD.ram.start + shared, (stack - BOARD.ram.start - shared) as usize).unwrap();
    assert!(below.iter().all(|byte| *byte == 0x5a), "the bootloader used RAM below its stack");
}

#[test]
fn a_store_into_the_bootloader_faults() {
    let flash = factory();
    let mut chip = handed_over(&flash, 0);
    assert_eq!(chip.core().with_sys(|system| system.mpu_ctrl), MPU_ON);
    // Journal, slots and RAM stay accessible: other tests update with the MPU on.
    for (address, faults) in [
        (BOARD.flash_address, true),
        (BOARD.address(BOARD.bootloader.end() - 4), true),
        (BOARD.address(BOARD.journal.start), false),
        (BOARD.ram.start + 0x2000, false),
    ] {
        chip.put_ram(u64::from(IN_RAM - BOARD.ram.start), &STORE).unwrap();
        let core = chip.core();
        core.with_sys(|system| {
            system.cfsr = 0;
            system.shcsr |= MEMORY_FAULT_ENABLED;
        });
        core.set_reg(1, address);
        core.set_pc(IN_RAM);
        chip.step();
        let status = chip.core().with_sys(|system| system.cfsr & 0xff);
        let expected = if faults { DATA_ACCESS | FAULT_ADDRESS_VALID } else { 0 };
        assert_eq!(status, expected, "a store to {address:#010x}");
        if faults {
            assert_eq!(chip.core().with_sys(|system| system.mmfar), address);
            chip = handed_over(&flash, 0);
        }
    }
}
