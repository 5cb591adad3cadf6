//! Describes an image, or firmware on its way to become one, in lines of text for people.

use crate::elf::Firmware;
use crate::image_file::{ImageFile, hex};
use crate::relocations::Listed;
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::{Board, Slot};
use std::fmt::Write;

/// What an image's header and table say. Whether its signature fits a key is for the caller to add.
pub fn image(image: &ImageFile) -> String {
    let header = image.header();
    let mut out = Lines::default();
    let slots = if image.is_bound() { format!("{} only", image.linked_for()) } else { "A and B".to_owned() };
    out.line("image", format!("format {}, for slot {slots}", lifeboot_core::image::FORMAT));
    out.line("board", image.board().name);
    out.line("version", header.version);
    out.line("epoch", header.epoch);
    out.line("bootloader", format!("format {} or newer", header.lowest_bootloader));
    out.line("schemas", format!("{} to {}", header.schemas.0, header.schemas.1));
    out.line("linked for", format!("slot {}, payload at {:#010x}", image.linked_for(), header.link_address));
    out.line("payload", format!("{} bytes", header.payload_length));
    out.line("relocations", counted(&image.entries(), image.table().len()));
    out.line("slot", used(image.board(), header.image_length().unwrap_or_default()));
    out.line("digest", hex(&header.digest));
    out.line("key", hex(&header.key_id));
    out.text
}

/// What an ELF file holds, without its relocations: they may be wrong, and the rest still worth knowing.
pub fn firmware(firmware: &Firmware) -> String {
    let (board, slot) = (firmware.board(), firmware.slot());
    let mut out = Lines::default();
    out.line("firmware", "ELF, not signed");
    out.line("board", board.name);
    out.line("linked for", format!("slot {slot}, payload at {:#010x}", board.payload_address(slot)));
    out.line("payload", format!("{} bytes", firmware.payload().len()));
    for section in firmware.sections() {
        if let Some(offset) = section.payload_offset {
            let load = board.payload_address(slot) + offset;
            let runs =
                if section.address == load { String::new() } else { format!(", runs at {:#010x}", section.address) };
            out.line("", format!("{load:#010x} {:>7} bytes  {}{runs}", section.length, section.name));
        }
    }
    out.text
}

/// The relocations that were found in an ELF file, by section, and the linker's thunks among them.
pub fn relocations(listed: &[Listed], table_length: usize) -> String {
    let entries: Vec<Entry> = listed.iter().map(|listed| listed.entry).collect();
    let mut out = Lines::default();
    out.line("relocations", counted(&entries, table_length));
    let mut sections: Vec<&str> = listed.iter().map(|listed| listed.section.as_str()).collect();
    sections.dedup();
    for name in sections {
        let count = listed.iter().filter(|listed| listed.section == name).count();
        out.line("", format!("{count:>6} in {name}"));
    }
    for thunk in listed.iter().filter(|listed| listed.is_thunk) {
        out.line("thunk", format!("{} ({}, payload + {:#x})", thunk.symbol, thunk.section, thunk.entry.offset));
    }
    out.text
}

/// How much of a slot so many bytes take.
pub fn used(board: &Board, length: u32) -> String {
    let room = board.slot(Slot::A).length;
    let percent = u64::from(length) * 100 / u64::from(room.max(1));
    format!("{length} of {room} bytes ({percent} %)")
}

fn counted(entries: &[Entry], table_length: usize) -> String {
    if entries.is_empty() {
        return "none".to_owned();
    }
    let upper = entries.iter().filter(|entry| entry.kind == Kind::UpperHalf).count();
    let words = entries.len() - upper;
    format!("{} in {table_length} bytes ({words} words, {upper} upper halves)", entries.len())
}

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.text, "{name:<12} {value}"); // Writing to a String cannot fail.
    }
}
