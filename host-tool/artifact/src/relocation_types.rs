//! The relocation types of the Arm ELF ABI (IHI 0044, table "Relocation codes") that can occur in firmware, and what
//! each means for an image that moves.

use lifeboot_core::Board;
use object::elf::RelocationType;

/// What a relocation writes, for an image that moves as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Nothing.
    Nothing,
    /// An absolute address, in a word.
    Word,
    /// The lower 16 bits of an absolute address, which do not change if slots are a multiple of 64 KiB apart.
    LowerHalf,
    /// The upper 16 bits of an absolute address, in a `MOVT`.
    UpperHalf,
    /// An absolute address in a form that the relocation table cannot express.
    Absolute,
    /// An absolute address or a distance in a word, as the linker was told (`--target1-abs`, `--target1-rel`).
    Either,
    /// A distance: correct only while place and target move together.
    Relative,
    /// The distance of a 32-bit Thumb branch, which the linker may have redirected to a thunk.
    Branch,
    /// An unknown type.
    Unknown,
}

/// Returns a type's name, as readelf prints it.
pub fn name(kind: RelocationType) -> String {
    let known = TYPES.iter().find(|(code, ..)| *code == kind.0);
    known.map_or_else(|| format!("type {}", kind.0), |(_, name, _)| (*name).to_owned())
}

/// Returns what a type writes.
pub fn writes(kind: RelocationType) -> Writes {
    TYPES.iter().find(|(code, ..)| *code == kind.0).map_or(Writes::Unknown, |(_, _, writes)| *writes)
}

/// Returns whether the lower half of an address is the same in both slots.
pub fn slots_are_whole_64_kib_apart(board: &Board) -> bool {
    board.slots[0].start.abs_diff(board.slots[1].start).is_multiple_of(0x1_0000)
}

const TYPES: &[(u32, &str, Writes)] = &[
    (0, "R_ARM_NONE", Writes::Nothing),
    (1, "R_ARM_PC24", Writes::Relative),
    (2, "R_ARM_ABS32", Writes::Word),
    (3, "R_ARM_REL32", Writes::Relative),
    (4, "R_ARM_LDR_PC_G0", Writes::Relative),
    (5, "R_ARM_ABS16", Writes::Absolute),
    (6, "R_ARM_ABS12", Writes::Absolute),
    (7, "R_ARM_THM_ABS5", Writes::Absolute),
    (8, "R_ARM_ABS8", Writes::Absolute),
    (10, "R_ARM_THM_CALL", Writes::Branch),
    (11, "R_ARM_THM_PC8", Writes::Relative),
    (27, "R_ARM_PLT32", Writes::Relative),
    (28, "R_ARM_CALL", Writes::Relative),
    (29, "R_ARM_JUMP24", Writes::Relative),
    (30, "R_ARM_THM_JUMP24", Writes::Branch),
    (38, "R_ARM_TARGET1", Writes::Either),
    (40, "R_ARM_V4BX", Writes::Nothing),
    (42, "R_ARM_PREL31", Writes::Relative),
    (43, "R_ARM_MOVW_ABS_NC", Writes::Absolute),
    (44, "R_ARM_MOVT_ABS", Writes::Absolute),
    (45, "R_ARM_MOVW_PREL_NC", Writes::Relative),
    (46, "R_ARM_MOVT_PREL", Writes::Relative),
    (47, "R_ARM_THM_MOVW_ABS_NC", Writes::LowerHalf),
    (48, "R_ARM_THM_MOVT_ABS", Writes::UpperHalf),
    (49, "R_ARM_THM_MOVW_PREL_NC", Writes::Relative),
    (50, "R_ARM_THM_MOVT_PREL", Writes::Relative),
    (51, "R_ARM_THM_JUMP19", Writes::Branch),
    (52, "R_ARM_THM_JUMP6", Writes::Relative),
    (53, "R_ARM_THM_ALU_PREL_11_0", Writes::Relative),
    (54, "R_ARM_THM_PC12", Writes::Relative),
    (55, "R_ARM_ABS32_NOI", Writes::Absolute),
    (56, "R_ARM_REL32_NOI", Writes::Relative),
    (102, "R_ARM_THM_JUMP11", Writes::Relative),
    (103, "R_ARM_THM_JUMP8", Writes::Relative),
    (132, "R_ARM_THM_ALU_ABS_G0_NC", Writes::Absolute),
    (133, "R_ARM_THM_ALU_ABS_G1_NC", Writes::Absolute),
    (134, "R_ARM_THM_ALU_ABS_G2_NC", Writes::Absolute),
    (135, "R_ARM_THM_ALU_ABS_G3", Writes::Absolute),
];
