//! Where regions lie: `SIZE @ OFFSET` as a board file writes it, or the next sector border.

use crate::error::{Wrong, wrong};
use crate::map::Usage;
use crate::sectors::Sectors;
use crate::size;
use lifeboot_core::layout::Region;

/// A region as the board file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is for.
    pub usage: Usage,
    /// Its length in bytes.
    pub length: u32,
    /// Where it is to lie; `None` for the next sector border.
    pub offset: Option<u32>,
    /// The byte of the board file at which its value stands.
    pub at: usize,
}

/// A region with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// What it is for.
    pub usage: Usage,
    /// Its bytes. They may reach past the flash, but not past 32 bits.
    pub region: Region,
    /// Whether the board file leaves its start open.
    pub was_placed: bool,
    /// The byte of the board file at which its value stands.
    pub at: usize,
}

/// Reads `SIZE` or `SIZE @ OFFSET`.
///
/// # Errors
/// If the text is neither; `key` is what the error calls it.
pub fn read(key: &str, text: &str) -> Result<(u32, Option<u32>), Wrong> {
    let (length, offset) = match text.split_once('@') {
        Some((length, offset)) => (length, Some(offset)),
        None => (text, None),
    };
    let form = "write a size, and where the region starts if that matters: \"32K\", \"0x8000\", \"32K @ 64K\"";
    let number = |text: &str| match size::read(text) {
        Some(number) => Ok(number),
        None => wrong(format!("{key}: {:?} is not a size", text.trim()), form),
    };
    let (length, offset) = (number(length)?, offset.map(number).transpose()?);
    if length == 0 {
        return wrong(format!("{key}: a region of 0 bytes"), "leave it out, or give it a size");
    }
    if length.checked_add(offset.unwrap_or(0)).is_none() {
        return wrong(format!("{key}: {:?} reaches past 4 GiB", text.trim()), form);
    }
    Ok((length, offset))
}

/// Places regions in their order: each without an offset starts at the first sector border after the one before it.
pub fn place(sectors: &Sectors, entries: Vec<Entry>) -> Vec<Spot> {
    let mut next = 0;
    let place = |entry: Entry| {
        let start = entry.offset.unwrap_or(next);
        // What starts at the end of flash is refused later, whatever its length.
        let region = Region { start, length: entry.length.min(u32::MAX - start) };
        next = sectors.border_from(region.end());
        Spot { usage: entry.usage, region, was_placed: entry.offset.is_none(), at: entry.at }
    };
    entries.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_places_are_read() {
        assert_eq!(read("journal", "32K"), Ok((32_768, None)));
        assert_eq!(read("journal", "0x8000@64K"), Ok((32_768, Some(65_536))));
        assert_eq!(read("journal", "32768 @ 0x1_0000"), Ok((32_768, Some(65_536))));
    }

    #[test]
    fn what_is_neither_is_refused() {
        let refused = |text| read("journal", text).unwrap_err();
        assert_eq!(refused("32Q").what, "journal: \"32Q\" is not a size");
        assert_eq!(refused("32K @ ").what, "journal: \"\" is not a size");
        let form = "write a size, and where the region starts if that matters: \"32K\", \"0x8000\", \"32K @ 64K\"";
        assert_eq!(refused("large").help, form);
        assert_eq!(refused("0").what, "journal: a region of 0 bytes");
        assert_eq!(refused("0").help, "leave it out, or give it a size");
        assert_eq!(refused("2048M @ 2048M").what, "journal: \"2048M @ 2048M\" reaches past 4 GiB");
    }
}
