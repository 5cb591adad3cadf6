//! The old bytes that a patch refers to: table and payload of the running image, as they were signed.
//!
//! The running image was verified at the last boot, so its header can be trusted about where they lie. In slot B the
//! payload is rebased: the listed addresses are converted back as they are read.

use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::image::Header;
use lifeboot_core::layout::{Board, Slot};
use lifeboot_core::rebase::{ENTRY_LENGTH, Rebaser};
use lifeboot_core::verify::TableReader;
use lifeboot_wire::Refusal;
use lifeboot_wire::patch::Malformed;

/// Bytes that are read at once, from a multiple of this number: aligned for any flash. An entry that crosses a border
/// is converted back by also reading the neighbours.
const WINDOW: u32 = 32;

/// The old bytes, in flash.
pub(super) struct Old {
    /// Where payload and table lie in flash.
    payload: u32,
    table: u32,
    payload_length: u32,
    table_length: u32,
    /// The distance that was added to the listed addresses, negated.
    distance: u32,
    /// Converts back the entries from `reached` in the payload on.
    entries: TableReader,
    rebaser: Rebaser,
    reached: u32,
}

impl Old {
    /// Returns the old bytes of the image with this header, in `slot`.
    pub fn new(header: &Header, slot: Slot, board: &Board) -> Result<Self, Malformed> {
        let start = board.slot(slot).start;
        let linked_for = header.linked_for(board).ok_or(Malformed)?;
        let fits = header.image_length().is_some_and(|length| length <= board.slot(slot).length);
        let table = start + header.table_offset().filter(|_| fits).ok_or(Malformed)?;
        Ok(Old {
            payload: start + u32::from(header.header_length),
            table,
            payload_length: header.payload_length,
            table_length: header.table_length,
            distance: board.distance(linked_for, slot).wrapping_neg(),
            entries: TableReader::at(table, header.table_length),
            rebaser: Rebaser::new(0),
            reached: u32::MAX,
        })
    }

    /// Returns the number of old bytes.
    pub const fn length(&self) -> u32 {
        self.table_length + self.payload_length
    }

    /// Reads old bytes at `position`, as many as one read gives; returns how many, and whether it walked through the
    /// table from its start, which takes long.
    pub fn read<F: ReadNorFlash>(
        &mut self,
        position: u32,
        out: &mut [u8],
        flash: &mut F,
    ) -> Result<(usize, bool), Refusal> {
        let in_table = position < self.table_length;
        let (start, offset, end) = if in_table {
            (self.table, position, self.table_length)
        } else {
            (self.payload, position - self.table_length, self.payload_length)
        };
        let window = offset & !(WINDOW - 1);
        let length = out.len().min((end.min(window + WINDOW) - offset) as usize);
        // Includes the window before and the one after, if they exist.
        let first = window.saturating_sub(WINDOW);
        let last = (window + 2 * WINDOW).min(end.next_multiple_of(WINDOW));
        let mut bytes = [0; 3 * WINDOW as usize];
        let read = bytes.get_mut(..(last - first) as usize).unwrap_or_default();
        flash.read(start + first, read).map_err(|_| Refusal::Flash)?;
        let mut walked = false;
        if !in_table && self.distance != 0 {
            let whole = read.len().min((end - first) as usize);
            walked = self.bring_back(first, read.get_mut(..whole).unwrap_or_default(), flash)?;
        }
        let from = (offset - first) as usize;
        let found = bytes.get(from..from + length).unwrap_or_default();
        out.iter_mut().zip(found).for_each(|(out, byte)| *out = *byte);
        Ok((length, walked))
    }

    /// Converts back every entry that lies entirely in the payload's bytes from `first` on, except in the first few of
    /// them. Returns whether it walked through the table from its start.
    fn bring_back<F: ReadNorFlash>(&mut self, first: u32, bytes: &mut [u8], flash: &mut F) -> Result<bool, Refusal> {
        let back = first < self.reached;
        if back {
            self.entries = TableReader::at(self.table, self.table_length);
            self.rebaser = Rebaser::new(self.distance);
        }
        self.reached = first;
        // Skips an entry that begins before these bytes; one that crosses `past` begins inside of them.
        let past = if first == 0 { 0 } else { first + ENTRY_LENGTH as u32 };
        let Old { entries, rebaser, .. } = self;
        rebaser.skip(past, || entries.next(flash))?;
        // The same entries may be needed again for the next read.
        let (mut entries, mut rebaser) = (entries.clone(), rebaser.clone());
        rebaser.apply(first, bytes, || entries.next(flash))?;
        Ok(back)
    }
}

#[cfg(test)]
mod tests;
