//! A second opinion on an image in the slot that it was linked for, from the format's description alone.

use lifeboot_core::Slot;
use lifeboot_core::layout::{BLOCK, Board};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Where the image ends, and where its table starts, counted from the slot's start; `None` if that does not fit
/// 32 bits.
pub fn fits(content: &[u8]) -> Option<Range<u64>> {
    let payload = u64::from(word(content, 0x2c)).next_multiple_of(u64::from(BLOCK));
    let start = payload + u64::from(half(content, 0x06));
    let end = start + u64::from(word(content, 0x30));
    // The payload has to be a whole number of blocks in 32 bits, too.
    (payload <= u64::from(u32::MAX) && end <= u64::from(u32::MAX)).then_some(start..end)
}

/// The payload (0) or the table (1), as far as the lengths make sense; behind the bytes lies erased flash.
pub fn part(content: &[u8], number: usize) -> Option<Vec<u8>> {
    let table = fits(content).filter(|range| range.end < 1 << 20)?;
    let payload = u64::from(half(content, 0x06));
    let range = [payload..payload + u64::from(word(content, 0x2c)), table][number].clone();
    let bytes = content.iter().copied().chain(std::iter::repeat(0xff));
    Some(bytes.skip(range.start as usize).take((range.end - range.start) as usize).collect())
}

/// Whether everything except, perhaps, the signature is right.
pub fn is_acceptable(board: &Board, content: &[u8], slot: Slot, floor: u32) -> bool {
    let (Some(range), Some(payload), Some(table)) = (fits(content), part(content, 0), part(content, 1)) else {
        return false;
    };
    let known = content[..6] == *b"LBIM\x01\0" && content[0x5a..0x5c] == [0; 2] && content[0x70..0xc0] == [0; 80];
    let mine = content[0x08..0x18] == board.name_bytes()
        && u32::from(half(content, 0x06)) == board.header_length
        && word(content, 0x6c) == board.map_digest();
    let linked_for = Slot::BOTH.into_iter().find(|slot| board.payload_address(*slot) == word(content, 0x28));
    // Another link address moves the payload to where its vectors may happen to be right.
    let own_key = content[0x60..0x6c].chunks(4).any(|id| *id == content[0x5c..0x60]);
    if !known || !mine || own_key || range.end > u64::from(board.slot(slot).length) || linked_for != Some(slot) {
        return false;
    }
    let digest = Sha256::new().chain_update(&payload).chain_update(&table).finalize();
    let (stack, entry) = (word(&payload, 0), word(&payload, 4));
    let address = board.payload_address(slot);
    content[0x34..0x54] == *digest
        && half(content, 0x54) <= 1
        && word(content, 0x24) >= floor
        && payload.len() >= 8
        && table_end(&table).is_some_and(|end| end <= payload.len() as u64)
        && (board.ram.start + 32 < stack && stack <= board.ram.end() && stack.is_multiple_of(8))
        && (entry & 1 == 1 && (address..address + payload.len() as u32).contains(&(entry & !1)))
}

/// Where the last place that a table lists ends; `None` if the table is malformed.
fn table_end(table: &[u8]) -> Option<u64> {
    let mut end = 0;
    let mut rest = table;
    while !rest.is_empty() {
        let length = 1 + rest.iter().position(|byte| byte & 0x80 == 0)?;
        let (number, behind) = rest.split_at(length);
        let shortest = length == 1 || number[length - 1] != 0;
        let value = number.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
        let start = end + (value & !1);
        if length > 4 || !shortest || start >= 1 << 31 {
            return None;
        }
        end = start + 4;
        rest = behind;
    }
    Some(end)
}

fn half(bytes: &[u8], at: usize) -> u16 {
    bytes[at..].first_chunk().map_or(0, |half| u16::from_le_bytes(*half))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_le_bytes(*word))
}
