//! What all chips share, since their cores are Cortex-M: vectors, registers, resets, the jump.
//!
//! Sections are those of the Armv6-M Architecture Reference Manual (DDI 0419); the Armv7-M one (DDI 0403) agrees on
//! everything used here.

use crate::chip::Chip;
use crate::reset::fault;
#[cfg(not(feature = "recovery"))]
use core::arch::asm;
use core::arch::naked_asm;
use lifeboot_core::handover;
use lifeboot_core::verify::{RECHECK_OK, Verified};

unsafe extern "C" {
    /// The end of RAM, defined by the linker script.
    static _stack_start: u32;
    /// The bootloader's first instruction, which [`bootloader!`](crate::bootloader) defines.
    fn lifeboot_entry();
}

/// Bytes of the stack, at the end of RAM.
const STACK: u32 = if cfg!(feature = "compact") { handover::COMPACT_BOOT_STACK } else { handover::BOOT_STACK };
/// link.x and build.rs have these numbers.
const _: () = assert!(handover::BOOT_STACK == 8960 && handover::COMPACT_BOOT_STACK == 4032);
const _: () = assert!(handover::HANDOVER_LENGTH == 64);

/// An entry of the vector table (B1.5.3).
#[repr(C)]
pub union Vector {
    stack: *const u32,
    /// An entry point that never returns.
    pub entry: extern "C" fn() -> !,
    /// A handler of an exception or interrupt.
    pub handler: unsafe extern "C" fn(),
}

// SAFETY: a vector is never written.
unsafe impl Sync for Vector {}

impl Vector {
    /// The first entry: the initial stack pointer.
    pub const STACK: Vector = Vector { stack: &raw const _stack_start };
    /// The second entry: the reset handler.
    pub const RESET: Vector = Vector { handler: lifeboot_entry };
}

/// Returns the vectors of a core whose vector table can be moved: the system exceptions only, since no interrupt is enabled
/// before the firmware has its own table.
pub const fn system_vectors<C: Chip>() -> [Vector; 16] {
    let mut table = [const { Vector { entry: fault::<C> } }; 16];
    table[0] = Vector::STACK;
    table[1] = Vector::RESET;
    table
}

/// Prepares RAM for the first line of Rust: clears the stack, since leftovers of an earlier boot, or of the firmware, must
/// never be taken for values of this boot; and initialises static variables, which drivers of HALs have.
///
/// # Safety
/// Nothing on the stack, and no static variable, may have been used.
#[cfg(feature = "statics")]
#[unsafe(naked)]
pub unsafe extern "C" fn prepare_ram<C: Chip>() {
    naked_asm!(
        "mov  r4, lr",
        "bl {clear_stack}",
        "ldr  r0, 5f",
        "ldr  r1, 6f",
        "ldr  r2, 7f",
        "b    2f",
        "1: ldm r2!, {{r3}}",
        "stm  r0!, {{r3}}",
        "2: cmp r0, r1",
        "blo  1b",
        "ldr  r0, 8f",
        "ldr  r1, 9f",
        "movs r2, #0",
        "b    4f",
        "3: stm r0!, {{r2}}",
        "4: cmp r0, r1",
        "blo  3b",
        "bx   r4",
        ".p2align 2",
        "5: .word __lifeboot_data_start",
        "6: .word __lifeboot_data_end",
        "7: .word __lifeboot_data_load",
        "8: .word __lifeboot_bss_start",
        "9: .word __lifeboot_bss_end",
        clear_stack = sym clear_stack::<C>,
    )
}

/// Clears all of the stack; changes r0 to r2 only.
///
/// # Safety
/// Nothing on the stack may be used afterwards.
#[unsafe(naked)]
pub unsafe extern "C" fn clear_stack<C: Chip>() {
    naked_asm!(
        "ldr  r0, 2f",
        "ldr  r1, 3f",
        "movs r2, #0",
        "1: stm r0!, {{r2}}",
        "cmp  r0, r1",
        "blo  1b",
        "bx   lr",
        ".p2align 2",
        "2: .word {bottom}",
        "3: .word {top}",
        bottom = const C::BOARD.ram.end() - STACK,
        top = const C::BOARD.ram.end(),
    )
}

/// Starts firmware if `recheck` is `RECHECK_OK`: it is what [`recheck`](lifeboot_core::verify::recheck) returned for it.
pub fn start_firmware<C: Chip>(firmware: &Verified, recheck: u32) -> ! {
    // SAFETY: `Verified` proves that the stack pointer lies in RAM and the entry point in the payload, which was
    // verified in this boot; nothing of the bootloader is used afterwards but its vectors.
    unsafe { leave::<C>(firmware.stack(), firmware.entry(), recheck) }
}

/// The last instructions of the bootloader. On entry the firmware finds its entry point in r0, zero in r1 to r12 and in
/// the bootloader's former stack, and in the link register the value that it has after a reset (B1.5.5).
#[unsafe(naked)]
unsafe extern "C" fn leave<C: Chip>(stack: u32, entry: u32, recheck: u32) -> ! {
    naked_asm!(
        "ldr  r3, 3f",
        "cmp  r2, r3",
        "bne  2f",
        "mov  r6, r0",
        "mov  r7, r1",
        "bl   {clear_stack}",
        "msr  msp, r6",
        "mov  r0, r7",
        "movs r1, #0",
        "mvns r2, r1",
        "mov  lr, r2",
        "movs r2, #0",
        "movs r3, #0",
        "movs r4, #0",
        "movs r5, #0",
        "movs r6, #0",
        "movs r7, #0",
        "mov  r8, r1",
        "mov  r9, r1",
        "mov  r10, r1",
        "mov  r11, r1",
        "mov  r12, r1",
        "bx   r0",
        "2: bl {fault}",
        ".p2align 2",
        "3: .word {recheck_ok}",
        clear_stack = sym clear_stack::<C>,
        fault = sym fault::<C>,
        recheck_ok = const RECHECK_OK,
    )
}

/// Without recovery mode and with nothing to start, only a debugger can help.
#[cfg(not(feature = "recovery"))]
pub fn wait_for_debugger() -> ! {
    loop {
        // SAFETY: only waits for an event.
        unsafe { asm!("wfe", options(nomem, nostack)) }
    }
}
