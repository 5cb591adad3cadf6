//! Every old byte, in reads of every size, with addresses across all borders of what is read at once.

extern crate std;

use super::*;
use core::convert::Infallible;
use embedded_storage::nor_flash::{ErrorType, ReadNorFlash};
use lifeboot_core::rebase::{Entry, Kind, encode};
use std::vec::Vec;

/// Bytes of the payload: it ends inside of a window, and so does the table.
const PAYLOAD: usize = 150;
/// Where words are listed: at both ends of the payload, and across borders of windows.
const OFFSETS: [u32; 7] = [0, 4, 30, 62, 90, 126, PAYLOAD as u32 - 4];
/// Where payload and table lie in flash.
const PAYLOAD_START: usize = 2 * WINDOW as usize;
const TABLE_START: usize = 7 * WINDOW as usize;

/// Flash that is only read.
struct Fixed(Vec<u8>);

impl ErrorType for Fixed {
    type Error = Infallible;
}

impl ReadNorFlash for Fixed {
    const READ_SIZE: usize = WINDOW as usize;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        assert_eq!((offset % WINDOW, bytes.len() as u32 % WINDOW), (0, 0), "aligned for any flash");
        bytes.copy_from_slice(&self.0[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

fn table() -> Vec<u8> {
    let mut table = Vec::new();
    let mut end = 0;
    for offset in OFFSETS {
        let (bytes, length) = encode(end, Entry { offset, kind: Kind::Word }).unwrap();
        table.extend_from_slice(&bytes[..length]);
        end = offset + ENTRY_LENGTH as u32;
    }
    table
}

/// The image's old bytes as they were signed, and how they are read where `distance` was added to the listed words.
fn image(distance: u32) -> (Vec<u8>, Old, Fixed) {
    let payload: Vec<u8> = (0..PAYLOAD).map(|at| at as u8 ^ 0xa5).collect();
    let table = table();
    let mut flash = std::vec![0x33; TABLE_START + 2 * WINDOW as usize];
    flash[PAYLOAD_START..][..PAYLOAD].copy_from_slice(&payload);
    for offset in OFFSETS {
        let word = &mut flash[PAYLOAD_START + offset as usize..][..ENTRY_LENGTH];
        let moved = u32::from_le_bytes(word.try_into().unwrap()).wrapping_add(distance);
        word.copy_from_slice(&moved.to_le_bytes());
    }
    flash[TABLE_START..][..table.len()].copy_from_slice(&table);
    let old = Old {
        payload: PAYLOAD_START as u32,
        table: TABLE_START as u32,
        payload_length: PAYLOAD as u32,
        table_length: table.len() as u32,
        distance: distance.wrapping_neg(),
        entries: TableReader::at(TABLE_START as u32, table.len() as u32),
        rebaser: Rebaser::new(0),
        reached: u32::MAX,
    };
    ([table, payload].concat(), old, Fixed(flash))
}

/// Reads at a position; returns how many bytes were read, and whether the table was walked through.
fn read(old: &mut Old, flash: &mut Fixed, expected: &[u8], position: usize, size: usize) -> (usize, bool) {
    let mut out = std::vec![0; size];
    let (length, walked) = old.read(position as u32, &mut out, flash).unwrap();
    let rest = &expected[position..];
    assert!((1..=size.min(rest.len())).contains(&length), "{length} of {size} bytes at {position}");
    assert_eq!(out[..length], rest[..length], "{size} bytes at {position}");
    (length, walked)
}

/// In order, the table is walked through once, and where nothing was moved never.
#[test]
fn in_order_and_in_pieces_of_any_size() {
    for (distance, once) in [(0, 0), (0x0001_2345, 1), (0xffff_0000, 1)] {
        for size in 1..=2 * WINDOW as usize {
            let (expected, mut old, mut flash) = image(distance);
            assert_eq!(old.length() as usize, expected.len());
            let (mut position, mut walks) = (0, 0);
            while position < expected.len() {
                let (length, walked) = read(&mut old, &mut flash, &expected, position, size);
                position += length;
                walks += usize::from(walked);
            }
            assert_eq!(walks, once, "{distance:#x} in pieces of {size} bytes");
        }
    }
}

#[test]
fn in_any_order() {
    for distance in [0, 0x0001_2345] {
        let (expected, mut old, mut flash) = image(distance);
        for first in 0..expected.len() {
            for second in 0..expected.len() {
                read(&mut old, &mut flash, &expected, first, 16);
                read(&mut old, &mut flash, &expected, second, 16);
            }
        }
    }
}
