//! The erase units of a flash: runs of equal sectors.

use lifeboot_core::layout::Region;

/// Neighbouring sectors of equal size, in one bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectorRun {
    /// Where the first begins, counted from the start of flash.
    pub start: u32,
    /// The bytes that one erase clears.
    pub unit: u32,
    /// How many there are.
    pub count: u32,
    /// The number that the chip's manual gives to the first.
    pub number: u32,
    /// The bank, counted from 1.
    pub bank: u8,
}

impl SectorRun {
    /// Returns the first byte after the run.
    pub const fn end(self) -> u32 {
        self.start + self.unit * self.count
    }
}

/// One erase unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sector {
    /// Where it begins, counted from the start of flash.
    pub start: u32,
    /// Its length in bytes.
    pub length: u32,
    /// Its number in the chip's manual.
    pub number: u32,
    /// Its bank, counted from 1.
    pub bank: u8,
}

impl Sector {
    /// Returns the first byte after the sector.
    pub const fn end(self) -> u32 {
        self.start + self.length
    }
}

/// All erase units of a flash, without a gap between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sectors(Vec<SectorRun>);

impl Sectors {
    /// Returns the sectors of these runs, which must follow each other from offset 0 on.
    ///
    /// # Panics
    /// If there is a gap.
    pub fn new(runs: Vec<SectorRun>) -> Self {
        let mut end = 0;
        for run in &runs {
            assert_eq!(run.start, end, "a gap between sectors");
            end = run.end();
        }
        Sectors(runs)
    }

    /// Returns the runs, in order.
    pub fn runs(&self) -> &[SectorRun] {
        &self.0
    }

    /// Returns the size of the flash.
    pub fn length(&self) -> u32 {
        self.0.last().map_or(0, |run| run.end())
    }

    /// Returns each sector, in order.
    pub fn iter(&self) -> impl Iterator<Item = Sector> + '_ {
        self.0.iter().flat_map(|run| {
            (0..run.count).map(|index| Sector {
                start: run.start + index * run.unit,
                length: run.unit,
                number: run.number + index,
                bank: run.bank,
            })
        })
    }

    /// Returns the sector that has the byte at `offset`; `None` if the flash ends before it.
    pub fn at(&self, offset: u32) -> Option<Sector> {
        self.covering(Region { start: offset, length: 1 }).next()
    }

    /// Returns the sectors that have a byte of the region.
    pub fn covering(&self, region: Region) -> impl Iterator<Item = Sector> + '_ {
        let end = u64::from(region.start) + u64::from(region.length);
        self.iter()
            .skip_while(move |sector| sector.end() <= region.start)
            .take_while(move |sector| u64::from(sector.start) < end)
    }

    /// Whether a sector starts at `offset`, or the flash ends there.
    pub fn is_border(&self, offset: u32) -> bool {
        offset == self.length() || self.at(offset).is_some_and(|sector| sector.start == offset)
    }

    /// Returns the first border at or after `offset`; the end of flash if there is none before it.
    pub fn border_from(&self, offset: u32) -> u32 {
        match self.at(offset) {
            Some(sector) if sector.start == offset => offset,
            Some(sector) => sector.end(),
            None => self.length(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sectors() -> Sectors {
        let run = |start, unit, count, number| SectorRun { start, unit, count, number, bank: 1 };
        Sectors::new(vec![run(0, 16, 4, 0), run(64, 64, 1, 4), run(128, 128, 2, 5)])
    }

    #[test]
    fn a_region_covers_the_sectors_that_it_has_a_byte_of() {
        let numbers = |start, length| -> Vec<u32> {
            sectors().covering(Region { start, length }).map(|sector| sector.number).collect()
        };
        assert_eq!(numbers(0, 16), [0]);
        assert_eq!(numbers(15, 2), [0, 1]);
        assert_eq!(numbers(64, 65), [4, 5]);
        assert_eq!(numbers(300, u32::MAX), [6]);
        assert_eq!(numbers(384, 1), []);
    }

    #[test]
    fn borders_are_where_sectors_start_and_the_flash_ends() {
        let sectors = sectors();
        assert_eq!([0, 16, 64, 128, 256, 384].map(|offset| sectors.is_border(offset)), [true; 6]);
        assert_eq!([1, 80, 192, 385].map(|offset| sectors.is_border(offset)), [false; 4]);
        assert_eq!([0, 1, 65, 300, 999].map(|offset| sectors.border_from(offset)), [0, 16, 128, 384, 384]);
    }
}
