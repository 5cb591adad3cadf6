//! Bytes and their addresses.

/// The value that erased flash reads as.
pub const ERASED: u8 = 0xff;

/// A contiguous run of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Address of the first byte.
    pub address: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Segment {
    /// Returns the address just after the last byte, saturating at the highest address.
    pub fn end(&self) -> u32 {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.address.saturating_add(length)
    }

    /// Copies the part of the segment that lies in `memory`, which begins at `start`.
    pub(crate) fn put_into(&self, start: u32, memory: &mut [u8]) {
        let offset = i64::from(self.address) - i64::from(start);
        for (index, byte) in (offset..).zip(&self.bytes) {
            if let Some(place) = usize::try_from(index).ok().and_then(|index| memory.get_mut(index)) {
                *place = *byte;
            }
        }
    }
}
