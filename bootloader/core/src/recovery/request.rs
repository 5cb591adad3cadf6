//! What a host asks, read from a message: the part of `lifeboot_wire` that a bootloader needs, in the encoding of
//! postcard. The numbers are those of the variants there, which never change.

/// The numbers of the commands.
pub mod command {
    pub const STATUS: u8 = 0;
    pub const BEGIN: u8 = 1;
    pub const WRITE: u8 = 3;
    pub const FINISH: u8 = 5;
    pub const ABORT: u8 = 6;
    pub const RESET: u8 = 9;
}

/// Reads a message. Behind its end there are zeros: a message whose CRC is right and that ends too early comes from
/// nobody's host, and what it asks for is nothing worse than what another one could.
pub struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    /// A byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number: seven bits a byte, the lowest first.
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
