//! What `lifeboot diff` reports of two images.

use crate::command_line::{Folder, SIGN};
use crate::images::rich;
use crate::program::{DATA_OFFSET, LARGE, RODATA, SMALL, TEXT};
use crate::reported::line;
use lifeboot_artifact::difference::difference;
use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_client::push::estimate;
use lifeboot_core::KeyIds;
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_core::{Board, Slot, Version};
use serde_json::{Value, json};

/// Two builds of one program: `a.elf`, `a.img`, and `next.elf`, `next.img` with a longer function, a new one and
/// another relocation.
fn folder() -> Folder {
    let folder = Folder::new();
    let base = LARGE.payload_address(Slot::A);
    let mut old = rich(LARGE, Slot::A);
    let function = |hash: &str| format!("_ZN3app4tick17h{hash}E");
    old.symbol(&function("0123456789abcdef"), Some(TEXT), base + 0x60 + 1, 8);
    folder.put("a.elf", &old.elf());
    let mut next = rich(LARGE, Slot::A);
    next.symbol(&function("fedcba9876543210"), Some(TEXT), base + 0x60 + 1, 12);
    next.symbol("fresh", Some(TEXT), base + 0x70 + 1, 4);
    next.put(TEXT, 0x30, &[1, 2, 3]);
    next.word(RODATA, 0x18, 1);
    folder.put("next.elf", &next.elf());
    folder.done(SIGN);
    folder.done("sign next.elf --version 1.3.0 --key key.pem --epoch 1");
    folder
}

#[test]
fn what_changed_is_told() {
    let folder = folder();
    let said = folder.done("diff a.img next.img --elf-old a.elf --elf-new next.elf");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[..2], ["version      1.2.3+4 -> 1.3.0", "epoch        0 -> 1"]);
    assert!(lines[2].starts_with("digest       ") && lines[2].contains(" -> "));
    assert_eq!(
        lines[3..],
        [
            "bytes        7 of the payload differ",
            "units        1 of 1 differ, of 131072 bytes each",
            "to send      197 bytes to a slot with the old one; 0 are there",
            "as a patch   23 bytes to a device that runs the old one",
            "relocations  4 -> 5: 1 added, 0 removed, by place",
            "sections     0 changed, +0 bytes",
            "symbols      2 changed, +8 bytes",
            "          +4       8 -> 12      app::tick",
            "          +4       0 -> 4       fresh",
        ]
    );
    let report = line("diff", &folder.run("diff a.img next.img --json"));
    assert_eq!(report["header"][1], json!({"field": "epoch", "old": "0", "new": "1"}));
    assert_eq!(report["relocations"], json!({"old": 4, "new": 5, "added": 1, "removed": 0}));
    assert_eq!(
        report["transfer"],
        json!({"units_written": 1, "units": 1, "unit": 131072, "bytes_sent": 197, "bytes_skipped": 0, "patch": 23})
    );
    assert_eq!((&report["identical"], &report["sizes"]), (&json!(false), &Value::Null));
}

#[test]
fn an_image_is_the_same_as_itself() {
    let folder = folder();
    assert_eq!(folder.done("diff a.img a.img"), "a.img and a.img are the same image\n");
    let report = line("diff", &folder.run("diff a.img a.img --json"));
    assert_eq!((&report["identical"], &report["transfer"]["bytes_sent"]), (&json!(true), &json!(0)));
    assert_eq!(report["transfer"]["units_written"], json!(0));
}

#[test]
fn what_cannot_be_compared_says_which_file_is_meant() {
    let folder = folder();
    assert_eq!(
        folder.failed("diff a.img next.img --elf-old next.elf --elf-new next.elf"),
        "error: next.elf is not the program in a.img\n  help: give the ELF file that this image was signed from: its \
         payload must be the same, byte for byte\n"
    );
    let mut damaged = folder.bytes("a.img");
    damaged[0x210] ^= 1;
    folder.put("damaged.img", &damaged);
    let said = folder.failed("diff a.img damaged.img");
    assert!(
        said.starts_with("error: damaged.img: the image file is damaged: ") && said.contains("\n  help: copy or"),
        "{said}"
    );
    let said = folder.failed("diff a.img next.img --elf-old a.img --elf-new next.elf");
    assert!(said.starts_with("error: a.img: not an ELF file\n  help: give the file that the linker"), "{said}");
    folder.put("small.elf", &rich(SMALL, Slot::A).elf());
    folder.done("sign small.elf --version 1.0.0 --key key.pem");
    assert_eq!(
        folder.failed("diff a.img small.img"),
        "error: the old image is for board stm32f405, the new one for microbit: there is nothing to compare\n  help: give \
         two images of the same board\n"
    );
    assert!(folder.refused("diff a.img next.img --elf-old a.elf", 2).contains("--elf-new <NEW.elf>"));
}

/// An image of so many bytes with these relocations, its payload changed.
fn image(board: &'static Board, minor: u16, length: usize, offsets: &[u32], change: impl Fn(&mut [u8])) -> ImageFile {
    let mut payload: Vec<u8> = (0..length).map(|index| (index * 7 % 251) as u8).collect();
    change(&mut payload);
    let entries: Vec<Entry> = offsets.iter().map(|offset| Entry { offset: *offset, kind: Kind::Word }).collect();
    let version = Version { major: 1, minor, patch: 0, build: 0 };
    let release = Release { version, epoch: 0, lowest_bootloader: 1, schemas: (0, 0), revokes: KeyIds::NONE };
    let image = UnsignedImage::new(board, Slot::A, payload, &entries, release, [0; 4]).unwrap();
    image.with_signature([minor as u8; 64]).unwrap()
}

#[test]
fn only_the_units_that_differ_are_sent_and_always_the_first() {
    let old = image(SMALL, 1, 10_000, &[DATA_OFFSET], |_| ());
    let same_payload = image(SMALL, 2, 10_000, &[DATA_OFFSET], |_| ());
    let estimated = estimate(&old, &same_payload);
    // Payload bytes behind the header in the first unit; the rest and the table are there.
    assert_eq!((estimated.sent, estimated.erased, estimated.units), (1024 - 256, 1, 11));
    assert_eq!(estimated.sent + estimated.skipped, 10_000 + same_payload.header().table_length);
    let in_the_middle = image(SMALL, 2, 10_000, &[DATA_OFFSET], |payload| payload[5_000] ^= 1);
    assert_eq!(estimate(&old, &in_the_middle).erased, 2);
    // A place that was not rebased before differs in slot B only; the table differs as well.
    let rebased = image(SMALL, 2, 10_000, &[DATA_OFFSET, 5_000], |_| ());
    assert_eq!(estimate(&old, &rebased).erased, 3);
    let report = difference(&old, &rebased).unwrap();
    assert_eq!((report.payload_bytes, report.relocations.added), (0, 1));
    let longer = image(SMALL, 2, 12_000, &[DATA_OFFSET], |_| ());
    let report = difference(&old, &longer).unwrap();
    assert_eq!(report.payload_bytes, 2_000);
}
