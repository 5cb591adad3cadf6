//! The list of errors: damaged images, and two images that are compared.

use super::chapter::Chapter;
use crate::command_line::{Folder, SIGN};
use crate::error_list::List;
use crate::images::rich;
use crate::program::*;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Slot;
use lifeboot_core::image::{HEADER_LENGTH, Header};
use object::elf;

pub fn list(list: &mut List) {
    let mut chapter = Chapter::new(list, "Images", Folder::new());
    chapter.folder.done(SIGN);
    let image = chapter.folder.bytes("a.img");
    let mut fails = |circumstances: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = image.clone();
        change(&mut bytes);
        chapter.folder.put("other.img", &bytes);
        chapter.fails(circumstances, "inspect other.img");
    };
    fails("No image", &|bytes| bytes.clear());
    fails("A later format", &|bytes| bytes[4] = 9);
    fails("Cut off in the header", &|bytes| bytes.truncate(100));
    fails("Cut off behind it", &|bytes| bytes.truncate(700));
    fails("A byte of the payload changed", &|bytes| bytes[0x210] ^= 1);
    fails("Lengths that do not fit", &|bytes| bytes[0x2f] = 0xff);
    fails("The payload elsewhere", &|bytes| bytes[7] = 1);
    fails("Something in the gaps", &|bytes| bytes[0x110] = 0);
    fails("Something behind the end", &|bytes| bytes.push(0));
    fails("Linked for no slot", &|bytes| bytes[0x29] ^= 1);
    fails("Without its flash map", &|bytes| bytes.truncate(bytes.len() - 1));
    fails("A flash map that contradicts itself", &|bytes| *bytes.iter_mut().rev().nth(0x50 - 0x21).unwrap() ^= 1);
    fails("Another flash map", &|bytes| *bytes.iter_mut().rev().nth(0x50 - 0x2d - 1).unwrap() ^= 1);

    let mut half = Program::new(LARGE, Slot::A);
    half.code(TEXT, 0x10, &[0xf240, 0x2080, 0xf6c0, 0x0002]); // movw r0, #0x280; movt r0, #0x802
    half.relocate(TEXT, 0x10, elf::R_ARM_THM_MOVW_ABS_NC, CONSTANT);
    half.relocate(TEXT, 0x14, elf::R_ARM_THM_MOVT_ABS, CONSTANT);
    chapter.folder.put("half.elf", &half.elf());
    chapter.folder.done(&SIGN.replace("a.elf", "half.elf"));
    chapter.folder.put("half.img", &for_small(&chapter.folder.bytes("half.img")));
    chapter.fails("Halves of addresses, and slots that are not 64 KiB apart", "inspect half.img");

    let mut large = rich(SMALL, Slot::A);
    large.sections[2].bytes = vec![0; (SMALL.capacity() - RODATA_OFFSET) as usize];
    large.sections[3].load_address = LARGE.ram.start;
    large.sections.remove(3);
    large.sections[1].bytes = [0x00, 0xbf].repeat(0x20);
    large.symbols.clear();
    large.relocations.clear();
    large.symbol("main", Some(TEXT), SMALL.payload_address(Slot::A) + TEXT_OFFSET + 1, 0x20);
    large.word(VECTORS, 4, 1);
    chapter.folder.put("endless.elf", &crate::malformed::with_symbols(20, &"x".repeat(1 << 20), RODATA));
    chapter.fails("Names that share their bytes, and would fill the memory", "inspect endless.elf");
    chapter.folder.put("large.elf", &large.elf());
    chapter.fails("Larger than a slot", "sign large.elf --board microbit.toml --version 1.0.0 --key key.pem");

    chapter.folder.done("keygen other.pem");
    chapter.name_key("other.pub.pem", "OTHER-ID");
    chapter.fails("The public key of another key", "inspect a.img --key other.pub.pem");
    let sign = "sign a.elf --version 1.2.3 --public-key key.pub.pem";
    chapter.folder.put("signature", &[7; 64]);
    chapter.fails("A signature of something else", &format!("{sign} --signature signature"));
    chapter.folder.put("signature", &[7; 63]);
    chapter.fails("A signature of another length", &format!("{sign} --signature signature"));

    chapter.fails("Two images, one of them none", "diff a.img key.pub.pem");
    chapter.folder.put("small.elf", &rich(SMALL, Slot::A).elf());
    chapter.folder.done("sign small.elf --version 1.0.0 --key key.pem");
    chapter.fails("Two images of different boards", "diff a.img small.img");
    chapter.fails("An ELF file of another image", "diff a.img a.img --elf-old half.elf --elf-new a.elf");
    chapter.fails("No ELF file", "diff a.img a.img --elf-old a.img --elf-new a.elf");
    chapter.folder.put("status.json", b"{}");
    chapter.fails("No state of a device", "inspect a.img --against status.json");
    chapter.fails(
        "Another image than the one to force",
        "push a.img --port tcp:localhost:1 --force 00000000000000000000000000000000",
    );
}

/// An image of the large board, as if it were one of the small one's.
fn for_small(image: &[u8]) -> Vec<u8> {
    let file = ImageFile::from_bytes(image).unwrap();
    let header = Header {
        header_length: SMALL.header_length as u16,
        board: SMALL.name_bytes(),
        link_address: SMALL.payload_address(Slot::A),
        map_digest: SMALL.map_digest(),
        ..*file.header()
    };
    let mut bytes = header.to_bytes([0; 64]).to_vec();
    assert_eq!(bytes.len(), HEADER_LENGTH);
    bytes.extend(file.payload());
    bytes.resize(header.table_offset().unwrap() as usize, 0xff);
    bytes.extend(file.table());
    bytes.extend(b"LBMP");
    bytes.extend(SMALL.map_bytes());
    bytes
}
