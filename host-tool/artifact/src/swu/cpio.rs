//! cpio archives of the form that SWUpdate reads, `crc`; read, also `newc`.
//!
//! | offset | length | field of an entry, in hexadecimal digits |
//! | ---: | ---: | --- |
//! | 0 | 6 | magic: `070701` (newc) or `070702` (crc) |
//! | 6 | 8 each | inode, mode, user, group, links, time, size of the content |
//! | 62 | 8 each | device (4 fields), size of the name, sum of the content's bytes |
//! | 110 | | the name and a NUL, up to a multiple of 4; the content, up to a multiple of 4 |

use super::error::SwuError;

const NEWC: &[u8] = b"070701";
const CRC: &[u8] = b"070702";
const HEADER: usize = 110;
const CONTENT_SIZE: usize = 6;
const NAME_SIZE: usize = 11;
const SUM: usize = 12;
const TRAILER: &str = "TRAILER!!!";
/// What an archive's length is a multiple of.
const BLOCK: usize = 512;
/// A regular file that everybody may read.
const MODE: u32 = 0o100_644;

/// A file in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub name: &'a str,
    pub content: &'a [u8],
}

/// The files in an archive. It ends with the first error.
pub(super) struct Entries<'a> {
    bytes: &'a [u8],
    at: usize,
    ended: bool,
}

/// Returns whether bytes begin like an archive.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(NEWC) || bytes.starts_with(CRC)
}

impl<'a> Entries<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Entries<'a> {
        Entries { bytes, at: 0, ended: false }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], SwuError> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(SwuError::Archive("it ends too early"))?;
        let taken = &self.bytes[self.at..end];
        // What fills up to a multiple of four may be missing at the very end.
        self.at = end.next_multiple_of(4).min(self.bytes.len());
        Ok(taken)
    }

    fn read(&mut self) -> Result<Option<Entry<'a>>, SwuError> {
        // The name comes directly behind the header.
        let start = self.at;
        let header = self.take(HEADER)?;
        if !is_archive(header) {
            return Err(SwuError::Archive("its entries do not begin as those of a cpio archive do"));
        }
        let field = |index: usize| {
            let digits = str::from_utf8(&header[6 + 8 * index..][..8]).ok();
            let number = digits.filter(|digits| !digits.starts_with('+')).and_then(|d| u32::from_str_radix(d, 16).ok());
            number.ok_or(SwuError::Archive("a number in it is not hexadecimal"))
        };
        let (content_size, name_size, sum) = (field(CONTENT_SIZE)? as usize, field(NAME_SIZE)? as usize, field(SUM)?);
        self.at = start + HEADER;
        let name = self.take(name_size)?;
        let name = name.strip_suffix(b"\0").and_then(|name| str::from_utf8(name).ok());
        let name = name.ok_or(SwuError::Archive("a name in it is no text"))?;
        if name == TRAILER {
            return Ok(None);
        }
        let content = self.take(content_size)?;
        if header.starts_with(CRC) && sum != sum_of(content) {
            return Err(SwuError::Archive("the sum of a file in it is wrong"));
        }
        Ok(Some(Entry { name, content }))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, SwuError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read().transpose();
        self.ended = !matches!(read, Some(Ok(_)));
        read
    }
}

fn sum_of(content: &[u8]) -> u32 {
    content.iter().fold(0, |sum: u32, byte| sum.wrapping_add(u32::from(*byte)))
}

/// Writes an archive of these files, which are at most 4 GiB each.
pub(super) fn write(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, (name, content)) in files.iter().enumerate() {
        write_entry(&mut out, index as u32 + 1, MODE, name, content);
    }
    write_entry(&mut out, 0, 0, TRAILER, &[]);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
    out
}

fn write_entry(out: &mut Vec<u8>, inode: u32, mode: u32, name: &str, content: &[u8]) {
    let (content_size, name_size) = (content.len() as u32, name.len() as u32 + 1);
    let fields = [inode, mode, 0, 0, 1, 0, content_size, 0, 0, 0, 0, name_size, sum_of(content)];
    out.extend(CRC);
    fields.iter().for_each(|field| out.extend(format!("{field:08X}").bytes()));
    out.extend(name.bytes());
    out.push(0);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(content);
    out.resize(out.len().next_multiple_of(4), 0);
}
