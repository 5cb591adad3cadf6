//! What the chips have in common, since all of their cores are Cortex-M: vectors, registers, resets, the jump.
//!
//! Sections are of the Armv6-M Architecture Reference Manual (DDI 0419); the Armv7-M one (DDI 0403) says the same of
//! everything here.

use super::BOARD;
use core::arch::{asm, naked_asm};
use core::ptr::{read_volatile, with_exposed_provenance, with_exposed_provenance_mut, write_volatile};
use lifeboot_core::handover::{self, Boot, boot_words, cause_word, fault_in};
use lifeboot_core::record::{Cause, Fault};
use lifeboot_core::verify::{RECHECK_OK, Verified};

/// Where the words lie that bootloader and firmware share.
pub const HANDOFF_BASE: usize = BOARD.ram.start as usize;
const CAUSE_WORD: usize = HANDOFF_BASE + handover::CAUSE as usize;
const BOOT_WORD: usize = HANDOFF_BASE + handover::BOOT as usize;
const VERIFICATION_WORD: usize = HANDOFF_BASE + handover::VERIFICATION as usize;
const FAULT_WORDS: usize = HANDOFF_BASE + handover::FAULT as usize;

const AIRCR: usize = 0xE000_ED0C;
/// AIRCR: the key that a write needs, and SYSRESETREQ (B3.2.6).
const SYSTEM_RESET: u32 = 0x05FA_0004;

unsafe extern "C" {
    /// The end of RAM, by the linker script.
    static _stack_start: u32;
}

/// An entry of the vector table (B1.5.3).
#[repr(C)]
pub union Vector {
    stack: *const u32,
    /// Of what never returns.
    pub entry: extern "C" fn() -> !,
    /// Of an exception or interrupt.
    pub handler: unsafe extern "C" fn(),
}

// SAFETY: a vector is never written.
unsafe impl Sync for Vector {}

impl Vector {
    /// The first: the stack pointer to start with.
    pub const STACK: Vector = Vector { stack: &raw const _stack_start };
    /// The second: the instruction to start with.
    pub const RESET: Vector = Vector { entry: lifeboot_entry };
}

/// The handler of whatever must not happen while the bootloader runs.
pub extern "C" fn fault() -> ! {
    super::reset(Cause::Fault)
}

/// What is known of the last reset.
#[derive(Clone, Copy)]
pub struct Reset {
    /// Why it happened.
    pub cause: Cause,
    /// Whether whoever asked for it wants the bootloader to answer the host.
    #[cfg(feature = "recovery")]
    pub recovery: bool,
}

impl Reset {
    /// A reset by this cause, with the word that was [noted](read_reset_note). RAM alone does not prove a request: where the chip
    /// names another cause, nobody asked.
    #[cfg_attr(not(feature = "recovery"), expect(unused_variables))]
    pub fn new(cause: Cause, noted: u32) -> Self {
        Reset {
            cause,
            #[cfg(feature = "recovery")]
            recovery: cause == Cause::Request && handover::asks_for_recovery(noted),
        }
    }
}

/// Leaves the cause of the reset that is about to be made.
pub fn note_cause(cause: Cause) {
    store(CAUSE_WORD, cause_word(cause));
    barrier();
}

/// Resets the core and, but for what the chip's manual excepts, the chip.
#[cfg_attr(feature = "rp2040", expect(dead_code, reason = "there it is the core alone"))]
pub fn request_reset() -> ! {
    store(AIRCR, SYSTEM_RESET);
    wait_for_reset()
}

/// It was asked for, and takes some cycles.
pub fn wait_for_reset() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// The word that whoever reset the chip has left, once.
pub fn read_reset_note() -> u32 {
    let noted = load(CAUSE_WORD);
    store(CAUSE_WORD, 0);
    noted
}

/// The crash that firmware has left word of, once; `None` where the chip was reset for another cause.
pub fn read_fault_note(cause: Cause) -> Option<Fault> {
    let words = [0, 4, 8].map(|offset| load(FAULT_WORDS + offset));
    store(FAULT_WORDS, 0);
    fault_in(words, cause)
}

/// Leaves for the firmware how it came to be started.
pub fn note_boot(boot: Boot) {
    let [word, verification] = boot_words(boot);
    store(BOOT_WORD, word);
    store(VERIFICATION_WORD, verification);
}

/// Where the core starts. What an earlier boot has left on the stack, or anybody else, must not pass for this boot's.
#[unsafe(naked)]
#[unsafe(no_mangle)]
extern "C" fn lifeboot_entry() -> ! {
    naked_asm!("bl {clear_stack}", "bl {reset}", "1: b 1b", clear_stack = sym clear_stack, reset = sym crate::reset)
}

/// Clears all of the stack, and changes nothing else but r0 to r2.
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
    // SAFETY: the proof says that the stack pointer lies in RAM and the entry point in the payload, which was verified
    // in this boot; nothing of the bootloader is used again but its vectors.
    unsafe { leave(firmware.stack(), firmware.entry(), recheck) }
}

/// The last instructions of the bootloader. The firmware finds its entry point in r0, zero in r1 to r12 and in what was
/// the bootloader's stack, and in the link register what a reset leaves there (B1.5.5).
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

/// There is nothing to start and nobody to ask.
#[cfg(not(feature = "recovery"))]
pub fn wait_for_debugger() -> ! {
    loop {
        // SAFETY: waits for an event, no more.
        unsafe { asm!("wfe", options(nomem, nostack)) }
    }
}

/// Waits until the bits of `mask` in a register are `value`, but not for ever: up to `tries` times asks for them. Whether
/// they were in time.
#[cfg(any(feature = "recovery", not(feature = "nrf51")))]
pub fn wait_for(register: usize, mask: u32, value: u32, tries: u32) -> bool {
    (0..tries).any(|_| load(register) & mask == value)
}

/// Waits until everything that was stored has arrived.
pub fn barrier() {
    // SAFETY: waits, no more.
    unsafe { asm!("dsb", options(nostack, preserves_flags)) }
}

/// Reads a register or a shared word.
pub fn load(address: usize) -> u32 {
    // SAFETY: only called with the registers that the chip's file names and the shared words: mapped, aligned, used by
    // nobody else.
    unsafe { read_volatile(with_exposed_provenance(address)) }
}

/// Writes a register or a shared word.
pub fn store(address: usize, value: u32) {
    // SAFETY: as in `load`; what each store does is said where it is called.
    unsafe { write_volatile(with_exposed_provenance_mut(address), value) }
}
