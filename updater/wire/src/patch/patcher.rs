//! The decoder of a patch: reads its instructions one by one and carries them out in pieces.

use super::{LENGTHS, Malformed, WINDOW};
use heatshrink::{Poll, decoder::HeatshrinkDecoder};

/// Maximum number of bytes of an instruction's number.
pub const NUMBER: usize = 4;

/// Maximum number of bytes that are made at once.
pub const PIECE: usize = 32;

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Copies old bytes as they are.
    Copy,
    /// Copies old bytes and adds a byte of the patch to each.
    Add,
    /// Inserts bytes of the patch.
    Insert,
    /// Moves to another place in the old bytes.
    Seek,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Copy, Kind::Add, Kind::Insert, Kind::Seek];
}

/// Returns an instruction's number, and how many of its bytes are used; `None` if the length is too large, or 0.
pub const fn number(kind: Kind, length: u32) -> Option<([u8; NUMBER], usize)> {
    if length == 0 || length >= 1 << (7 * NUMBER - 2) {
        return None;
    }
    let mut rest = length << 2 | kind as u32;
    let (mut bytes, mut count) = ([0; NUMBER], 0);
    loop {
        let last = rest < 0x80;
        bytes[count] = rest as u8 & 0x7f | if last { 0 } else { 0x80 };
        count += 1;
        rest >>= 7;
        if last {
            return Some((bytes, count));
        }
    }
}

/// Returns a distance as a seek's length.
pub const fn zigzag(distance: i32) -> u32 {
    (distance << 1 ^ distance >> 31) as u32
}

/// Applies a patch. It stores neither old nor new bytes.
pub struct Patcher {
    expander: HeatshrinkDecoder<WINDOW, LENGTHS, 16, { 1 << WINDOW }>,
    /// Bytes of instructions that are expanded and not used yet.
    bytes: [u8; PIECE],
    used: usize,
    filled: usize,
    /// The number that is being read, and how many bytes of it were read.
    number: u32,
    digits: usize,
    /// The current instruction, and how many bytes of it are left.
    kind: Kind,
    left: u32,
    /// The position in the old bytes, and their number.
    position: u32,
    old_length: u32,
}

impl Patcher {
    /// Returns a patcher for this many old bytes.
    pub fn new(old_length: u32) -> Self {
        Patcher {
            expander: HeatshrinkDecoder::new(),
            bytes: [0; PIECE],
            used: 0,
            filled: 0,
            number: 0,
            digits: 0,
            kind: Kind::Copy,
            left: 0,
            position: 0,
            old_length,
        }
    }

    /// Takes the patch's next bytes; returns how many. Takes none while it can [`make`](Self::make) new bytes without
    /// them.
    pub fn take(&mut self, patch: &[u8]) -> usize {
        // The expander must not be given an empty slice: it would read a byte that is not there.
        if patch.is_empty() { 0 } else { self.expander.sink(patch).unwrap_or_default() }
    }

    /// Makes the next new bytes; returns how many, or `None` if that needs more of the patch. `read` must fill the
    /// beginning of a piece with the old bytes at a position, and return how many; it is called at most once.
    ///
    /// # Errors
    /// Those of `read`, and [`Malformed`]. The patcher must not be used after an error.
    pub fn make<E: From<Malformed>>(
        &mut self,
        piece: &mut [u8; PIECE],
        read: impl FnOnce(u32, &mut [u8]) -> Result<usize, E>,
    ) -> Result<Option<usize>, E> {
        while self.left == 0 {
            match self.next_byte() {
                Some(byte) => self.begin(byte)?,
                None => return Ok(None),
            }
        }
        let mut length = PIECE.min(self.left as usize);
        if self.kind != Kind::Copy {
            if !self.fill() {
                return Ok(None);
            }
            length = length.min(self.filled - self.used);
        }
        let place = piece.get_mut(..length).unwrap_or_default();
        if self.kind == Kind::Insert {
            place.copy_from_slice(self.bytes.get(self.used..self.used + length).ok_or(Malformed)?);
        } else {
            let in_old = self.position.checked_add(length as u32).is_some_and(|end| end <= self.old_length);
            if !in_old {
                return Err(Malformed.into());
            }
            length = read(self.position, place)?.min(length);
            self.position += length as u32;
        }
        if self.kind == Kind::Add {
            let added = self.bytes.get(self.used..).unwrap_or_default();
            place.iter_mut().zip(added).for_each(|(old, added)| *old = old.wrapping_add(*added));
        }
        if self.kind != Kind::Copy {
            self.used += length;
        }
        self.left -= length as u32;
        Ok(Some(length))
    }

    /// Takes a byte of an instruction's number; the last one starts the instruction.
    fn begin(&mut self, byte: u8) -> Result<(), Malformed> {
        self.number |= u32::from(byte & 0x7f) << (7 * self.digits);
        self.digits += 1;
        if byte & 0x80 != 0 {
            return if self.digits < NUMBER { Ok(()) } else { Err(Malformed) };
        }
        let kind = Kind::ALL.get(self.number as usize & 3).copied().unwrap_or(Kind::Seek);
        let length = self.number >> 2;
        let again = kind == Kind::Seek && self.kind == Kind::Seek;
        if length == 0 || again {
            return Err(Malformed);
        }
        (self.number, self.digits, self.kind) = (0, 0, kind);
        if kind == Kind::Seek {
            let distance = (length >> 1) as i32 ^ -((length & 1) as i32);
            let position = self.position.checked_add_signed(distance).filter(|position| *position <= self.old_length);
            self.position = position.ok_or(Malformed)?;
        } else {
            self.left = length;
        }
        Ok(())
    }

    fn next_byte(&mut self) -> Option<u8> {
        if !self.fill() {
            return None;
        }
        let byte = self.bytes.get(self.used).copied();
        self.used += 1;
        byte
    }

    /// Expands more bytes of instructions if all are used; returns whether there are any.
    fn fill(&mut self) -> bool {
        if self.used == self.filled {
            let (Ok(Poll::Empty(filled)) | Ok(Poll::More(filled))) = self.expander.poll(&mut self.bytes) else {
                return false;
            };
            (self.used, self.filled) = (0, filled);
        }
        self.used < self.filled
    }
}
