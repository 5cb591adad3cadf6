//! The checks of a flash map.

use super::{
    Architecture, BLOCK, Board, HANDOVER_LENGTH, HEADER_LENGTH, INFO_LENGTH, KIB, RECORD_LENGTH, RECORDS_PER_UNIT, RUNS,
};
use super::{Region, Slot, Units};

/// The largest flash and RAM: no supported chip has more, and sums of such offsets do not overflow.
const LARGEST: u32 = 64 * 1024 * KIB;

impl Board {
    /// Panics, at compile time, if the map contradicts itself.
    pub const fn check(&self) {
        if let Some(contradiction) = self.contradiction() {
            panic!("{}", contradiction)
        }
    }

    /// Returns what is wrong with the map; `None` if nothing is. Any values may be checked.
    pub const fn contradiction(&self) -> Option<&'static str> {
        let [a, b] = self.slots;
        let header = self.header_length;
        let distance = b.start.wrapping_sub(a.start);
        let record = RECORD_LENGTH as u32;
        // Sums are safe once the sizes are; and each check may rely on those before it.
        if let Some(wrong) = self.wrong_size() {
            return Some(wrong);
        }
        if let Some(wrong) = self.wrong_units() {
            return Some(wrong);
        }
        if let Some(wrong) = self.wrong_journal() {
            return Some(wrong);
        }
        first(&[
            (self.bootloader.start == 0, "the bootloader does not start at the start of the flash"),
            (self.bootloader.length >= 2 * INFO_LENGTH as u32, "the bootloader's region is too small"),
            (self.last_unit(self.bootloader).end() <= self.journal.start, "the journal overlaps the bootloader"),
            (self.journal.end() <= a.start, "slot A overlaps the journal"),
            (self.last_unit(a).end() <= b.start, "the slots overlap"),
            (a.length == b.length, "an image that fits one slot must fit the other"),
            (self.starts_at_a_unit(a), "slot A starts inside an erase unit"),
            (self.starts_at_a_unit(b), "slot B starts inside an erase unit"),
            (a.length.is_multiple_of(BLOCK), "a slot ends inside a block"),
            (self.write_size.is_power_of_two() && self.write_size <= BLOCK, "a write unit larger than a block"),
            (
                record.is_multiple_of(self.write_size) || self.write_size > record,
                "a boot record would end inside a write unit",
            ),
            (header.is_multiple_of(BLOCK), "the payload must start at a block"),
            (
                matches!(self.architecture, Architecture::Armv6M)
                    || self.payload_address(Slot::A).is_multiple_of(header)
                        && self.payload_address(Slot::B).is_multiple_of(header),
                "the vector table is not aligned",
            ),
            (
                matches!(self.architecture, Architecture::Armv6M) || distance.is_multiple_of(64 * KIB),
                "a MOVT can only be rebased by a multiple of 64 KiB",
            ),
        ])
    }

    const fn wrong_size(&self) -> Option<&'static str> {
        let name = self.name.as_bytes();
        let mut index = 0;
        while index < name.len() {
            if !name[index].is_ascii_graphic() {
                return Some("the board's name is not printable ASCII");
            }
            index += 1;
        }
        let ([a, b], header) = (self.slots, self.header_length);
        first(&[
            (!name.is_empty() && name.len() <= 16, "the board's name does not fit the header"),
            (self.flash_length <= LARGEST, "no chip has so much flash"),
            (self.flash_address <= u32::MAX - LARGEST, "the flash reaches past the end of the memory"),
            (
                self.ram.length <= LARGEST && self.ram.start <= u32::MAX - LARGEST,
                "the RAM reaches past the end of the memory",
            ),
            (self.ram.length > HANDOVER_LENGTH, "there is no RAM for firmware"),
            (self.bootloader.is_inside(self.flash_length), "the bootloader reaches past the flash"),
            (self.journal.is_inside(self.flash_length), "the journal reaches past the flash"),
            (a.is_inside(self.flash_length), "slot A reaches past the flash"),
            (b.is_inside(self.flash_length), "slot B reaches past the flash"),
            (
                header as usize >= HEADER_LENGTH && header < a.length && header < b.length,
                "no room for the header, or for firmware",
            ),
        ])
    }

    const fn wrong_units(&self) -> Option<&'static str> {
        if self.units.is_empty() || self.units.len() > RUNS {
            return Some("no runs of erase units, or too many");
        }
        if self.units[0].start != 0 {
            return Some("the first erase unit does not start the flash");
        }
        let mut index = 0;
        while index < self.units.len() {
            let Units { start, length } = self.units[index];
            let end = if index + 1 < self.units.len() { self.units[index + 1].start } else { self.flash_length };
            if !length.is_power_of_two() || length < BLOCK || !start.is_multiple_of(BLOCK) {
                return Some("tiny erase units, or of an odd length");
            }
            if start >= end || !(end - start).is_multiple_of(length) {
                return Some("a run of erase units ends inside one");
            }
            index += 1;
        }
        None
    }

    const fn wrong_journal(&self) -> Option<&'static str> {
        let (unit, journal) = (self.journal_unit, self.journal);
        let stride = if self.write_size > RECORD_LENGTH as u32 { self.write_size } else { RECORD_LENGTH as u32 };
        if journal.length > 1024 * KIB {
            return Some("a journal longer than sequence numbers allow for");
        }
        if unit == 0 || journal.length / unit < 2 || !journal.length.is_multiple_of(unit) {
            return Some("a journal needs two whole erase units");
        }
        let mut at = journal.start;
        while at < journal.end() {
            let Region { start, length } = self.unit_at(at);
            if start != at || length != unit {
                return Some("the journal's erase units are not equal");
            }
            at += unit;
        }
        if unit / stride < RECORDS_PER_UNIT {
            return Some("an erase unit of the journal holds too few boot records");
        }
        None
    }

    /// Returns the last unit of a region, all of which belongs to it: a region may end inside a unit.
    const fn last_unit(&self, region: Region) -> Region {
        self.unit_at(region.start + region.length.saturating_sub(1))
    }

    /// Whether a region starts where a unit does.
    const fn starts_at_a_unit(&self, region: Region) -> bool {
        self.unit_at(region.start).start == region.start
    }
}

impl Region {
    const fn is_inside(self, length: u32) -> bool {
        self.start <= length && self.length <= length - self.start
    }
}

/// Returns what belongs to the first check that fails.
const fn first(checks: &[(bool, &'static str)]) -> Option<&'static str> {
    let mut rest = checks;
    while let [(holds, wrong), others @ ..] = rest {
        if !*holds {
            return Some(wrong);
        }
        rest = others;
    }
    None
}
