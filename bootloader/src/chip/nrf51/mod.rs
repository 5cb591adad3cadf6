//! nRF51822: Cortex-M0, no VTOR, so every interrupt enters the bootloader's vector table and is forwarded.
//!
//! Addresses and bits are from the nRF51 Series Reference Manual 3.0 (MPU: chapter 9, POWER: 12, TIMER: 18, WDT: 20) and the
//! Armv6-M Architecture Reference Manual (DDI 0419). No clock set-up: the chip starts at its 16 MHz.

mod clock;
mod flash;
#[cfg(feature = "recovery")]
mod recovery;

pub use clock::Clock;
pub use flash::Flash;
pub use lifeboot_core::layout::MICROBIT as BOARD;
#[cfg(feature = "recovery")]
pub use recovery::{Serial, feed_watchdog, recovery_is_requested};

use super::cortex_m::{
    HANDOFF_BASE, Reset, Vector, fault, load, note_cause, read_reset_note, request_reset, start, store,
};
use core::arch::naked_asm;
use lifeboot_core::handover;
use lifeboot_core::record::Cause;
use lifeboot_core::verify::Verified;

const POWER_RESETREAS: usize = 0x4000_0400;
const RESETREAS_WATCHDOG: u32 = 1 << 1;
const RESETREAS_REQUEST: u32 = 1 << 2;
const RESETREAS_LOCKUP: u32 = 1 << 3;

const MPU_PROTENSET0: usize = 0x4000_0600;
/// A bit for each block of 4 KiB.
const BOOTLOADER_BLOCKS: u32 = (1 << (BOARD.bootloader.length / BLOCK)) - 1;
const BLOCK: u32 = 4096;
const _: () = assert!(BOARD.bootloader.start == 0 && BOARD.bootloader.length.is_multiple_of(BLOCK));

const WDT: usize = 0x4001_0000;
const TIMER0: usize = 0x4000_8000;
const TIMER0_INTERRUPT: usize = 8;
const NVIC_ISER: usize = 0xE000_E100;

/// Firmware on trial has to feed the watchdog more often than this.
const WATCHDOG_SECONDS: u32 = 4;

const VECTORS_WORD: usize = HANDOFF_BASE + handover::VECTORS as usize;
const WATCHDOG_WORD: usize = HANDOFF_BASE + handover::WATCHDOG as usize;

/// The system's exceptions and the chip's 32 interrupts.
#[used]
#[unsafe(link_section = ".vectors")]
static VECTORS: [Vector; 16 + 32] = {
    let mut table = [const { Vector { handler: forward } }; 16 + 32];
    table[0] = Vector::STACK;
    table[1] = Vector::RESET;
    table[16 + TIMER0_INTERRUPT] = Vector { handler: watchdog_or_forward };
    table
};

/// Enters the running firmware's handler of the current exception. Hardware has stacked r0 to r3; `lr` is untouched,
/// so the handler returns to what was interrupted. While the bootloader itself runs, any exception is its bug.
#[unsafe(naked)]
unsafe extern "C" fn forward() {
    naked_asm!(
        "ldr  r0, 1f",
        "ldr  r0, [r0]",
        "cmp  r0, #0",
        "beq  2f",
        "mrs  r1, ipsr",
        "lsls r1, r1, #2",
        "ldr  r0, [r0, r1]",
        "bx   r0",
        "2: ldr r0, 3f",
        "bx   r0",
        ".p2align 2",
        "1: .word {vectors}",
        "3: .word {fault}",
        vectors = const VECTORS_WORD,
        fault = sym fault,
    )
}

/// TIMER0's handler: the watchdog's while it is armed, the firmware's otherwise.
#[unsafe(naked)]
unsafe extern "C" fn watchdog_or_forward() {
    naked_asm!(
        "ldr  r0, 1f",
        "ldr  r0, [r0]",
        "ldr  r1, 2f",
        "cmp  r0, r1",
        "beq  4f",
        "ldr  r0, 3f",
        "bx   r0",
        "4: ldr r0, 5f",
        "bx   r0",
        ".p2align 2",
        "1: .word {word}",
        "2: .word {armed}",
        "3: .word {forward}",
        "5: .word {watchdog}",
        word = const WATCHDOG_WORD,
        armed = const handover::WATCHDOG_ARMED,
        forward = sym forward,
        watchdog = sym watchdog,
    )
}

extern "C" fn watchdog() -> ! {
    reset(Cause::Watchdog)
}

/// Takes the chip over after a reset; says why there was one.
pub fn start_up() -> Reset {
    // Until the next reset nothing on this chip erases or writes these blocks (the MPU's chapter, PROTENSET0), but in a
    // debugger's presence (DISABLEINDEBUG). The journal behind them stays writable.
    store(MPU_PROTENSET0, BOOTLOADER_BLOCKS);
    store(VECTORS_WORD, 0);
    store(WATCHDOG_WORD, 0);
    let noted = read_reset_note();
    let reason = load(POWER_RESETREAS);
    // It accumulates until its bits are written as ones (12.1.8).
    store(POWER_RESETREAS, reason);
    let cause = match reason {
        // Neither the pin nor any other source: power came on, or came back. RAM proves nothing then.
        0 => Cause::PowerOn,
        _ if reason & RESETREAS_WATCHDOG != 0 => Cause::Watchdog,
        _ if reason & RESETREAS_LOCKUP != 0 => Cause::Fault,
        _ => match handover::cause_in(noted) {
            Some(cause) => cause,
            None if reason & RESETREAS_REQUEST != 0 => Cause::Request,
            None => Cause::Pin,
        },
    };
    Reset::new(cause, noted)
}

/// Resets the chip, all but RAM, flash and a running WDT (12.1.8), and leaves the cause for the next boot.
pub fn reset(cause: Cause) -> ! {
    note_cause(cause);
    request_reset()
}

/// Starts the chip's watchdog, and its stand-in: emulators have no WDT, but a TIMER whose interrupt resets. Feeding
/// means both: WDT's RR\[0\] and TIMER0's CLEAR. TIMER0 belongs to the watchdog until the next reset.
pub fn arm_watchdog() {
    store(WATCHDOG_WORD, handover::WATCHDOG_ARMED);
    store(WDT + 0x504, WATCHDOG_SECONDS * 32_768 - 1); // CRV: counts of the 32,768 Hz clock
    store(WDT + 0x508, 1); // RREN: RR[0] feeds
    store(WDT + 0x50C, 1); // CONFIG: runs while the core sleeps, stops in the debugger
    store(WDT, 1); // START
    store(TIMER0 + 0x508, 3); // BITMODE: 32 bits
    store(TIMER0 + 0x510, 4); // PRESCALER: 16 MHz / 2^4
    store(TIMER0 + 0x540, WATCHDOG_SECONDS * 1_000_000); // CC[0]
    store(TIMER0 + 0x304, 1 << 16); // INTENSET: COMPARE[0]
    store(TIMER0 + 0x00C, 1); // CLEAR
    store(TIMER0, 1); // START
    store(NVIC_ISER, 1 << TIMER0_INTERRUPT);
}

/// Starts the firmware that was verified, if that `stands`.
pub fn jump(firmware: &Verified, recheck: u32) -> ! {
    store(VECTORS_WORD, firmware.vectors());
    start(firmware, recheck)
}
