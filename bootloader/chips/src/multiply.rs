//! The 64-bit product on Armv6-M, which multiplies to 32 bits only. The compiler emits calls to it; this one is faster
//! than the compiler's own. A signature check takes some 300,000 of them.
//!
//! The name and the order of arguments are those of the Run-time ABI for the Arm Architecture (IHI 0043, 4.2).

use core::arch::global_asm;

global_asm!(
    ".syntax unified",
    ".pushsection .text.multiply, \"ax\"",
    // __aeabi_lmul(a in r0 and r1, b in r2 and r3) -> r0 and r1. Nearly all operands are 32-bit: by halves h and l.
    ".global __aeabi_lmul",
    ".type __aeabi_lmul, %function",
    ".thumb_func",
    "__aeabi_lmul:",
    "mov  r12, r1",
    "orrs r1, r3",
    "bne  1f",
    "push {{r4, lr}}",
    "2: lsrs r1, r0, #16",
    "uxth r0, r0",
    "lsrs r3, r2, #16",
    "uxth r2, r2",
    "movs r4, r0",
    "muls r0, r2", // l * l
    "muls r2, r1", // h * l
    "muls r1, r3", // h * h
    "muls r3, r4", // l * h
    "lsls r4, r2, #16",
    "lsrs r2, r2, #16",
    "adds r0, r4",
    "adcs r1, r2",
    "lsls r4, r3, #16",
    "lsrs r3, r3, #16",
    "adds r0, r4",
    "adcs r1, r3",
    "pop  {{r4, pc}}",
    // What the upper words add to the product's upper word; then the lower words' product.
    "1: mov  r1, r12",
    "muls r1, r2",
    "muls r3, r0",
    "adds r1, r3",
    "push {{r1, lr}}",
    "bl   3f",
    "pop  {{r2, r3}}",
    "adds r1, r2",
    "bx   r3",
    "3: push {{r4, lr}}",
    "b    2b",
    ".popsection",
);
