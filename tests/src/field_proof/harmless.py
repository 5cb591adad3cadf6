"""Mutants that the proof rightly accepts: architectures, the reason, and regular expressions of instruction and mutant."""

ALL, WIDE = "armv6m armv7m armv7em", "armv7m armv7em"

HARMLESS = [
    (ALL, "repeats the end of the sum's loop, which decides again as before", [r"b -18 -> b -(20|26)"]),
    (ALL, "the registers are equal there: a loop has just ended because of it", [r"movs r1, r0 -> movs r1, r2"]),
    (ALL, "r4 is zero there: the upper half of 38", [r"movs r4, #38 -> adds r4, #38"]),
    ("armv6m", "r2 is a copy of r6 there", [r"str r2, \[r0\] -> str r6, \[r0\]"]),
    (WIDE, "sets flags that nothing reads", [r"(mvn|bic|adc|mov) (.*) -> \1s \2"]),
    (WIDE, "the routine that is jumped to returns to the address on the stack, not in lr", [r"b -\d+ -> bl -\d+"]),
    ("armv7em", "writes an address to r1, which the next but one instruction does as well", [r"ldm r1, \{(.*)\} -> ldm r1!, \{\1\}"]),
    ("armv7em", "stores one word more, to where the product is written before it is read", [r"stm sp, \{(.*)\} -> stm sp, \{\1, (ip|lr)\}"]),
    ("armv7em", "loads one register more, which is written before it is read", [r"ldm sp, \{(.*)\} -> ldm sp, \{\1, lr\}"]),
    ("armv7em", "another register that is zero there", [r"mov (r8|sb|sl|fp|ip), r5 -> mov \1, r7"]),
    ("armv7em", "r0 and r1 are equal there", [r"cmp r2, r1 -> cmp r2, r0", r"mov r2, r1 -> mov r2, r0", r"stm r1, (.*) -> stm r0, \1"]),
    (ALL, "a frame pointer for debuggers, in a register that is restored, or is written before it is read", [
        r"add r7, sp, #12 -> (nop|add r[3-7], sp, #\d+|cmp r7, #3)",
    ]),
    (ALL, "less zero is the same, with the same sign", [r"cmp (r[45]), #0 -> subs \1, #0"]),
    ("armv6m", "zero is moved, however far it is shifted", [r"mov r1, r2 -> lsls r1, r2, #24"]),
    ("armv6m", "only the lowest bit stays when it is shifted by 31", [r"movs r5, #1 -> movs r5, #\d+"]),
    (ALL, "counts up to a limit: not below it is the same as equal to it", [r"beq \+\d+ -> bhs \+\d+"]),
    (ALL, "the number is 0, 1 or -1: fewer bits shifted are as many signs", [r"asrs r[45], r2, #31 -> asrs r[45], r2, #\d+"]),
    (WIDE, "fp is saved though it is not changed, so it need not be restored", [r"ldr fp, \[sp\], #4 -> (str fp|ldr r3), \[sp\], #4"]),
]
