//! What the compiler calls without being asked, where its own version does not suit a bootloader. The names and the
//! order of arguments are those of the Run-time ABI for the Arm Architecture (IHI 0043, 4.2 and 4.3.4).
//!
//! - `memcpy` and its kin, small: the compiler's are unrolled, and 2 KB larger. Words where everything is aligned, bytes
//!   elsewhere. In assembly, since a compiler turns such a loop into a call of itself.
//! - On Armv6-M, which multiplies to 32 bits only, the 64-bit product, fast: a signature check is some 300,000 of them.

use core::arch::global_asm;

global_asm!(
    ".syntax unified",
    ".pushsection .text.runtime, \"ax\"",
    ".macro entry name",
    ".global \\name",
    ".type \\name, %function",
    ".thumb_func",
    "\\name:",
    ".endm",
    // memmove(to, from, length): from the end, where a forward copy would overwrite what it still has to read.
    "entry memmove",
    "entry __aeabi_memmove",
    "entry __aeabi_memmove4",
    "entry __aeabi_memmove8",
    "subs r3, r0, r1",
    "cmp  r3, r2",
    "bhs  memcpy",
    "1: subs r2, #1",
    "blo  2f",
    "ldrb r3, [r1, r2]",
    "strb r3, [r0, r2]",
    "b    1b",
    "2: bx lr",
    // memcpy(to, from, length)
    "entry memcpy",
    "entry __aeabi_memcpy",
    "entry __aeabi_memcpy4",
    "entry __aeabi_memcpy8",
    "push {{r0, lr}}",
    "movs r3, r0",
    "orrs r3, r1",
    "lsls r3, r3, #30",
    "bne  2f",
    "1: subs r2, #4",
    "blo  4f",
    "ldm  r1!, {{r3}}",
    "stm  r0!, {{r3}}",
    "b    1b",
    "4: adds r2, #4",
    "2: subs r2, #1",
    "blo  3f",
    "ldrb r3, [r1]",
    "strb r3, [r0]",
    "adds r0, #1",
    "adds r1, #1",
    "b    2b",
    "3: pop {{r0, pc}}",
    // memset(to, value, length)
    "entry memset",
    "movs r3, r1",
    "movs r1, r2",
    "movs r2, r3",
    "b    __aeabi_memset",
    // __aeabi_memclr(to, length)
    "entry __aeabi_memclr",
    "entry __aeabi_memclr4",
    "entry __aeabi_memclr8",
    "movs r2, #0",
    // __aeabi_memset(to, length, value)
    "entry __aeabi_memset",
    "entry __aeabi_memset4",
    "entry __aeabi_memset8",
    "push {{r0, lr}}",
    "uxtb r2, r2",
    "lsls r3, r2, #8",
    "orrs r2, r3",
    "lsls r3, r2, #16",
    "orrs r2, r3",
    "lsls r3, r0, #30",
    "bne  2f",
    "1: subs r1, #4",
    "blo  4f",
    "stm  r0!, {{r2}}",
    "b    1b",
    "4: adds r1, #4",
    "2: subs r1, #1",
    "blo  3f",
    "strb r2, [r0]",
    "adds r0, #1",
    "b    2b",
    "3: pop {{r0, pc}}",
    ".popsection",
);

#[cfg(not(target_feature = "v7"))]
global_asm!(
    ".syntax unified",
    ".pushsection .text.runtime, \"ax\"",
    // __aeabi_lmul(a in r0 and r1, b in r2 and r3) -> r0 and r1: halves h and l of the low words, schoolbook.
    "entry __aeabi_lmul",
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
