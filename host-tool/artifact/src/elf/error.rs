//! Why an ELF file is not firmware for a board.

use crate::boards::MapError;
use lifeboot_core::Slot;
use miette::Diagnostic;
use thiserror::Error;

/// Why an ELF file is not firmware for a board.
#[derive(Debug, Error, Diagnostic)]
pub enum ElfError {
    /// The bytes are not an ELF file.
    #[error("not an ELF file")]
    #[diagnostic(help("give the file that the linker wrote, e.g. target/thumbv6m-none-eabi/release/firmware"))]
    NotElf,
    /// The ELF file is damaged.
    #[error("the ELF file is damaged: {0}")]
    #[diagnostic(help("build the firmware again"))]
    Damaged(String),
    /// Reading the file would take far more than firmware does.
    #[error("the ELF file has more than {most} {what}: it is no firmware, or damaged")]
    #[diagnostic(help("give the program that the linker wrote for a board, and build it again if it is that"))]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        most: String,
    },
    /// The program is not linked for a microcontroller.
    #[error("the ELF file is not an executable for a 32-bit little-endian Arm")]
    #[diagnostic(help(
        "build with --target thumbv6m-none-eabi, or the target of your chip, and give the linked program"
    ))]
    NotArm,
    /// The firmware names two boards.
    #[error("the firmware names two boards, {first:?} and {second:?}")]
    #[diagnostic(help("link it with one memory.x only: the one that lifeboot-build renders for its board"))]
    TwoBoards {
        /// One of them.
        first: String,
        /// The other one.
        second: String,
    },
    /// The firmware names its board, and has no flash map, or only a part of it.
    #[error("the firmware is for board {0:?}, and does not hold its whole flash map")]
    #[diagnostic(help("link it with the memory.x of this version of lifeboot-build, and keep its symbols"))]
    NoMap(String),
    /// The firmware's flash map cannot be used.
    #[error("the firmware holds no flash map that can be used")]
    #[diagnostic(help("link it with the memory.x that lifeboot-build renders for its board"))]
    Map(#[from] MapError),
    /// The firmware is for another flash map of the board.
    #[error("the firmware was linked for another flash map of board {0}")]
    #[diagnostic(help("link it again: the board's description has changed since"))]
    OtherMap(&'static str),
    /// The firmware names another board.
    #[error("the firmware is for board {named}, not for board {board}")]
    #[diagnostic(help("leave out --board, or link the firmware with the memory.x of board {board}"))]
    OtherBoard {
        /// The board that the firmware names.
        named: &'static str,
        /// The board that was wanted.
        board: &'static str,
    },
    /// Nothing is loaded at the payload address of either slot.
    #[error("the firmware starts at {address:#010x}, and board {board} wants it at {expected:#010x}")]
    #[diagnostic(help("link it with the memory.x that Lifeboot renders for the board: a line in build.rs does it"))]
    LinkedElsewhere {
        /// The program's lowest address.
        address: u32,
        /// Name of the board.
        board: &'static str,
        /// Slot A's payload address.
        expected: u32,
    },
    /// The file has nothing to load.
    #[error("the ELF file holds no bytes to load into flash")]
    #[diagnostic(help("link with -Tlink.x, so that the linker places the vector table and the code"))]
    Empty,
    /// A section's bytes would not be loaded.
    #[error("section {0} has bytes that no segment loads")]
    #[diagnostic(help(
        "check the linker script's PHDRS and what ran after the linker: every section of the firmware must be loaded"
    ))]
    InNoSegment(String),
    /// A segment loads bytes of a section that is not marked as part of the program.
    #[error("a segment loads section {0}, which is not marked as part of the program (SHF_ALLOC)")]
    #[diagnostic(help(
        "in the linker script, keep the section out of the segments, or make it a part of the program; with objcopy \
         --add-section, set its flags as well: --set-section-flags {0}=alloc,load,readonly,data"
    ))]
    NotAllocated(String),
    /// A segment loads bytes that belong to no section, and would be missing in the image.
    #[error("the segment that is loaded to {0:#010x} holds bytes of no section")]
    #[diagnostic(help("sign what the linker wrote, before any other tool changes its sections"))]
    NoSection(u32),
    /// A section uses the words of RAM that the bootloader writes.
    #[error(
        "section {section} uses {start:#010x}..{end:#010x}, and the bootloader hands over in the RAM below {first:#010x}"
    )]
    #[diagnostic(help(
        "link with the memory.x that Lifeboot renders for the board, whose RAM starts behind those words"
    ))]
    InHandover {
        /// Name of the section.
        section: String,
        /// Its first address.
        start: u32,
        /// Address just after it.
        end: u64,
        /// The first address that firmware may use.
        first: u32,
    },
    /// A section reaches out of the RAM.
    #[error("section {section} uses {start:#010x}..{end:#010x}, and the firmware's RAM is {first:#010x}..{last:#010x}")]
    #[diagnostic(help("use less RAM, or link with the memory.x that Lifeboot renders for the board"))]
    OutsideRam {
        /// Name of the section.
        section: String,
        /// Its first address.
        start: u32,
        /// Address just after it.
        end: u64,
        /// The first address that firmware may use.
        first: u32,
        /// Address just after the last one.
        last: u32,
    },
    /// Two sections or segments are loaded to the same place.
    #[error("{first} and {second} are both loaded to {address:#010x}")]
    #[diagnostic(help(
        "check the load addresses in the linker script (AT, LMA): the program would overwrite a part of itself"
    ))]
    Overlap {
        /// Name of one of them.
        first: String,
        /// Name of the other one.
        second: String,
        /// The first address that both use.
        address: u64,
    },
    /// A section lies outside the slot.
    #[error(
        "{what} is loaded to {start:#010x}..{end:#010x}, outside slot {slot} (payload: {first:#010x}..{last:#010x})"
    )]
    #[diagnostic(help(
        "everything that an update brings must fit the slot: make it smaller, or take it out of the firmware"
    ))]
    OutsideSlot {
        /// Name of the section or segment.
        what: String,
        /// Its first load address.
        start: u64,
        /// Address just after it.
        end: u64,
        /// The slot.
        slot: Slot,
        /// First address that a payload may use.
        first: u32,
        /// Address just after the last one that it may use.
        last: u32,
    },
    /// The vector table is not at the payload address.
    #[error("the vector table is loaded to {found:#010x}; it must be first, at {expected:#010x}")]
    #[diagnostic(help("link with cortex-m-rt's link.x, which places .vector_table at the start of FLASH"))]
    VectorsNotFirst {
        /// Where the vector table is.
        found: u32,
        /// Where it must be.
        expected: u32,
    },
    /// The first vector is not a valid stack pointer.
    #[error("the first vector, {0:#010x}, is no stack pointer: not in the firmware's RAM, or not a multiple of 8")]
    #[diagnostic(help("link with the memory.x that Lifeboot renders for the board, and place the vector table first"))]
    Stack(u32),
    /// The second vector is not a valid entry point.
    #[error("the reset vector, {0:#010x}, is no Thumb code in the payload")]
    #[diagnostic(help("link with the memory.x that Lifeboot renders for the board, and place the vector table first"))]
    Entry(u32),
}

impl From<object::Error> for ElfError {
    fn from(error: object::Error) -> Self {
        ElfError::Damaged(error.to_string())
    }
}
