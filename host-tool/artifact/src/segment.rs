//! Bytes, and the addresses that they go to.

/// What erased flash reads as.
pub const ERASED: u8 = 0xff;

/// Bytes that lie together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where the first byte goes.
    pub address: u32,
    /// What goes there.
    pub bytes: Vec<u8>,
}

impl Segment {
    /// The address behind the last byte; the last there is, where a file names more than there are.
    pub fn end(&self) -> u32 {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.address.saturating_add(length)
    }

    /// Copies what of it lies in the memory that `start` begins, and `memory` is.
    pub(crate) fn put_into(&self, start: u32, memory: &mut [u8]) {
        let offset = i64::from(self.address) - i64::from(start);
        for (index, byte) in (offset..).zip(&self.bytes) {
            if let Some(place) = usize::try_from(index).ok().and_then(|index| memory.get_mut(index)) {
                *place = *byte;
            }
        }
    }
}
