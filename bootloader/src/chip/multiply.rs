//! The 64-bit product on Armv6-M, which multiplies to 32 bits only: faster than what comes with the compiler, which calls it
//! without being asked. A signature check is some 300,000 of them.
//!
//! The name and the order of arguments are those of the Run-time ABI for the Arm Architecture (IHI 0043, 4.2).

use core::arch::global_asm;

global_asm!(
    ".syntax unified",
    ".pushsection .text.multiply, \"ax\"",
    // __aeabi_lmul(a in r0 and r1, b in r2 and r3) -> r0 and r1: halves h and l of the low words, schoolbook.
    ".global __aeabi_lmul",
    ".type __aeabi_lmul, %function",
    ".thumb_func",
    "__aeabi_lmul:",
    "muls r1, r2",
    "muls r3, r0",
    "adds r1, r3",
    "push {{r4, r5, lr}}",
    "lsrs r3, r0, #16",
    "lsrs r4, r2, #16",
    "uxth r0, r0",
    "uxth r2, r2",
    "movs r5, r0",
    "muls r5, r4", // l * h
    "muls r0, r2", // l * l
    "muls r2, r3", // h * l
    "muls r3, r4", // h * h
    "adds r1, r3",
    "movs r3, #0",
    "adds r5, r2",
    "adcs r3, r3",
    "lsls r3, r3, #16",
    "adds r1, r3",
    "lsls r3, r5, #16",
    "lsrs r5, r5, #16",
    "adds r0, r3",
    "adcs r1, r5",
    "pop {{r4, r5, pc}}",
    ".popsection",
);
