//! Why firmware cannot be rebased: each error names the place and says what to do.

use miette::Diagnostic;
use std::fmt;
use thiserror::Error;

/// The place and the symbol of a relocation, for error messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The relocation's type.
    pub kind: String,
    /// The section that contains the place.
    pub section: String,
    /// The place's address.
    pub address: u32,
    /// The symbol's name.
    pub symbol: String,
    /// The symbol's section and value.
    pub symbol_section: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { kind, section, address, symbol, symbol_section } = self;
        write!(f, "{kind} at {address:#010x} in {section} refers to `{symbol}` ({symbol_section})")
    }
}

/// Why firmware cannot be rebased.
#[derive(Debug, Error, Diagnostic)]
pub enum RelocationError {
    /// The linker kept no relocations on record.
    #[error("the ELF file carries no relocations, so its image could run in one slot only")]
    #[diagnostic(help(
        "give the linker the argument --emit-relocs, as lifeboot_build::firmware in build.rs does; or sign with --bound \
         for an image of one slot"
    ))]
    Missing,
    /// An address in the image has a form that the table cannot express.
    #[error("{0}: such an address cannot be rebased")]
    #[diagnostic(help(
        "keep the address in a word (in Rust a pointer or reference), or take the object out of the image"
    ))]
    NotRepresentable(Place),
    /// `MOVW` and `MOVT` are used, but slots are not a multiple of 64 KiB apart.
    #[error("{0}: on board {1}, whose slots are not a multiple of 64 KiB apart, half an address cannot be rebased")]
    #[diagnostic(help("build for thumbv6m-none-eabi, or without movw and movt (-C target-feature=+no-movt)"))]
    Half(Place, &'static str),
    /// A distance is between something that moves and something that does not.
    #[error(
        "{0}: the distance between image and RAM differs from slot to slot, and no thunk of the linker lies between"
    )]
    #[diagnostic(help(
        "call through a function pointer, or let the linker make a long branch (bl or b.w to a function)"
    ))]
    Crosses(Place),
    /// The relocation type is unknown.
    #[error("{0}: relocations of this type are not known")]
    #[diagnostic(help("build with -C relocation-model=static; if it is built so, report this as a bug of Lifeboot"))]
    UnknownType(Place),
    /// A symbol's value lies outside its section, or has none and lies in the slot.
    #[error("{0}: nothing tells whether it is a number or an address in the slot that has to be rebased")]
    #[diagnostic(help(
        "in the linker script, define an address inside its section, and a number with ABSOLUTE(…); compute a size in the \
         program from two addresses, and take addresses of the slot from the board's flash map; or prove the image with \
         --prove"
    ))]
    NumberOrAddress(Place),
    /// The linker decides what the relocation means, and the word does not show it.
    #[error("{0}: nothing tells whether the linker wrote an address or a distance")]
    #[diagnostic(help("link with --target1-abs, which is the default"))]
    AddressOrDistance(Place),
    /// Relocations exist in a form that was not read.
    #[error("section {0} holds relocations that cannot be read")]
    #[diagnostic(help(
        "compile and link without CREL (-Wa,--crel), and sign what the linker wrote, before any other tool changes it"
    ))]
    Unread(String),
    /// A word looks like an address, and has no relocation.
    #[error(
        "the word at {address:#010x} in {section}, {value:#010x}, may be an address in the image, and the file holds no \
             relocation of it"
    )]
    #[diagnostic(help(
        "sign what the linker wrote with --emit-relocs, before strip or objcopy; if it is a number, prove the image with \
         --prove"
    ))]
    Unrecorded {
        /// Name of the section.
        section: String,
        /// Address of the word.
        address: u32,
        /// The word.
        value: u32,
    },
    /// A section would lose its alignment in slot B.
    #[error("section {section} is aligned to {alignment} bytes, which slot B of board {board} does not keep")]
    #[diagnostic(help(
        "align to {largest} bytes at most (in Rust #[repr(align({largest}))]): the slots' distance is no multiple of more; \
         or keep the object in RAM"
    ))]
    Alignment {
        /// Name of the section.
        section: String,
        /// Its alignment in bytes.
        alignment: u32,
        /// Name of the board.
        board: &'static str,
        /// The largest alignment that is kept.
        largest: u32,
    },
    /// A table for unwinding names a function on the other side.
    #[error(
        "the unwind table {section} names {target:#010x} at {address:#010x}: the distance between image and RAM differs \
             from slot to slot"
    )]
    #[diagnostic(help(
        "functions in RAM cannot be unwound: leave the tables out, in the linker script with /DISCARD/ : \
         {{ *(.ARM.exidx* .ARM.extab*) }}"
    ))]
    Unwind {
        /// Name of the section.
        section: String,
        /// Address of the table's word.
        address: u32,
        /// The address that it names.
        target: u32,
    },
    /// The place is at an odd address.
    #[error("{0}: an address at an odd place cannot be rebased")]
    #[diagnostic(help("do not keep pointers in packed structures"))]
    Unaligned(Place),
    /// The place is not loaded.
    #[error("{0}: the place is not loaded into the slot")]
    #[diagnostic(help("check the linker script: every allocated section with contents must be loaded into FLASH"))]
    NotLoaded(Place),
    /// The instruction is not the one that the relocation is for.
    #[error("{0}: there is no MOVT instruction at the place")]
    #[diagnostic(help("the file was changed after linking; sign what the linker wrote"))]
    NoMovt(Place),
    /// Two entries overlap.
    #[error("two relocations overlap at {0:#010x}")]
    #[diagnostic(help("the ELF file contradicts itself; build the firmware again"))]
    Overlap(u32),
    /// The linker generated addresses without relocations.
    #[error("section {0} holds addresses that the linker made up, without relocations")]
    #[diagnostic(help(
        "build with -C relocation-model=static, so that there is no such table; leave .eh_frame out with /DISCARD/"
    ))]
    LinkerTable(String),
    /// The kind of linker thunk is unknown.
    #[error("`{thunk}` at {address:#010x} is a thunk of a kind that is not known")]
    #[diagnostic(help(
        "compile everything for the chip's own target and link with rust-lld; or call the function by a pointer"
    ))]
    ThunkUnknown {
        /// The thunk's symbol.
        thunk: String,
        /// The thunk's address.
        address: u32,
    },
    /// The code does not match the thunk's name.
    #[error("`{thunk}` at {address:#010x} does not hold the code of such a thunk")]
    #[diagnostic(help("link with rust-lld of the pinned toolchain; rename the symbol if it is yours"))]
    ThunkShape {
        /// The thunk's symbol.
        thunk: String,
        /// The thunk's address.
        address: u32,
    },
    /// The thunk would be wrong in the other slot.
    #[error("`{thunk}` at {address:#010x} reaches {target:#010x} in a way that cannot be rebased")]
    #[diagnostic(help("call the function by a pointer; link without --pic-veneer and without execute-only code"))]
    ThunkFixed {
        /// The thunk's symbol.
        thunk: String,
        /// The thunk's address.
        address: u32,
        /// The address that the thunk branches to.
        target: u32,
    },
    /// A vector has no relocation.
    #[error("vector {index} ({value:#010x}) points into the image and has no relocation")]
    #[diagnostic(help("link with cortex-m-rt's link.x, and let every handler be a symbol, not a number"))]
    Vector {
        /// The vector's number.
        index: u32,
        /// The vector's value.
        value: u32,
    },
    /// A vector has an impossible relocation: on the stack pointer, or across the border of two vectors.
    #[error("vector {index} ({value:#010x}) has a relocation that would spoil it in the other slot")]
    #[diagnostic(help("link with cortex-m-rt's link.x, and let the stack start in RAM"))]
    VectorMoves {
        /// The vector's number.
        index: u32,
        /// The vector's value.
        value: u32,
    },
}
