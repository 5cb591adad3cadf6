//! Why firmware cannot be rebased: each error names the place, and says what to do.

use miette::Diagnostic;
use std::fmt;
use thiserror::Error;

/// What a relocation is about, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The relocation's type.
    pub kind: String,
    /// The section that the place is in.
    pub section: String,
    /// The place's address.
    pub address: u32,
    /// The symbol that it refers to.
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
    /// The linker left no relocations on record.
    #[error("the ELF file carries no relocations, so its image could run in one slot only")]
    #[diagnostic(help(
        "give the linker the argument --emit-relocs, as lifeboot_build::firmware in build.rs does; or sign with --bound \
         for an image of one slot"
    ))]
    Missing,
    /// An address in the image, in a form that the table does not know.
    #[error("{0}: such an address cannot be rebased")]
    #[diagnostic(help(
        "keep the address in a word (in Rust a pointer or reference), or take the object out of the image"
    ))]
    NotRepresentable(Place),
    /// `MOVW` and `MOVT`, where slots are not a multiple of 64 KiB apart.
    #[error("{0}: on board {1}, whose slots are not a multiple of 64 KiB apart, half an address cannot be rebased")]
    #[diagnostic(help("build for thumbv6m-none-eabi, or without movw and movt (-C target-feature=+no-movt)"))]
    Half(Place, &'static str),
    /// A distance between something that moves and something that does not.
    #[error(
        "{0}: the distance between image and RAM differs from slot to slot, and no thunk of the linker lies between"
    )]
    #[diagnostic(help(
        "call through a function pointer, or let the linker make a long branch (bl or b.w to a function)"
    ))]
    Crosses(Place),
    /// A type that is not known.
    #[error("{0}: relocations of this type are not known")]
    #[diagnostic(help("build with -C relocation-model=static; if it is built so, report this as a bug of Lifeboot"))]
    UnknownType(Place),
    /// An absolute symbol whose value lies in the slot but not in the payload.
    #[error("{0}: nothing tells whether it is a number or an address in the slot that has to be rebased")]
    #[diagnostic(help(
        "make it a constant in the source if it is a number; take addresses of the slot from the board's flash map"
    ))]
    NumberOrAddress(Place),
    /// A place at an odd address.
    #[error("{0}: an address at an odd place cannot be rebased")]
    #[diagnostic(help("do not keep pointers in packed structures"))]
    Unaligned(Place),
    /// A place that is not loaded.
    #[error("{0}: the place is not loaded into the slot")]
    #[diagnostic(help("check the linker script: every allocated section with contents must be loaded into FLASH"))]
    NotLoaded(Place),
    /// Not the instruction that the relocation is for.
    #[error("{0}: there is no MOVT instruction at the place")]
    #[diagnostic(help("the file was changed after linking; sign what the linker wrote"))]
    NoMovt(Place),
    /// Two entries share bytes.
    #[error("two relocations overlap at {0:#010x}")]
    #[diagnostic(help("the ELF file contradicts itself; build the firmware again"))]
    Overlap(u32),
    /// Addresses that a linker made up, without relocations.
    #[error("section {0} holds addresses that the linker made up, without relocations")]
    #[diagnostic(help("build with -C relocation-model=static, so that there is no such table"))]
    LinkerTable(String),
    /// A linker's thunk that is not known.
    #[error("`{thunk}` at {address:#010x} is a thunk of a kind that is not known")]
    #[diagnostic(help(
        "compile everything for the chip's own target and link with rust-lld; or call the function by a pointer"
    ))]
    ThunkUnknown {
        /// Its symbol.
        thunk: String,
        /// Where it lies.
        address: u32,
    },
    /// A thunk's name on other code.
    #[error("`{thunk}` at {address:#010x} does not hold the code of such a thunk")]
    #[diagnostic(help("link with rust-lld of the pinned toolchain; rename the symbol if it is yours"))]
    ThunkShape {
        /// Its symbol.
        thunk: String,
        /// Where it lies.
        address: u32,
    },
    /// A thunk that goes wrong in the other slot.
    #[error("`{thunk}` at {address:#010x} reaches {target:#010x} in a way that cannot be rebased")]
    #[diagnostic(help("call the function by a pointer; link without --pic-veneer and without execute-only code"))]
    ThunkFixed {
        /// Its symbol.
        thunk: String,
        /// Where it lies.
        address: u32,
        /// Where it goes.
        target: u32,
    },
    /// A vector without a relocation.
    #[error("vector {index} ({value:#010x}) points into the image and has no relocation")]
    #[diagnostic(help("link with cortex-m-rt's link.x, and let every handler be a symbol, not a number"))]
    Vector {
        /// Its number.
        index: u32,
        /// What it holds.
        value: u32,
    },
    /// A relocation that a vector cannot have: on the stack pointer, or across a vector's border.
    #[error("vector {index} ({value:#010x}) has a relocation that would spoil it in the other slot")]
    #[diagnostic(help("link with cortex-m-rt's link.x, and let the stack start in RAM"))]
    VectorMoves {
        /// Its number.
        index: u32,
        /// What it holds.
        value: u32,
    },
}
