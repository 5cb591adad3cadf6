//! Intel HEX with 32-bit addresses (Intel's specification of 1988, revision A), by the crate that probe-rs uses to read
//! it.

use super::format::{FlashFileError, Format, damaged};
use crate::segment::Segment;
use ihex::{Reader, Record};

/// Bytes in a data record, a length that every reader accepts.
const RECORD: usize = 16;

pub fn write<'a>(segments: impl Iterator<Item = &'a Segment>) -> Result<Vec<u8>, FlashFileError> {
    let mut records = Vec::new();
    let mut upper = None;
    for segment in segments {
        // Segments start at multiples of a record's length, so no record crosses a 64 KiB boundary.
        for (address, value) in (segment.address..).step_by(RECORD).zip(segment.bytes.chunks(RECORD)) {
            let (high, offset) = ((address >> 16) as u16, address as u16);
            if upper.replace(high) != Some(high) {
                records.push(Record::ExtendedLinearAddress(high));
            }
            records.push(Record::Data { offset, value: value.to_vec() });
        }
    }
    records.push(Record::EndOfFile);
    let text = ihex::create_object_file_representation(&records);
    Ok(text.map_err(|_| FlashFileError::TooLarge(Format::Hex))?.into_bytes())
}

pub fn read(bytes: &[u8]) -> Result<Vec<Segment>, FlashFileError> {
    let text = std::str::from_utf8(bytes).map_err(|error| damaged(Format::Hex, error))?;
    let (mut segments, mut base, mut ended) = (Vec::new(), 0_u32, false);
    for record in Reader::new(text) {
        match record.map_err(|error| damaged(Format::Hex, error))? {
            Record::Data { offset, value } => {
                segments.push(Segment { address: base.wrapping_add(u32::from(offset)), bytes: value });
            }
            Record::ExtendedLinearAddress(upper) => base = u32::from(upper) << 16,
            Record::ExtendedSegmentAddress(segment) => base = u32::from(segment) << 4,
            Record::StartLinearAddress(_) | Record::StartSegmentAddress { .. } => {}
            Record::EndOfFile => ended = true,
        }
    }
    if ended { Ok(segments) } else { Err(damaged(Format::Hex, "its end is missing")) }
}
