//! The requests of a host: the part of `lifeboot_wire` that a bootloader needs, in the encoding of postcard. The
//! numbers are those of the variants there, which never change.

/// The numbers of the commands.
pub mod command {
    pub const STATUS: u8 = 0;
    pub const BEGIN: u8 = 1;
    pub const WRITE: u8 = 3;
    pub const FINISH: u8 = 5;
    pub const ABORT: u8 = 6;
    pub const RESET: u8 = 9;
}

/// Reads a message. After its end, zeros are read: a message with a valid CRC that ends too early comes from no real
/// host, and can request nothing worse than a complete message could.
pub struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    /// Reads a byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Reads a number: seven bits a byte, the lowest first.
    #[inline(never)]
    pub fn number(&mut self) -> u32 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u32::from(byte & 0x7f).wrapping_shl(shift);
            shift += 7;
            if byte & 0x80 == 0 {
                return number;
            }
        }
    }
}
