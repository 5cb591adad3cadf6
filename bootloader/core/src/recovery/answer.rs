//! What a bootloader answers: the part of `lifeboot_wire` that it needs, in the encoding of postcard.

use super::frame::Outgoing;
use super::{CHUNK, Line, Server};
use crate::image::{HEADER_LENGTH, Invalid};
use crate::info::INFO_LENGTH;
use crate::layout::Slot;
use embedded_storage::nor_flash::NorFlash;

/// The numbers of the wire's variants: what is answered.
pub mod body {
    pub const DONE: u8 = 0;
    pub const REFUSED: u8 = 1;
    pub const BEGUN: u8 = 3;
    pub const WRITTEN: u8 = 4;
    pub const RECOVERY: u8 = 8;
}

/// The numbers of the wire's variants: why not, beside what [`Invalid`] says.
pub mod refusal {
    pub const OTHER_TARGET: u8 = 16;
    pub const REJECTED: u8 = 18;
    pub const BUSY: u8 = 20;
    pub const NO_TRANSFER: u8 = 21;
    pub const INCOMPLETE: u8 = 22;
    pub const RECOVERY: u8 = 27;
}

/// What is wrong with an image, as the wire's refusals number it.
pub const fn number(invalid: Invalid) -> u8 {
    invalid as u8
}

impl<F: NorFlash, L: Line> Server<'_, F, L> {
    #[inline(never)]
    pub(super) fn answer(&mut self, variant: u8, result: Result<u32, u8>) {
        let (variant, value) = match result {
            Ok(value) => (variant, value),
            Err(refusal) => (body::REFUSED, u32::from(refusal)),
        };
        let mut frame = Outgoing::begin(self.line);
        frame.bytes(&[self.request.1, variant]);
        if variant != body::DONE {
            frame.number(value);
        }
        frame.end();
    }

    /// The state as it stands in flash: the host knows how to read it.
    #[inline(never)]
    pub(super) fn tell_state(&mut self) {
        let record = self.journal.record().to_bytes(0);
        let mut frame = Outgoing::begin(self.line);
        frame.bytes(&[self.request.1, body::RECOVERY, u8::from(self.requested)]);
        frame.number(CHUNK as u32);
        let [a, b] = Slot::BOTH.map(|slot| self.board.slot(slot).start);
        let info = self.board.bootloader.end() - INFO_LENGTH as u32;
        for start in [info, a, b] {
            if start == a {
                frame.number(record.len() as u32);
                frame.bytes(&record);
            }
            let mut bytes = [0; HEADER_LENGTH];
            let _ = self.flash.read(start, &mut bytes);
            frame.number(HEADER_LENGTH as u32);
            frame.bytes(&bytes);
        }
        frame.end();
    }
}
