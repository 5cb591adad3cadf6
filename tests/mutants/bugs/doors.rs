//! Bugs of what the bootloader does against a core that is made to skip an instruction, and of what it leaves to the firmware.

use crate::bug::{Bug, CORTEX_M, JOURNAL, NRF51, RP2040_CLOCK, SIGNATURE, STM32F4, VERIFY, bug};
use crate::suite::Suite;

/// All of them.
pub const BUGS: &[Bug] = &[
    bug(
        "right before the jump nothing is looked at again",
        VERIFY,
        "if read.is_ok() && firmware.checked.matches_flash(&header, &trust) { RECHECK_OK } else { 0 }",
        "if read.is_ok() || firmware.checked.matches_flash(&header, &trust) { RECHECK_OK } else { RECHECK_OK }",
        Suite::Skips,
    ),
    bug("what the second look says is not heard", CORTEX_M, "\"bne  2f\",", "\"nop\",", Suite::Skips),
    bug(
        "a record is written by one reading of the journal",
        JOURNAL,
        "let current = Journal::open(flash, self.board);",
        "let current = self.clone();",
        Suite::Skips,
    ),
    bug(
        "what was hashed stays in the buffer for the next block",
        VERIFY,
        "self.buffer.0.get_mut(self.held..).unwrap_or_default().fill(FILLING);",
        "self.buffer.0.get_mut(..0).unwrap_or_default().fill(FILLING);",
        Suite::Skips,
    ),
    bug(
        "the sum of a signature's two parts is made once",
        SIGNATURE,
        "    *other = curve::sum(other, one);\n    *one = sum;",
        "    *one = sum;\n    *other = sum;",
        Suite::Skips,
    ),
    bug(
        "the stack is left to the firmware as it is",
        CORTEX_M,
        "\"bl   {clear_stack}\",",
        "\"b    1f\", \"bl   {clear_stack}\", \"1:\",",
        Suite::Handover,
    ),
    bug(
        "a register of the bootloader's reaches the firmware",
        CORTEX_M,
        "\"movs r6, #0\",",
        "\"nop\",",
        Suite::Handover,
    ),
    bug(
        "the STM32F405's firmware starts with the bootloader's clocks",
        STM32F4,
        "    slow_down();\n",
        "    let _ = slow_down;\n",
        Suite::Handover,
    ),
    bug(
        "the Pico's firmware starts with the bootloader's PLL",
        RP2040_CLOCK,
        "store(RESETS + SET, PLLS | TIMER);",
        "store(RESETS + SET, PLLS & 0 | TIMER);",
        Suite::Handover,
    ),
    bug(
        "a PLL that has not locked drives the Pico's core",
        RP2040_CLOCK,
        "return SYS_AUX_RING;",
        "return SYS_AUX_PLL;",
        Suite::Handover,
    ),
    bug(
        "the micro:bit's bootloader does not protect its flash",
        NRF51,
        "    store(MPU_PROTENSET0, BOOTLOADER_BLOCKS);\n",
        "    let _ = (MPU_PROTENSET0, BOOTLOADER_BLOCKS);\n",
        Suite::Handover,
    ),
    bug(
        "the STM32F405's bootloader is open to stray stores",
        STM32F4,
        "store(MPU_CTRL, ON_WITH_BACKGROUND);",
        "store(MPU_CTRL, ON_WITH_BACKGROUND - 1);",
        Suite::Handover,
    ),
];
