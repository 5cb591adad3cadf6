//! The checksum of records and of frames.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

/// CRC-32 (ISO-HDLC). A `static`, so that the compiler keeps one copy for records and frames.
pub static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
