//! The linker's long-branch thunks: short pieces of code that it inserts if a branch cannot reach its target, as from
//! RAM into flash. They hold an absolute address but have no relocation, so they are recognised by name and by code.
//!
//! The thunks that the pinned toolchain's linker (lld of LLVM 22, `lld/ELF/Thunks.cpp`) writes for Cortex-M:
//!
//! | symbol | code | where the target's address is |
//! | --- | --- | --- |
//! | `__Thumbv6MABSLongThunk_` | `push {r0, r1}; ldr r0, [pc, #4]; str r0, [sp, #4]; pop {r0, pc}; .word` | the word |
//! | `__Thumbv6MABSXOLongThunk_` | `push {r0, r1}; movs, lsls, adds …; str r0, [sp, #4]; pop {r0, pc}` | in four bytes |
//! | `__Thumbv6MPILongThunk_` | `push {r0}; ldr r0, [pc, #8]; mov ip, r0; pop {r0}; add pc, ip; nop; .word` | relative |
//! | `__Thumbv7ABSLongThunk_` | `movw ip; movt ip; bx ip` | the two halves |
//! | `__ThumbV7PILongThunk_` | `movw ip; movt ip; add ip, pc; bx ip` | relative |
//! | any of them | `b.w`, if that reaches and the core has it | relative |
//!
//! GNU ld calls them veneers (binutils 2.40, `elf32_arm_stub_*` in `bfd/elf32-arm.c`); for Cortex-M these, each as
//! `__NAME_veneer`:
//!
//! | code | where the target's address is |
//! | --- | --- |
//! | `push {r0}; ldr r0, [pc, #8]; mov ip, r0; pop {r0}; bx ip; nop; .word` | the word |
//! | `ldr.w pc, [pc, #-0]; .word` | the word |
//! | `movw ip; movt ip; bx ip` | the two halves |
//!
//! What else is called so is refused: the address in it would be missed.

use crate::elf::{Firmware, Symbol, SymbolSection};
use crate::relocation_types::slots_are_whole_64_kib_apart;
use crate::relocations::error::RelocationError;
use crate::thumb::{branch, half_move};
use lifeboot_core::rebase::Kind;

/// A thunk whose name and code were recognised.
#[derive(Debug)]
pub struct Thunk {
    /// Index of its symbol.
    pub symbol: usize,
    /// Index of the section that contains it.
    pub section: usize,
    /// Address of its first instruction.
    pub address: u32,
    /// The place in it that holds an address in the image: its offset in bytes, and the kind of entry.
    pub entry: Option<(u32, Kind)>,
}

/// Finds the thunks of a program. A name that looks like a thunk's but is unknown, or does not match the code, is an
/// error.
pub fn find(firmware: &Firmware) -> Result<Vec<Thunk>, RelocationError> {
    let mut thunks = Vec::new();
    for (index, symbol) in firmware.symbols().iter().enumerate() {
        let SymbolSection::Section(section) = symbol.section else { continue };
        let allocated = firmware.sections().get(section).is_some_and(|section| section.allocated);
        if !allocated || !looks_like_a_thunk(&symbol.name) {
            continue;
        }
        let address = symbol.value & !1;
        let entry = entry(firmware, symbol, section, address)?;
        thunks.push(Thunk { symbol: index, section, address, entry });
    }
    Ok(thunks)
}

/// `__…Thunk_…` is lld's; `__…_veneer`, `__…_from_thumb` and `__…_from_arm` are those of GNU ld.
fn looks_like_a_thunk(name: &str) -> bool {
    let Some(name) = name.strip_prefix("__") else { return false };
    let kind = name.split_once("Thunk_").map(|(kind, _)| kind);
    kind.is_some_and(|kind| kind.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        || ["_veneer", "_from_thumb", "_from_arm"].iter().any(|suffix| name.ends_with(suffix))
}

/// The target of a thunk, and how the thunk encodes it.
enum ThunkTarget {
    /// An absolute address, which the thunk holds at an offset.
    Absolute(u32, Option<(u32, Kind)>),
    /// A target at a fixed distance.
    Relative(u32),
}

fn entry(
    firmware: &Firmware,
    symbol: &Symbol,
    section: usize,
    address: u32,
) -> Result<Option<(u32, Kind)>, RelocationError> {
    let thunk = || (symbol.name.clone(), address);
    let shape_error = || RelocationError::ThunkShape { thunk: symbol.name.clone(), address };
    let offset = firmware.payload_offset(section, address).ok_or_else(shape_error)?;
    let code = firmware.payload().get(offset as usize..).unwrap_or_default();
    let halves: Vec<u16> = code.chunks_exact(2).take(10).map(|half| u16::from_le_bytes([half[0], half[1]])).collect();
    let read: fn(u32, &[u16]) -> Option<ThunkTarget> = if symbol.name.ends_with("_veneer") {
        gnu_veneer
    } else if symbol.name.starts_with("__Thumbv6MABSLongThunk_") {
        armv6m_word
    } else if symbol.name.starts_with("__Thumbv6MABSXOLongThunk_") {
        armv6m_execute_only
    } else if symbol.name.starts_with("__Thumbv6MPILongThunk_") {
        armv6m_relative
    } else if symbol.name.starts_with("__Thumbv7ABSLongThunk_") {
        armv7m_halves
    } else if symbol.name.starts_with("__ThumbV7PILongThunk_") {
        armv7m_relative
    } else {
        let (thunk, address) = thunk();
        return Err(RelocationError::ThunkUnknown { thunk, address });
    };
    let target = read(address, &halves).or_else(|| short(address, &halves)).ok_or_else(shape_error)?;
    match target {
        ThunkTarget::Absolute(target, place) if firmware.is_in_image(target & !1) => {
            let fits = |place: &(u32, Kind)| place.1 == Kind::Word || slots_are_whole_64_kib_apart(firmware.board());
            let (thunk, address) = thunk();
            place.filter(fits).map(Some).ok_or(RelocationError::ThunkFixed { thunk, address, target })
        }
        ThunkTarget::Absolute(..) => Ok(None),
        ThunkTarget::Relative(target) if firmware.is_in_image(target & !1) == firmware.moves(section) => Ok(None),
        ThunkTarget::Relative(target) => {
            let (thunk, address) = thunk();
            Err(RelocationError::ThunkFixed { thunk, address, target })
        }
    }
}

fn short(address: u32, halves: &[u16]) -> Option<ThunkTarget> {
    let [first, second, ..] = *halves else { return None };
    // Accepts only `B.W`: a `BL` would overwrite the return address of the caller.
    branch(address, first, second).filter(|_| second & 0xd000 == 0x9000).map(ThunkTarget::Relative)
}

fn armv6m_word(address: u32, halves: &[u16]) -> Option<ThunkTarget> {
    let [0xb403, 0x4801, 0x9001, 0xbd01, low, high, ..] = *halves else { return None };
    // The literal's address is relative to the word that the instruction lies in.
    address.is_multiple_of(4).then_some(ThunkTarget::Absolute(word(low, high), Some((8, Kind::Word))))
}

fn armv6m_execute_only(_: u32, halves: &[u16]) -> Option<ThunkTarget> {
    let [0xb403, top, 0x0200, high, 0x0200, middle, 0x0200, low, 0x9001, 0xbd01] = *halves else { return None };
    let fits = top & 0xff00 == 0x2000 && [high, middle, low].iter().all(|half| half & 0xff00 == 0x3000);
    let target = [top, high, middle, low].iter().fold(0, |value, half| value << 8 | u32::from(half & 0xff));
    fits.then_some(ThunkTarget::Absolute(target, None))
}

fn armv6m_relative(address: u32, halves: &[u16]) -> Option<ThunkTarget> {
    let [0xb401, 0x4802, 0x4684, 0xbc01, 0x44e7, 0x46c0, low, high, ..] = *halves else { return None };
    // The `add pc, ip` at offset 8 reads pc as its own address plus 4.
    let target = address.wrapping_add(12).wrapping_add(word(low, high));
    address.is_multiple_of(4).then_some(ThunkTarget::Relative(target))
}

fn armv7m_halves(_: u32, halves: &[u16]) -> Option<ThunkTarget> {
    let target = move_to_ip(halves)?;
    (halves.get(4) == Some(&0x4760)).then_some(ThunkTarget::Absolute(target, Some((4, Kind::UpperHalf))))
}

fn armv7m_relative(address: u32, halves: &[u16]) -> Option<ThunkTarget> {
    let distance = move_to_ip(halves)?;
    // The `add ip, pc` at offset 8 reads pc as its own address plus 4.
    let target = address.wrapping_add(12).wrapping_add(distance);
    (halves.get(4..6) == Some(&[0x44fc, 0x4760])).then_some(ThunkTarget::Relative(target))
}

fn gnu_veneer(address: u32, halves: &[u16]) -> Option<ThunkTarget> {
    let place = match *halves {
        [0xb401, 0x4802, 0x4684, 0xbc01, 0x4760, 0xbf00, low, high, ..] => (word(low, high), 12),
        [0xf85f, 0xf000, low, high, ..] => (word(low, high), 4),
        _ => return armv7m_halves(address, halves),
    };
    // Both read the word relative to the word that the instruction lies in.
    let (target, at) = place;
    address.is_multiple_of(4).then_some(ThunkTarget::Absolute(target, Some((at, Kind::Word))))
}

/// Decodes the value that `movw ip; movt ip` at the start load.
fn move_to_ip(halves: &[u16]) -> Option<u32> {
    let [a, b, c, d, ..] = *halves else { return None };
    let (low, high) = (half_move(a, b)?, half_move(c, d)?);
    let fits = !low.upper && high.upper && low.register == 12 && high.register == 12;
    fits.then_some(word(low.value, high.value))
}

fn word(low: u16, high: u16) -> u32 {
    u32::from(high) << 16 | u32::from(low)
}
