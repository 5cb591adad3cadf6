//! Rebasing: converting the canonical payload into the one that runs in another slot, and back.
//!
//! The relocation table lists the places of a payload that hold an absolute address inside the image. Rebasing adds the
//! distance between the slots to each of them; the reverse subtracts it. Addition is a bijection, so there is exactly
//! one rebased payload for each canonical one, and a signature over the canonical form covers both.
//!
//! That holds for words at any distance, and for the upper half in a `MOVT` if the distance is a multiple of 64 KiB. It
//! is on every board whose core has that instruction ([`Board::check`](crate::layout::Board::check)). On other boards a
//! `MOVT` cannot be rebased back: the host tool refuses to make or read a table that lists one, and here its digest
//! does not match.
//!
//! A table is a sequence of LEB128 numbers, one for each entry, each at most four bytes and in its shortest form:
//!
//! | bits | meaning |
//! | --- | --- |
//! | 0 | kind: 0 = a word (`R_ARM_ABS32`), 1 = the upper half in a `MOVT` (`R_ARM_THM_MOVT_ABS`) |
//! | 1.. | half of the gap in bytes between the end of the previous entry (for the first: the payload's start) and this one |
//!
//! Gaps cannot be negative, so entries are sorted and disjoint by construction: every table that decodes is well
//! formed.

/// Bytes that one entry covers: a word, or a 32-bit Thumb instruction.
pub const ENTRY_LENGTH: usize = 4;

/// How the address at an entry is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A little-endian word.
    Word,
    /// The immediate of a Thumb-2 `MOVT` (Armv7-M ARM, A7.7.79, encoding T1): the upper half of an address.
    UpperHalf,
}

/// One place in the payload that holds an absolute address inside the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Bytes from the start of the payload; even.
    pub offset: u32,
    /// How the address is stored there.
    pub kind: Kind,
}

impl Entry {
    /// Returns the offset of the first byte after this entry.
    pub const fn end(&self) -> u32 {
        self.offset + ENTRY_LENGTH as u32
    }
}

/// The bytes of a table do not decode: an over-long number, an offset past 2³¹, or an end in the middle of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Decodes a table byte by byte, so that a table can be read from flash in pieces of any size.
#[derive(Clone, Default)]
pub struct Decoder {
    end: u32,
    number: u32,
    bytes: u8,
}

impl Decoder {
    /// Takes the next byte of the table; returns an entry when one is complete.
    pub fn push(&mut self, byte: u8) -> Result<Option<Entry>, Malformed> {
        self.number |= u32::from(byte & 0x7f) << (7 * self.bytes);
        self.bytes += 1;
        if byte & 0x80 != 0 {
            return if self.bytes < 4 { Ok(None) } else { Err(Malformed) };
        }
        if byte == 0 && self.bytes > 1 {
            return Err(Malformed); // A shorter form of the same number exists.
        }
        let kind = if self.number & 1 == 0 { Kind::Word } else { Kind::UpperHalf };
        let offset = self.end + (self.number & !1);
        if offset >= 1 << 31 {
            return Err(Malformed);
        }
        let entry = Entry { offset, kind };
        *self = Decoder { end: entry.end(), ..Decoder::default() };
        Ok(Some(entry))
    }

    /// Whether the bytes so far end with a whole entry, as every table must.
    pub const fn is_whole(&self) -> bool {
        self.bytes == 0
    }
}

/// Encodes one entry that follows `previous_end`; returns the bytes and how many of them are used.
///
/// `None` if the entry overlaps the previous one, is at an odd distance from it, or is too far away.
pub fn encode(previous_end: u32, entry: Entry) -> Option<([u8; 4], usize)> {
    let gap = entry.offset.checked_sub(previous_end).filter(|gap| gap % 2 == 0)?;
    let mut number = gap | u32::from(entry.kind == Kind::UpperHalf);
    if number >= 1 << 28 {
        return None;
    }
    let mut bytes = [0; 4];
    let mut length = 0;
    loop {
        let last = number < 0x80;
        bytes[length] = number as u8 & 0x7f | if last { 0 } else { 0x80 };
        length += 1;
        number >>= 7;
        if last {
            return Some((bytes, length));
        }
    }
}

/// Converts a payload from one form to the other, piece by piece, in order.
#[derive(Clone)]
pub struct Rebaser {
    distance: u32,
    next: Option<Entry>,
    started: bool,
}

impl Rebaser {
    /// Returns a rebaser that adds `distance` to each listed address; it wraps, so that a negative distance converts
    /// back.
    pub const fn new(distance: u32) -> Self {
        Rebaser { distance, next: None, started: false }
    }

    /// Adds the distance to every listed address that lies entirely in `bytes`, the part of the payload that starts at
    /// `offset`.
    ///
    /// Takes the entries from `table`, in order. Returns how many leading bytes are final. The rest, at most three,
    /// begin an entry: the next call must pass them again, before the bytes that follow them.
    pub fn apply<E>(
        &mut self,
        offset: u32,
        bytes: &mut [u8],
        mut table: impl FnMut() -> Result<Option<Entry>, E>,
    ) -> Result<usize, E> {
        if !self.started {
            self.next = table()?;
            self.started = true;
        }
        while let Some(entry) = self.next {
            let start = entry.offset.saturating_sub(offset) as usize;
            match bytes.get_mut(start..).and_then(|rest| rest.first_chunk_mut()) {
                Some(place) => shift(place, entry.kind, self.distance),
                None => return Ok(start.min(bytes.len())),
            }
            self.next = table()?;
        }
        Ok(bytes.len())
    }

    /// Skips the part of the payload before `offset`, which is in its final form already. Returns whether it could: it
    /// cannot if an entry crosses `offset`.
    pub fn skip<E>(&mut self, offset: u32, mut table: impl FnMut() -> Result<Option<Entry>, E>) -> Result<bool, E> {
        if !self.started {
            self.next = table()?;
            self.started = true;
        }
        while self.next.is_some_and(|entry| entry.end() <= offset) {
            self.next = table()?;
        }
        Ok(self.next.is_none_or(|entry| entry.offset >= offset))
    }

    /// Whether every entry of the table has been applied. False at the payload's end means that the table points past
    /// it.
    pub const fn is_done(&self) -> bool {
        self.next.is_none()
    }
}

/// Adds `distance` to the address at `place`.
fn shift(place: &mut [u8; ENTRY_LENGTH], kind: Kind, distance: u32) {
    match kind {
        Kind::Word => *place = u32::from_le_bytes(*place).wrapping_add(distance).to_le_bytes(),
        Kind::UpperHalf => {
            // Armv7-M ARM, A7.7.79: imm16 = imm4:i:imm3:imm8, of which imm4 and i are in the first halfword.
            let [a, b, c, d] = *place;
            let (first, second) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
            let half = (first & 0xf) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xff;
            let half = half.wrapping_add((distance >> 16) as u16);
            let first = first & !0x040f | half >> 12 | (half >> 11 & 1) << 10;
            let second = second & !0x70ff | (half >> 8 & 7) << 12 | half & 0xff;
            let ([a, b], [c, d]) = (first.to_le_bytes(), second.to_le_bytes());
            *place = [a, b, c, d];
        }
    }
}

#[cfg(test)]
mod tests;
