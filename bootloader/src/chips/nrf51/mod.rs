//! nRF51822: Cortex-M0, no VTOR, so every interrupt enters the bootloader's vector table and is forwarded.
//!
//! Addresses and bits are from the nRF51 Series Reference Manual 3.0 (MPU: chapter 9, POWER: 12, TIMER: 18, WDT: 20)
//! and the Armv6-M Architecture Reference Manual (DDI 0419). The clock needs no set-up: the chip starts at its 16 MHz.

mod clock;
mod fed_flash;
#[cfg(feature = "recovery")]
mod recovery;
mod registers;
mod watchdog;

use super::board::{self, BOARD};
#[cfg(not(feature = "recovery"))]
use super::no_recovery as recovery;
use crate::chip::Chip;
use crate::cortex_m::Vector;
use crate::handoff::Words;
use crate::registers::{load, store};
use crate::reset::{fault, reset};
use clock::Clock;
use core::arch::naked_asm;
use fed_flash::Flash;
use lifeboot_core::handover;
use lifeboot_core::layout::Board;
use lifeboot_core::record::Cause;
use registers::TIMER0;
use watchdog::WDT;

const POWER_RESETREAS: usize = 0x4000_0400;
const RESETREAS_WATCHDOG: u32 = 1 << 1;
const RESETREAS_REQUEST: u32 = 1 << 2;
const RESETREAS_LOCKUP: u32 = 1 << 3;

const MPU_PROTENSET0: usize = 0x4000_0600;
/// A bit for each block of 4 KiB.
const BOOTLOADER_BLOCKS: u32 = u32::MAX >> (32 - BOARD.bootloader.length / BLOCK);
const BLOCK: u32 = 4096;
const _: () = assert!(
    BOARD.bootloader.start == 0
        && BOARD.bootloader.length.is_multiple_of(BLOCK)
        && BOARD.bootloader.length <= 32 * BLOCK
);

const TIMER0_INTERRUPT: usize = 8;
const NVIC_ISER: usize = 0xE000_E100;

/// Firmware on trial must feed the watchdog more often than this.
const WATCHDOG_SECONDS: u32 = 4;

const VECTORS_WORD: usize = Words::<Nrf51>::BASE + handover::VECTORS as usize;
const WATCHDOG_WORD: usize = Words::<Nrf51>::BASE + handover::WATCHDOG as usize;

/// The type of [`VECTORS`].
pub type Vectors = [Vector; 16 + 32];

/// The system exceptions and the chip's 32 interrupts.
pub const VECTORS: Vectors = {
    let mut table = [const { Vector { handler: forward } }; 16 + 32];
    table[0] = Vector::STACK;
    table[1] = Vector::RESET;
    table[16 + TIMER0_INTERRUPT] = Vector { handler: watchdog_or_forward };
    table
};

/// Enters the running firmware's handler of the current exception. Hardware has stacked r0 to r3; `lr` is untouched, so
/// the handler returns to the interrupted code. While the bootloader itself runs, any exception is its own bug.
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
        fault = sym fault::<Nrf51>,
    )
}

/// The handler of TIMER0: the watchdog's while that is armed, else the firmware's.
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
    reset::<Nrf51>(handover::cause_word(Cause::Watchdog))
}

/// The chip.
pub struct Nrf51;

impl Chip for Nrf51 {
    const BOARD: &'static Board = &BOARD;
    const KEYS: &'static [[u8; 32]] = &board::KEYS;
    const DEMO_KEY: bool = board::DEMO_KEY;
    const UF2_FAMILY: u32 = board::UF2_FAMILY;

    type Flash = Flash;
    type Clock = Clock;
    type Serial = recovery::Serial;

    fn start_up(noted: Option<Cause>) -> Cause {
        watchdog::feed_watchdog();
        // Until the next reset nothing on this chip can erase or write these blocks (chapter 9, PROTENSET0), except while a
        // debugger is attached (DISABLEINDEBUG). The journal after them stays writable.
        store(MPU_PROTENSET0, BOOTLOADER_BLOCKS);
        store(VECTORS_WORD, 0);
        store(WATCHDOG_WORD, 0);
        let reason = load(POWER_RESETREAS);
        // RESETREAS accumulates until its bits are written as ones (12.1.8).
        store(POWER_RESETREAS, reason);
        match reason {
            // No source is set: power came on, or came back. RAM proves nothing then.
            0 => Cause::PowerOn,
            _ if reason & RESETREAS_WATCHDOG != 0 => Cause::Watchdog,
            _ if reason & RESETREAS_LOCKUP != 0 => Cause::Fault,
            _ => match noted {
                Some(cause) => cause,
                None if reason & RESETREAS_REQUEST != 0 => Cause::Request,
                None => Cause::Pin,
            },
        }
    }

    fn clock() -> Clock {
        Clock::start()
    }

    fn flash() -> Flash {
        Flash::new(&BOARD)
    }

    fn serial() -> recovery::Serial {
        recovery::Serial::new()
    }

    fn recovery_is_requested(clock: &Clock) -> bool {
        recovery::recovery_is_requested(clock)
    }

    /// Starts the chip's watchdog and TIMER0 beside it: emulators have no WDT, but a TIMER whose interrupt resets. Firmware
    /// must feed both: WDT's RR\[0\] and TIMER0's CLEAR. TIMER0 belongs to the watchdog until the next reset.
    fn arm_watchdog() {
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

    fn feed_watchdog() {
        watchdog::feed_watchdog();
    }

    fn leave() {}

    fn set_vectors(table: u32) {
        store(VECTORS_WORD, table);
    }
}
