//! What all chips share, since their cores are Cortex-M: vectors, registers, resets, the jump.
//!
//! Sections are those of the Armv6-M Architecture Reference Manual (DDI 0419); the Armv7-M one (DDI 0403) agrees on
//! everything used here.

use super::board::BOARD;
use super::fault::fault;
#[cfg(not(feature = "recovery"))]
use core::arch::asm;
use core::arch::naked_asm;
use lifeboot_core::handover;
use lifeboot_core::verify::{RECHECK_OK, Verified};

unsafe extern "C" {
    /// The end of RAM, defined by the linker script.
    static _stack_start: u32;
    /// What the bootloader does, in `main.rs`. A symbol, since nothing here may import what is above it.
    fn lifeboot_reset() -> !;
}

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
    pub const RESET: Vector = Vector { entry: lifeboot_entry };
}

/// The core starts here. The stack is cleared first: leftovers of an earlier boot, or of the firmware, must never be
/// taken for values of this boot.
#[unsafe(naked)]
#[unsafe(no_mangle)]
extern "C" fn lifeboot_entry() -> ! {
    naked_asm!("bl {clear_stack}", "bl {reset}", "1: b 1b", clear_stack = sym clear_stack, reset = sym lifeboot_reset)
}

/// Clears all of the stack; changes r0 to r2 only.
#[unsafe(naked)]
unsafe extern "C" fn clear_stack() {
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
        bottom = const BOARD.ram.end() - handover::BOOT_STACK,
        top = const BOARD.ram.end(),
    )
}

/// Starts firmware. `recheck` is what [`recheck`](lifeboot_core::verify::recheck) returned for it.
pub fn start(firmware: &Verified, recheck: u32) -> ! {
    // SAFETY: `Verified` proves that the stack pointer lies in RAM and the entry point in the payload, which was
    // verified in this boot; nothing of the bootloader is used afterwards but its vectors.
    unsafe { leave(firmware.stack(), firmware.entry(), recheck) }
}

/// The last instructions of the bootloader. On entry the firmware finds its entry point in r0, zero in r1 to r12 and in
/// the bootloader's former stack, and in the link register the value that it has after a reset (B1.5.5).
#[unsafe(naked)]
unsafe extern "C" fn leave(stack: u32, entry: u32, recheck: u32) -> ! {
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
        clear_stack = sym clear_stack,
        fault = sym fault,
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
