//! The oracle: reads raw flash with parsers of its own (header, boot records, relocation table, CRC, rebasing) and says
//! which starts are right. It shares only the crypto libraries with the code under test.
//!
//! Unsteady flash, which reads differently from one read to the next, has several readings: the oracle then gives all
//! of them.

use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use lifeboot_core::Slot;
use lifeboot_core::layout::{Board, Region};
use lifeboot_core::record::Cause;
use lifeboot_tests::simulated_flash::SimulatedFlash;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::HashMap;

/// A boot record, as far as it decides what is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub sequence: u32,
    pub confirmed: Slot,
    /// Whether nothing is confirmed.
    pub lost: bool,
    /// Slot, starts left after crashes, after losses of power.
    pub trial: Option<(Slot, u8, u8)>,
    /// The ids of the revoked keys.
    pub revoked: [u8; 12],
    pub floor: u32,
}

/// The state of a device without a record.
const FACTORY: State = State { sequence: 0, confirmed: Slot::A, lost: false, trial: None, revoked: [0; 12], floor: 0 };

/// An image that is whole and signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    pub key: usize,
    pub epoch: u32,
    pub digest: [u8; 32],
}

/// What a boot may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Trial(Slot),
    Confirmed(Slot),
    Nothing,
}

pub struct Oracle {
    pub board: &'static Board,
    pub keys: Vec<VerifyingKey>,
    /// Headers whose signatures were checked, with the result.
    checked: RefCell<HashMap<Vec<u8>, bool>>,
}

impl Oracle {
    pub fn new(board: &'static Board, keys: Vec<VerifyingKey>) -> Oracle {
        Oracle { board, keys, checked: RefCell::default() }
    }

    /// Whether the key has signed this header.
    fn is_signed(&self, head: &[u8], key: usize) -> bool {
        let check = || {
            let signature = Signature::from_slice(&head[192..]);
            signature.is_ok_and(|signature| self.keys[key].verify(&head[..192], &signature).is_ok())
        };
        *self.checked.borrow_mut().entry(head.to_vec()).or_insert_with(check)
    }

    fn is_revoked(&self, state: &State, key: usize) -> bool {
        let digest = Sha256::digest(self.keys[key].as_bytes());
        state.revoked.chunks_exact(4).any(|id| id == &digest[..4])
    }

    /// Every state that a reader of the journal may find.
    pub fn states(&self, flash: &SimulatedFlash) -> Vec<State> {
        let (mut firm, mut doubtful) = (None::<State>, Vec::new());
        let journal = self.board.journal;
        let steady = flash.unsteady(journal).next().is_none() && flash.is_readable(journal);
        for start in self.places() {
            let region = Region { start, length: 128 };
            let says_record = flash.region(region)[..2] == *b"LR";
            if !says_record && (steady || flash.unsteady(region).next().is_none()) || !flash.is_readable(region) {
                continue;
            }
            let readings = readings(flash, region);
            for state in readings.iter().filter_map(|reading| record(reading)) {
                if readings.len() > 1 {
                    doubtful.push(state);
                } else if firm.is_none_or(|firm| state.sequence > firm.sequence) {
                    firm = Some(state);
                }
            }
        }
        let firm = firm.unwrap_or(FACTORY);
        doubtful.retain(|state| state.sequence > firm.sequence);
        doubtful.push(firm);
        doubtful
    }

    /// Where records lie.
    pub fn places(&self) -> impl Iterator<Item = u32> {
        let Board { journal, journal_unit, write_size, .. } = self.board;
        let (stride, last) = (128.max(*write_size), journal_unit - 128);
        let units = (journal.start..journal.start + journal.length).step_by(*journal_unit as usize);
        units.flat_map(move |unit| (unit..=unit + last).step_by(stride as usize))
    }

    /// Every start that is right, for all readings of flash.
    pub fn right_starts(&self, flash: &SimulatedFlash, cause: Cause) -> Vec<Start> {
        let images = Slot::BOTH.map(|slot| self.images(flash, slot));
        let mut starts = Vec::new();
        for state in self.states(flash) {
            for a in &images[0] {
                for b in &images[1] {
                    let good = |slot| {
                        let image = if slot == Slot::A { a } else { b };
                        image.is_some_and(|image| image.epoch >= state.floor && !self.is_revoked(&state, image.key))
                    };
                    let power = matches!(cause, Cause::PowerOn | Cause::BrownOut);
                    let has_starts = |(_, crashes, losses)| if power { losses > 0 } else { crashes > 0 };
                    let other = if state.confirmed == Slot::A { Slot::B } else { Slot::A };
                    let start = match state.trial.filter(|trial| has_starts(*trial)) {
                        Some((slot, ..)) if good(slot) => Start::Trial(slot),
                        _ if good(state.confirmed) && !state.lost => Start::Confirmed(state.confirmed),
                        _ if good(other) => Start::Trial(other),
                        _ if good(state.confirmed) => Start::Trial(state.confirmed),
                        _ => Start::Nothing,
                    };
                    if !starts.contains(&start) {
                        starts.push(start);
                    }
                }
            }
        }
        starts
    }

    /// The possible contents of a slot; `None` means no good image.
    pub fn images(&self, flash: &SimulatedFlash, slot: Slot) -> Vec<Option<Image>> {
        let region = self.board.slots[if slot == Slot::A { 0 } else { 1 }];
        let bytes = flash.region(region);
        let length = extent(bytes).unwrap_or(256);
        let used = Region { length: length as u32, ..region };
        if !flash.is_readable(used) {
            return vec![None];
        }
        let readings = readings(flash, used);
        let mut images: Vec<_> = readings.iter().map(|reading| self.image(reading, slot)).collect();
        if readings.len() > 1 {
            images.push(None);
        }
        images.dedup();
        images
    }

    /// Whether a slot has, for certain, a header that is signed and fits the board.
    pub fn has_header(&self, flash: &SimulatedFlash, slot: Slot) -> bool {
        let region = Region { length: 256, ..self.board.slots[if slot == Slot::A { 0 } else { 1 }] };
        let steady = flash.unsteady(region).next().is_none() && flash.is_readable(region);
        steady && self.signer(flash.region(region)).is_some()
    }

    /// Which key signed a header; `None` if it does not fit the board.
    fn signer(&self, head: &[u8]) -> Option<usize> {
        let mut name = [0; 16];
        name[..self.board.name.len()].copy_from_slice(self.board.name.as_bytes());
        let form = head[..6] == *b"LBIM\x01\0" && u32::from(half(head, 6)) == self.board.header_length;
        let link = self.payload_address(Slot::A);
        let fits = head[8..24] == name && word(head, 0x28) == link && half(head, 0x54) <= 1;
        let key = self.keys.iter().position(|key| Sha256::digest(key.as_bytes())[..4] == head[0x5c..0x60])?;
        (form && fits && self.is_signed(head, key)).then_some(key)
    }

    fn payload_address(&self, slot: Slot) -> u32 {
        let index = if slot == Slot::A { 0 } else { 1 };
        self.board.flash_address + self.board.slots[index].start + self.board.header_length
    }

    /// The image at the start of these bytes.
    fn image(&self, bytes: &[u8], slot: Slot) -> Option<Image> {
        let head = bytes.get(..256)?;
        let key = self.signer(head)?;
        let (link, start) = (word(head, 0x28), self.payload_address(slot));
        let (length, table_length) = (word(head, 0x2c) as usize, word(head, 0x30) as usize);
        let mut payload = bytes.get(self.board.header_length as usize..)?.get(..length)?.to_vec();
        let table = &bytes.get(extent(bytes)? - table_length..)?[..table_length];
        let stack = word(&payload, 0);
        let entry = word(&payload, 4);
        let inside = entry % 2 == 1 && (start..start + length as u32).contains(&(entry - 1));
        rebase(&mut payload, table, link.wrapping_sub(start))?;
        let mut hash = Sha256::new();
        hash.update(&payload);
        hash.update(table);
        let digest: [u8; 32] = hash.finalize().into();
        let ram = self.board.ram;
        let good = digest[..] == head[0x34..0x54]
            && inside
            && stack.is_multiple_of(8)
            && stack > ram.start + 32
            && stack <= ram.start + ram.length;
        good.then_some(Image { key, epoch: word(head, 0x24), digest })
    }
}

/// The possible readings of a region: one if it is steady, otherwise its extremes.
fn readings(flash: &SimulatedFlash, region: Region) -> Vec<Vec<u8>> {
    let bytes = flash.region(region).to_vec();
    let unsteady: Vec<_> = flash.unsteady(region).collect();
    if unsteady.is_empty() {
        return vec![bytes];
    }
    let (mut low, mut high) = (bytes.clone(), bytes.clone());
    for (offset, bits) in unsteady {
        low[offset - region.start as usize] &= !bits;
        high[offset - region.start as usize] |= bits;
    }
    vec![bytes, low, high]
}

fn record(bytes: &[u8]) -> Option<State> {
    let slot = |byte| match byte {
        0 => Some(Slot::A),
        1 => Some(Slot::B),
        _ => None,
    };
    if bytes[..3] != *b"LR\x01" || crc(&bytes[..124]) != word(bytes, 124) {
        return None;
    }
    let trial = if bytes[8] == 0xff { None } else { Some((slot(bytes[8])?, bytes[9], bytes[10])) };
    let (sequence, floor) = (word(bytes, 4), word(bytes, 12));
    let (lost, revoked) = (bytes[11] != 0, bytes[16..28].try_into().ok()?);
    Some(State { sequence, confirmed: slot(bytes[3])?, lost, trial, revoked, floor })
}

/// The newest record's bytes, renumbered.
pub fn renumbered(record: &[u8], sequence: u32) -> [u8; 128] {
    let mut bytes: [u8; 128] = record.try_into().expect("a record");
    bytes[4..8].copy_from_slice(&sequence.to_le_bytes());
    let crc = crc(&bytes[..124]);
    bytes[124..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// What each byte adds to a CRC-32 (polynomial 0x04C11DB7, reflected). A table, because bit by bit it was most of the sweep's
/// time.
const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut step = 0;
    while step < 256 * 8 {
        let crc: u32 = if step % 8 == 0 { step / 8 } else { table[step as usize / 8] };
        table[step as usize / 8] = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        step += 1;
    }
    table
};

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| crc >> 8 ^ CRC[usize::from(crc as u8 ^ byte)])
}

/// Where the image ends, by its header.
fn extent(bytes: &[u8]) -> Option<usize> {
    let end = usize::from(half(bytes, 6)) + (word(bytes, 0x2c) as usize).checked_next_multiple_of(256)?;
    end.checked_add(word(bytes, 0x30) as usize).filter(|end| bytes[..4] == *b"LBIM" && *end <= bytes.len())
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from(bytes[at]) | u16::from(bytes[at + 1]) << 8
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from(half(bytes, at)) | u32::from(half(bytes, at + 2)) << 16
}

/// Adds a distance to each address that the table lists; `None` if the table lists a place outside.
fn rebase(payload: &mut [u8], table: &[u8], distance: u32) -> Option<()> {
    let (mut end, mut rest) = (0, table);
    while !rest.is_empty() {
        let length = 1 + rest.iter().position(|byte| *byte < 0x80)?;
        let number = rest[..length].iter().rev().fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f));
        rest = &rest[length..];
        let place = end + (number & !1);
        end = place + 4;
        let bytes = payload.get_mut(place..end)?;
        if number & 1 == 0 {
            let address = word(bytes, 0).wrapping_add(distance);
            bytes.copy_from_slice(&address.to_le_bytes());
        } else {
            // MOVT: imm4 in bits 0 to 3 and i in bit 10 of the first half, imm3 in bits 12 to 14 and imm8 of the
            // second.
            let (one, two) = (u32::from(half(bytes, 0)), u32::from(half(bytes, 2)));
            let value = (one & 15) << 12 | (one >> 10 & 1) << 11 | (two >> 12 & 7) << 8 | two & 255;
            let value = value + (distance >> 16);
            let one = one & 0xfbf0 | value >> 12 & 15 | (value >> 11 & 1) << 10;
            let two = two & 0x8f00 | (value >> 8 & 7) << 12 | value & 255;
            bytes.copy_from_slice(&(one | two << 16).to_le_bytes());
        }
    }
    Some(())
}
