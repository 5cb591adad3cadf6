//! Checks of whole sections: addresses in the image without a relocation that was read, and alignments that are lost in the other
//! slot.

use super::error::RelocationError;
use crate::elf::{Firmware, Section, SymbolSection};
use crate::thunks::Thunk;
use lifeboot_core::Slot;
use std::collections::HashSet;

/// The name that the ABI gives to tables for unwinding (IHI 0038, section 5).
const UNWIND_INDEX: &str = ".ARM.exidx";

/// Numbers from here on are rare in firmware.
const NO_NUMBERS: u32 = 0x0100_0000;

/// Checks that all relocations could be read.
pub fn check_are_read(firmware: &Firmware) -> Result<(), RelocationError> {
    firmware.unread_relocations().map_or(Ok(()), |section| Err(RelocationError::Unread(section.to_owned())))
}

/// Checks the sections of firmware. With `proved`, a comparison with the relinked program follows, so what only looks like an
/// address is no error.
pub fn check(firmware: &Firmware, thunks: &[Thunk], proved: bool) -> Result<(), RelocationError> {
    // Linkers keep no relocations of their thunks.
    let thunk_words = thunks.iter().filter_map(|thunk| Some((thunk.address + thunk.entry?.0) & !3)).collect();
    for (index, section) in firmware.sections().iter().enumerate() {
        if section.name.starts_with(UNWIND_INDEX) {
            check_unwind_index(firmware, index, section)?;
        }
        if section.name == ".eh_frame" && !section.has_relocations {
            check_empty(firmware, section)?;
        }
        match section.has_relocations {
            _ if proved => {}
            true => check_partly_recorded(firmware, index, section, &thunk_words)?,
            false => check_unrecorded(firmware, section)?,
        }
        if firmware.moves(index) {
            check_alignment(firmware, section)?;
        }
    }
    Ok(())
}

/// Checks that the functions which an unwind table is about are on its own side: it names them by their distances (IHI 0038,
/// section 6), and lld keeps no relocations of the tables that it makes.
fn check_unwind_index(firmware: &Firmware, index: usize, section: &Section) -> Result<(), RelocationError> {
    const CANNOT_UNWIND: u32 = 1;
    for (number, (place, word)) in words(section, firmware.payload()).enumerate() {
        let is_inline = number % 2 == 1 && (word == CANNOT_UNWIND || word >> 31 != 0);
        // 31 bits, with a sign.
        let target = place.wrapping_add(((word << 1) as i32 >> 1) as u32);
        if !is_inline && firmware.is_in_image(target & !1) != firmware.moves(index) {
            return Err(RelocationError::Unwind { section: section.name.clone(), address: place, target });
        }
    }
    Ok(())
}

/// Checks that a table without relocations on record describes nothing.
fn check_empty(firmware: &Firmware, section: &Section) -> Result<(), RelocationError> {
    let is_empty = section.content(firmware.payload()).iter().all(|byte| *byte == 0);
    if is_empty { Ok(()) } else { Err(RelocationError::LinkerTable(section.name.clone())) }
}

/// Checks that a section of which the linker kept no relocation holds no word that may be an address in the image: its
/// relocations may have been removed. Where flash lies low in the address space, as on the nRF51, that may be a number as well
/// (38400 baud), and nothing tells.
fn check_unrecorded(firmware: &Firmware, section: &Section) -> Result<(), RelocationError> {
    let end = firmware.room().start + firmware.payload().len() as u32;
    let image = firmware.room().start..end;
    let found = words(section, firmware.payload()).find(|(_, word)| image.contains(&(word & !1)));
    found.map_or(Ok(()), |word| Err(unrecorded(section, word)))
}

/// Checks that a section of which the linker kept some relocations holds no symbol's address without one: a part of them may have
/// been removed. `known` are the places whose addresses are accounted for.
///
/// Where flash lies low in the address space, numbers are as common as addresses (65537 is that of a function at 0x10000), and only
/// the comparison with the relinked program tells.
fn check_partly_recorded(
    firmware: &Firmware,
    index: usize,
    section: &Section,
    known: &HashSet<u32>,
) -> Result<(), RelocationError> {
    if firmware.room().start < NO_NUMBERS {
        return Ok(());
    }
    let symbols = firmware.symbols().iter().filter(|symbol| symbol.length > 0);
    let moving = symbols.filter(|symbol| {
        let SymbolSection::Section(of) = symbol.section else { return false };
        firmware.moves(of) && firmware.lies_in_its_section(symbol) == Some(true)
    });
    let named: HashSet<u32> = moving.map(|symbol| symbol.value).collect();
    let recorded = firmware.relocations().iter().filter(|relocation| relocation.section == index);
    let recorded: HashSet<u32> = recorded.map(|relocation| relocation.address & !3).collect();
    let is_missed =
        |(address, word): &(u32, u32)| named.contains(word) && !recorded.contains(address) && !known.contains(address);
    let found = words(section, firmware.payload()).find(is_missed);
    found.map_or(Ok(()), |word| Err(unrecorded(section, word)))
}

fn unrecorded(section: &Section, (address, value): (u32, u32)) -> RelocationError {
    RelocationError::Unrecorded { section: section.name.clone(), address, value }
}

fn check_alignment(firmware: &Firmware, section: &Section) -> Result<(), RelocationError> {
    let board = firmware.board();
    let distance = board.slot(Slot::B).start - board.slot(Slot::A).start;
    if section.length == 0 || distance.is_multiple_of(section.alignment.max(1)) {
        return Ok(());
    }
    let (section, alignment) = (section.name.clone(), section.alignment);
    Err(RelocationError::Alignment { section, alignment, board: board.name, largest: 1 << distance.trailing_zeros() })
}

/// Returns the aligned words of a section that is loaded, each with its address.
fn words<'a>(section: &Section, payload: &'a [u8]) -> impl Iterator<Item = (u32, u32)> + use<'a> {
    let words = section.content(payload).as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
    (section.address..).step_by(4).zip(words)
}
