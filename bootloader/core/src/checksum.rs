//! The checksum of records and of frames.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

/// CRC-32 (ISO-HDLC). One for both, which the compiler does not take for two.
pub static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
