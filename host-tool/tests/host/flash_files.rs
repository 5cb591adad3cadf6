//! Files for flashing: each format read by a reader independent of its writer, and damaged files.

use crate::first_flash::{first_flash, image};
use crate::images::new_key;
use crate::program::*;
use lifeboot_artifact::flash_file::{FlashFileError, Format, uf2};
use lifeboot_artifact::provision::{FirstFlash, ProvisionError};
use lifeboot_core::{Board, Slot};
use lifeboot_example_boards::{BOARDS, PICO};
use object::{Object, ObjectSection, ObjectSegment};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{any, prop_assert_eq, proptest};
use proptest::sample::Index;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

/// Flash that is not erased, so that bytes that a file leaves out show.
struct Flash(BTreeMap<u32, u8>);

impl Flash {
    fn put(&mut self, address: u32, bytes: &[u8]) {
        for (address, byte) in (address..).zip(bytes) {
            assert!(self.0.insert(address, *byte).is_none(), "{address:#010x} is written twice");
        }
    }

    /// Whether it holds these parts, and nothing else but erased bytes around them.
    fn is(&self, first: &FirstFlash, format: Format) {
        let mut rest = self.0.clone();
        for (name, run) in first.parts_in(format) {
            for (address, byte) in (run.address..).zip(&run.bytes) {
                assert_eq!(rest.remove(&address), Some(*byte), "{name} at {address:#010x}");
            }
        }
        assert!(rest.values().all(|byte| *byte == 0xff));
    }
}

fn read_elf(bytes: &[u8]) -> Flash {
    let file = object::File::parse(bytes).unwrap();
    assert_eq!(file.architecture(), object::Architecture::Arm);
    let mut flash = Flash(BTreeMap::new());
    let mut sections = file.sections().filter(|section| section.kind() == object::SectionKind::Text);
    for segment in file.segments() {
        let data = segment.data().unwrap();
        // probe-rs and gdb take what sections name.
        let section = sections.next().unwrap();
        assert_eq!((section.address(), section.data().unwrap()), (segment.address(), data));
        flash.put(segment.address() as u32, data);
    }
    assert!(sections.next().is_none());
    flash
}

fn read_hex(bytes: &[u8]) -> Flash {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.ends_with(":00000001FF\n"), "an end, and only one");
    let (mut flash, mut base) = (Flash(BTreeMap::new()), None);
    for line in text.lines() {
        let digits = line.strip_prefix(':').unwrap();
        let record: Vec<u8> =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
        assert_eq!(record.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)), 0, "checksum of {line}");
        let [length, high, low, kind, data @ .., _] = record.as_slice() else { panic!("{line}") };
        assert_eq!(usize::from(*length), data.len());
        let offset = u32::from(*high) << 8 | u32::from(*low);
        match kind {
            0 => flash.put(base.expect("the upper half is said first") + offset, data),
            1 => {}
            4 => base = Some(u32::from(data[0]) << 24 | u32::from(data[1]) << 16),
            kind => panic!("a record of type {kind}"),
        }
    }
    flash
}

/// By <https://github.com/microsoft/uf2>, and the boot ROM's further requirements.
fn read_uf2(bytes: &[u8]) -> Flash {
    let mut flash = Flash(BTreeMap::new());
    assert_eq!(bytes.len() % 512, 0);
    for (number, block) in bytes.chunks(512).enumerate() {
        let word = |index: usize| u32::from_le_bytes(*block[4 * index..].first_chunk().unwrap());
        assert_eq!((word(0), word(1), word(127)), (0x0a32_4655, 0x9e5d_5157, 0x0ab1_6f30));
        assert_eq!(word(2), 0x2000, "flags");
        assert_eq!((word(4), word(5), word(6)), (256, number as u32, bytes.len() as u32 / 512));
        assert_eq!(word(7), RP2040);
        assert_eq!(word(3) % 256, 0);
        assert!(block[32 + 256..508].iter().all(|byte| *byte == 0));
        flash.put(word(3), &block[32..32 + 256]);
    }
    for address in flash.0.keys() {
        let sector = address & !0xfff;
        assert!(flash.0.contains_key(&sector) && flash.0.contains_key(&(sector + 0xfff)), "RP2040-E14");
    }
    flash
}

fn read_binary(board: &Board, bytes: &[u8]) -> Flash {
    let mut flash = Flash(BTreeMap::new());
    flash.put(board.flash_address, bytes);
    flash
}

#[test]
fn every_format_holds_the_whole_first_flash() {
    for board in BOARDS {
        let first = first_flash(board);
        let file = |format| first.to_file(format).unwrap();
        read_elf(&file(Format::Elf)).is(&first, Format::Elf);
        read_hex(&file(Format::Hex)).is(&first, Format::Hex);
        read_binary(board, &file(Format::Binary)).is(&first, Format::Binary);
        read_uf2(&uf2::write(first.parts().iter().map(|(_, run)| run), RP2040).unwrap()).is(&first, Format::Uf2);
        if board == &PICO {
            read_uf2(&file(Format::Uf2)).is(&first, Format::Uf2);
        } else {
            assert!(matches!(first.to_file(Format::Uf2), Err(FlashFileError::NoUf2(_))));
        }
    }
}

#[test]
fn a_binary_ends_with_the_firmwares_last_block() {
    let first = first_flash(LARGE);
    let length = LARGE.slot(Slot::A).start as usize + first.image().image_bytes().len().next_multiple_of(256);
    assert_eq!(first.to_file(Format::Binary).unwrap().len(), length);
}

#[test]
fn a_debugger_finds_the_bootloaders_entry() {
    let bytes = first_flash(LARGE).to_file(Format::Elf).unwrap();
    assert_eq!(object::File::parse(&*bytes).unwrap().entry(), 0x0800_0041);
}

#[test]
fn every_file_reads_back() {
    for board in BOARDS {
        let first = first_flash(board);
        for (name, format) in Format::ALL {
            let Ok(file) = first.to_file(format) else { continue };
            let back = FirstFlash::from_file(&file).unwrap();
            assert!(back.content() == first.content(), "{name}");
            assert_eq!((back.board(), back.image().header()), (board, first.image().header()));
        }
    }
}

#[test]
fn the_name_says_the_format() {
    let of = |path| Format::of_path(Path::new(path));
    assert_eq!(of("a.b/first.HEX").unwrap(), Format::Hex);
    assert_eq!(of("first.bin").unwrap(), Format::Binary);
    assert_eq!(of("first.img").unwrap_err().to_string(), "the name first.img does not say which format to write");
    assert!(of("first").is_err());
}

#[test]
fn damaged_files_are_refused() {
    let error = |bytes: &[u8]| FirstFlash::from_file(bytes).unwrap_err().to_string();
    let first = first_flash(SMALL);
    let hex = String::from_utf8(first.to_file(Format::Hex).unwrap()).unwrap();
    assert!(error(hex.replacen(":10", ":11", 1).as_bytes()).starts_with("the Intel HEX file is damaged: "));
    let cut = hex.replace(":00000001FF\n", "");
    assert_eq!(error(cut.as_bytes()), "the Intel HEX file is damaged: its end is missing");
    assert!(error(b":\xff").starts_with("the Intel HEX file is damaged: "));

    let uf2 = uf2::write(first.parts().iter().map(|(_, run)| run), RP2040).unwrap();
    FirstFlash::from_file(&uf2).unwrap();
    assert_eq!(error(&uf2[..uf2.len() - 1]), "the UF2 file is damaged: its last block is not whole");
    assert_eq!(error(&uf2[..uf2.len() - 512]), "the UF2 file is damaged: blocks are missing");
    assert_eq!(error(&[&uf2[..], &[0; 512]].concat()), "the UF2 file is damaged: blocks are missing");
    let mut wrong = uf2.clone();
    wrong[512] = 0;
    assert_eq!(error(&wrong), "the UF2 file is damaged: block 1 is none");

    let elf = first.to_file(Format::Elf).unwrap();
    assert_eq!(error(&elf[..elf.len() / 2]), "the file to flash cannot be read");
    let none = "the file holds no bootloader";
    assert_eq!(error(b""), none);
    assert_eq!(error(&image(SMALL, &new_key()).to_bytes()), none);
}

proptest! {
    /// Bytes that changed, or are missing at the end: an error, or the same firmware; never a panic.
    #[test]
    fn damage_does_not_reach_the_firmware(
        kind in 0..4_usize,
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
        rest in option::of(any::<Index>()),
    ) {
        static FILES: LazyLock<(FirstFlash, [Vec<u8>; 4])> = LazyLock::new(|| {
            let first = first_flash(SMALL);
            let [elf, hex, binary] = [Format::Elf, Format::Hex, Format::Binary].map(|format| first.to_file(format).unwrap());
            let uf2 = uf2::write(first.parts().iter().map(|(_, run)| run), RP2040).unwrap();
            (first, [elf, hex, binary, uf2])
        });
        let (first, files) = &*FILES;
        let mut file = files[kind].clone();
        for (index, value) in changes {
            // A file's beginning decides where the rest goes.
            let place = if value % 2 == 0 { index.index(file.len()) } else { index.index(600) };
            file[place] = value;
        }
        if let Some(rest) = rest {
            file.truncate(rest.index(file.len()));
        }
        if let Ok(back) = FirstFlash::from_file(&file) {
            prop_assert_eq!(back.image().to_bytes(), first.image().to_bytes());
        }
    }
}

#[test]
fn an_address_at_the_end_of_all_is_refused() {
    let first = first_flash(SMALL);
    let hex = String::from_utf8(first.to_file(Format::Hex).unwrap()).unwrap();
    let end = ":02000004FFFFFC\n:02FFFF000102FD\n:00000001FF\n";
    let beyond = hex.replace(":00000001FF\n", end);
    let error = FirstFlash::from_file(beyond.as_bytes()).unwrap_err();
    assert!(matches!(error, ProvisionError::More), "{error}");
}

#[test]
fn a_file_with_less_or_more_is_refused() {
    let error = |bytes: &[u8]| FirstFlash::from_file(bytes).unwrap_err();
    let bootloader = Program::bootloader(SMALL, &[[1; 32]], false).elf();
    assert!(matches!(error(&bootloader), ProvisionError::NoFirmware));
    assert!(matches!(error(&rich_firmware()), ProvisionError::NoBootloader(_)));

    let mut binary = first_flash(SMALL).to_file(Format::Binary).unwrap();
    let journal = SMALL.journal.start as usize;
    binary[journal] = 0;
    assert!(matches!(error(&binary), ProvisionError::More), "a journal that is not blank");
    binary[journal] = 0xff;
    FirstFlash::from_file(&binary).unwrap();
    binary.push(0);
    assert!(matches!(error(&binary), ProvisionError::More), "a byte behind the image");
    binary.pop();
    let payload = (SMALL.slot(Slot::A).start + SMALL.header_length) as usize;
    binary[payload + 0x44] ^= 1;
    assert!(matches!(error(&binary), ProvisionError::Image(_)), "a bit of the firmware");
    binary.truncate(SMALL.flash_length as usize);
    binary.resize(SMALL.flash_length as usize + 1, 0xff);
    binary[payload + 0x44] ^= 1;
    assert!(matches!(error(&binary), ProvisionError::More), "more than the chip has");
}

fn rich_firmware() -> Vec<u8> {
    crate::images::rich(SMALL, Slot::A).elf()
}
