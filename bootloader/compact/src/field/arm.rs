//! The field's operations in assembly.
//!
//! Each keeps r4 to r11 (AAPCS, IHI 0042, 6.1.1). The result may replace an operand: sum and difference read two words of each
//! operand before they write two, and the product is written last.

use super::Element;
use core::arch::global_asm;

unsafe extern "C" {
    /// a + b.
    pub fn lifeboot_field_add(out: *mut Element, a: *const Element, b: *const Element);
    /// a − b.
    pub fn lifeboot_field_subtract(out: *mut Element, a: *const Element, b: *const Element);
    /// a · b.
    pub fn lifeboot_field_multiply(out: *mut Element, a: *const Element, b: *const Element);
}

// Sum and difference, for all architectures. Between two words the carry must survive: ldm, stm, mov and eors keep it.
global_asm!(
    ".syntax unified",
    ".pushsection .text.lifeboot_field, \"ax\"",
    ".global lifeboot_field_add",
    ".type lifeboot_field_add, %function",
    ".thumb_func",
    "lifeboot_field_add:",
    "push {{r4-r7, lr}}",
    "movs r3, r0",
    "adds r3, #32", // Behind `out`. Sets no carry: no RAM ends at the last address.
    "1: ldmia r1!, {{r4, r5}}",
    "ldmia r2!, {{r6, r7}}",
    "adcs r4, r6",
    "adcs r5, r7",
    "stmia r0!, {{r4, r5}}",
    "mov  r6, r0",
    "eors r6, r3", // A comparison would set the carry.
    "bne  1b",
    "bcc  3f",
    // The carry counts 38. Here r0 and r3 point behind `out`.
    "4: movs r4, #38",
    // Adds r4 at the lowest word; the carry goes from word to word, but seldom far.
    ".size lifeboot_field_add, . - lifeboot_field_add",
    ".global lifeboot_field_fold",
    ".type lifeboot_field_fold, %function",
    ".thumb_func",
    "lifeboot_field_fold:",
    "subs r0, #32",
    "2: ldr r5, [r0]",
    "adds r5, r4",
    "stmia r0!, {{r5}}",
    "bcc  3f",
    "movs r4, #1",
    "cmp  r0, r3",
    "bne  2b",
    "b    4b",
    "3: pop {{r4-r7, pc}}",
    ".size lifeboot_field_fold, . - lifeboot_field_fold",
    ".global lifeboot_field_subtract",
    ".type lifeboot_field_subtract, %function",
    ".thumb_func",
    "lifeboot_field_subtract:",
    "push {{r4-r7, lr}}",
    "movs r3, r0",
    "adds r3, #32",
    "cmp  r0, r0", // Sets the carry: no borrow yet.
    "1: ldmia r1!, {{r4, r5}}",
    "ldmia r2!, {{r6, r7}}",
    "sbcs r4, r6",
    "sbcs r5, r7",
    "stmia r0!, {{r4, r5}}",
    "mov  r6, r0",
    "eors r6, r3",
    "bne  1b",
    "bcs  3f",
    // The borrow counts 38.
    "4: movs r4, #38",
    "subs r0, #32",
    "2: ldr r5, [r0]",
    "subs r5, r4",
    "stmia r0!, {{r5}}",
    "bcs  3f",
    "movs r4, #1",
    "cmp  r0, r3",
    "bne  2b",
    "b    4b",
    "3: pop {{r4-r7, pc}}",
    ".size lifeboot_field_subtract, . - lifeboot_field_subtract",
    ".popsection",
);

// Armv7E-M: umaal adds two words to a product of two, which always fits two words.
#[cfg(assembly = "armv7em")]
global_asm!(
    ".syntax unified",
    ".pushsection .text.lifeboot_field, \"ax\"",
    ".global lifeboot_field_multiply",
    ".type lifeboot_field_multiply, %function",
    ".thumb_func",
    "lifeboot_field_multiply:",
    "push {{r4-r7, lr}}",
    "push {{r0, r8-r11}}",
    "sub  sp, #64",
    // On the stack a copy of `a`, which the product's lower words replace one by one. Its upper words are in r5 to r12.
    "ldm  r1, {{r4-r11}}",
    "stm  sp, {{r4-r11}}",
    "mov  r0, sp",
    "add  r1, sp, #32",
    "movs r5, #0",
    "movs r6, #0",
    "movs r7, #0",
    "mov  r8, r5",
    "mov  r9, r5",
    "mov  r10, r5",
    "mov  r11, r5",
    "mov  r12, r5",
    // A row: a word of `a` times all of `b`. Each product's upper word lands in the register where the next one adds it.
    "1: ldr lr, [r0]",
    "2: movs r4, #0",
    "ldr  r3, [r2]",
    "umaal r4, r5, r3, lr",
    "ldr  r3, [r2, #4]",
    "umaal r5, r6, r3, lr",
    "ldr  r3, [r2, #8]",
    "umaal r6, r7, r3, lr",
    "ldr  r3, [r2, #12]",
    "umaal r7, r8, r3, lr",
    "ldr  r3, [r2, #16]",
    "umaal r8, r9, r3, lr",
    "ldr  r3, [r2, #20]",
    "umaal r9, r10, r3, lr",
    "ldr  r3, [r2, #24]",
    "umaal r10, r11, r3, lr",
    "ldr  r3, [r2, #28]",
    "umaal r11, r12, r3, lr",
    "stmia r0!, {{r4}}",
    "cmp  r0, r1",
    "bne  1b",
    // One more row: the upper half counts 38 and is added to the lower one.
    "cmp  r2, r1",
    "beq  3f",
    "stm  r1, {{r5-r12}}",
    "ldm  sp, {{r5-r12}}",
    "mov  r2, r1",
    "subs r0, #4",
    "mov  lr, #38",
    "b    2b",
    // The result is in r4 to r11, what it carries in r12, below 38.
    "3: add sp, #64",
    "pop  {{r0}}",
    "stmia r0!, {{r4-r11}}",
    "pop  {{r8-r11}}",
    "movs r4, #38",
    "mul  r4, r12, r4",
    "mov  r3, r0",
    "b    lifeboot_field_fold",
    ".size lifeboot_field_multiply, . - lifeboot_field_multiply",
    ".popsection",
);

// Armv6-M and Armv7-M: rows of a function of their own.
#[cfg(not(assembly = "armv7em"))]
global_asm!(
    ".syntax unified",
    ".pushsection .text.lifeboot_field, \"ax\"",
    ".global lifeboot_field_multiply",
    ".type lifeboot_field_multiply, %function",
    ".thumb_func",
    "lifeboot_field_multiply:",
    "push {{r4-r7, lr}}",
    "push {{r0, r1}}",
    "sub  sp, #64",
    "mov  r0, sp",
    "movs r4, #0",
    "movs r5, #0",
    "movs r6, #0",
    "movs r7, #0",
    "stmia r0!, {{r4-r7}}",
    "stmia r0!, {{r4-r7}}",
    "mov  r0, sp",
    "mov  r1, r2",
    "adds r2, #32",
    "mov  r12, r2", // Behind `b`.
    // For each word of `a`: `b` times it, added to the sum from that word on.
    "1: ldr r2, [sp, #68]",
    "ldmia r2!, {{r3}}",
    "str  r2, [sp, #68]",
    "bl   lifeboot_field_row",
    "subs r0, #28",
    "subs r1, #32",
    "add  r2, sp, #32",
    "cmp  r0, r2",
    "bne  1b",
    // The upper half counts 38 and is added to the lower one.
    "movs r1, r0",
    "mov  r0, sp",
    "add  r2, sp, #64",
    "mov  r12, r2",
    "movs r3, #38",
    "bl   lifeboot_field_row",
    "movs r4, #38",
    "muls r2, r4",
    "mov  r1, sp",
    "ldr  r0, [sp, #64]",
    "ldmia r1!, {{r4-r7}}",
    "stmia r0!, {{r4-r7}}",
    "ldmia r1!, {{r4-r7}}",
    "stmia r0!, {{r4-r7}}",
    // Not before the sum is read: an exception writes below the stack pointer.
    "add  sp, #72",
    "movs r4, r2",
    "movs r3, r0",
    "b    lifeboot_field_fold",
    ".size lifeboot_field_multiply, . - lifeboot_field_multiply",
    ".popsection",
);

// Adds r3 times the eight words from r1 up to r12 to those from r0 on; the word that is carried goes behind them, and to r2.
// Armv6-M has products of 32 bits only: four of half words. Here muls and mov must keep the carry, as they do.
#[cfg(assembly = "armv6m")]
global_asm!(
    ".syntax unified",
    ".pushsection .text.lifeboot_field, \"ax\"",
    ".type lifeboot_field_row, %function",
    ".thumb_func",
    "lifeboot_field_row:",
    "lsrs r4, r3, #16",
    "uxth r3, r3",
    "movs r2, #0",
    "6: ldmia r1!, {{r6}}",
    "uxth r5, r6",
    "lsrs r6, r6, #16",
    "movs r7, r5",
    "muls r7, r3", // l * l
    "muls r5, r4", // l * h
    "adds r2, r7",
    "mov  r7, r6",
    "muls r7, r3", // h * l
    "muls r6, r4", // h * h
    "bcc  7f",
    "adds r6, #1",
    "7: adds r5, r7",
    "bcc  8f",
    "movs r7, #1",
    "lsls r7, r7, #16",
    "adds r6, r7",
    "8: lsls r7, r5, #16",
    "lsrs r5, r5, #16",
    "adds r2, r7",
    "adcs r6, r5",
    "ldr  r7, [r0]",
    "adds r2, r7",
    "bcc  9f",
    "adds r6, #1",
    "9: stmia r0!, {{r2}}",
    "mov  r2, r6",
    "cmp  r1, r12",
    "bne  6b",
    "str  r2, [r0]",
    "bx   lr",
    ".size lifeboot_field_row, . - lifeboot_field_row",
    ".popsection",
);

// The same for Armv7-M, which has products of 64 bits.
#[cfg(assembly = "armv7m")]
global_asm!(
    ".syntax unified",
    ".pushsection .text.lifeboot_field, \"ax\"",
    ".type lifeboot_field_row, %function",
    ".thumb_func",
    "lifeboot_field_row:",
    "movs r2, #0",
    "6: ldmia r1!, {{r6}}",
    "umull r4, r5, r6, r3",
    "adds r2, r4",
    "adc  r5, r5, #0",
    "ldr  r7, [r0]",
    "adds r2, r7",
    "stmia r0!, {{r2}}",
    "adc  r2, r5, #0",
    "cmp  r1, r12",
    "bne  6b",
    "str  r2, [r0]",
    "bx   lr",
    ".size lifeboot_field_row, . - lifeboot_field_row",
    ".popsection",
);
