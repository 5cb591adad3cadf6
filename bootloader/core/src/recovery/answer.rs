//! The answers of a bootloader: the part of `lifeboot_wire` that it needs, in the encoding of postcard.

use super::frame::Outgoing;
use super::line::Line;
use super::numbers::body;
use super::{CHUNK, Server};
use crate::image::HEADER_LENGTH;
use crate::info::INFO_LENGTH;
use crate::layout::Slot;
use embedded_storage::nor_flash::NorFlash;

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

    /// Sends the state as the bytes that lie in flash: the host decodes them.
    #[inline(never)]
    pub(super) fn tell_state(&mut self) {
        let record = self.journal.record().to_bytes(0);
        let mut frame = Outgoing::begin(self.line);
        frame.bytes(&[self.request.1, body::RECOVERY, self.why as u8]);
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
