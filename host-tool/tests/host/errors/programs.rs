//! The list of errors: ELF files that cannot be signed.

use super::chapter::Chapter;
use super::flashing::LESS_RAM;
use crate::command_line::{Folder, SIGN};
use crate::error_list::List;
use crate::images::rich;
use crate::program::*;
use crate::thunk_shapes::{ARMV7M, FLASH_LARGE, FLASH_SMALL, armv7m, program};
use lifeboot_core::{Board, Slot};
use object::elf;

fn with(board: &'static Board, change: impl FnOnce(&mut Program)) -> Program {
    let mut program = Program::new(board, Slot::A);
    change(&mut program);
    program
}

pub fn list(list: &mut List) {
    let mut chapter = Chapter::new(list, "Programs that cannot be signed", Folder::new());
    let sign = SIGN.replace("a.elf", "program.elf");
    let mut fails = |circumstances: &str, program: &Program| {
        chapter.folder.put("program.elf", &program.elf());
        chapter.fails(circumstances, &sign);
    };
    fails("A program for a PC", &with(LARGE, |program| program.machine = elf::EM_386));
    fails("A section outside the slot", &with(SMALL, |program| program.sections[2].load_address = 0x3_0000));
    fails(
        "The vector table is not first",
        &with(LARGE, |program| {
            program.sections.swap(0, 1);
            program.sections[0].load_address = LARGE.payload_address(Slot::A);
            program.sections[1].load_address = LARGE.payload_address(Slot::A) + 0x40;
        }),
    );
    fails("A stack outside of RAM", &with(LARGE, |program| program.put(VECTORS, 0, &0x1000_0000_u32.to_le_bytes())));
    fails(
        "A reset vector outside of the program",
        &with(LARGE, |program| {
            program.put(VECTORS, 4, &(LARGE.payload_address(Slot::B) + 0x41).to_le_bytes());
        }),
    );
    fails("Linked for slot B", &rich(LARGE, Slot::B));
    fails("No --emit-relocs", &with(LARGE, |program| program.emit_relocations = false));

    let relocated = |section, at, kind, symbol| with(LARGE, |program| program.relocate(section, at, kind, symbol));
    fails("An address in half a word", &relocated(RODATA, 2, elf::R_ARM_ABS16, MAIN));
    fails(
        "A MOVW/MOVT pair where slots are not 64 KiB apart",
        &with(SMALL, |program| {
            program.relocate(TEXT, 0, elf::R_ARM_THM_MOVT_ABS, CONSTANT);
        }),
    );
    fails("A distance between flash and RAM", &relocated(TEXT, 4, elf::R_ARM_REL32, RAM_FUNCTION));
    fails("A relocation of position-independent code", &relocated(TEXT, 0, elf::R_ARM_GOT_PREL, MAIN));
    fails(
        "A number that might be an address",
        &with(SMALL, |program| {
            let symbol = program.symbol("absolute", None, SMALL.slot(Slot::A).start, 0);
            program.word(RODATA, 0, symbol);
        }),
    );
    fails(
        "A number from a linker script, in the section that comes before it",
        &with(LARGE, |program| {
            let symbol = program.symbol("_image_size", Some(RODATA), 0x4440, 0);
            program.word(RODATA, 0, symbol);
        }),
    );
    fails("An address or a distance", &relocated(RODATA, 0, elf::R_ARM_TARGET1, MAIN));
    let crel = Some((".crel.text", elf::SectionType(0x4000_0014), TEXT));
    fails("Relocations that are not read", &with(LARGE, |program| program.unread = crel));
    fails(
        "Relocations that were removed",
        &with(LARGE, |program| {
            let main = program.address(TEXT, 1);
            program.put(RODATA, 8, &main.to_le_bytes());
            program.relocations.retain(|(section, ..)| *section != RODATA);
        }),
    );
    fails("An alignment that slot B does not keep", &with(SMALL, |program| program.sections[2].alignment = 4096));
    fails(
        "A function in RAM with an unwind table",
        &with(LARGE, |program| {
            program.sections[2].name = ".ARM.exidx";
            let distance = program.address(DATA, 8).wrapping_sub(program.address(RODATA, 0)) & 0x7fff_ffff;
            program.put(RODATA, 0, &distance.to_le_bytes());
        }),
    );
    fails(
        "Two sections at one place",
        &with(LARGE, |program| program.sections[3].load_address = program.address(TEXT, 0x10)),
    );
    fails("A section that is not loaded", &with(LARGE, |program| program.sections[2].loaded = false));
    fails(
        "A loaded section that is no part of the program",
        &with(LARGE, |program| {
            program.sections[2].allocated = false;
            program.sections[2].segment = Some(true);
        }),
    );
    fails(
        "Data in the words that the bootloader writes",
        &with(LARGE, |program| program.sections[3].address = LARGE.ram.start + 8),
    );
    fails("Variables beyond the RAM", &with(LARGE, |program| program.sections[4].address = LARGE.ram.end() - 8));
    fails("A pointer in a packed structure", &relocated(RODATA, 3, elf::R_ARM_ABS32, MAIN));
    fails("An address in what is not loaded", &relocated(BSS, 0, elf::R_ARM_ABS32, MAIN));
    fails("A program that was changed after linking", &relocated(TEXT, 0x14, elf::R_ARM_THM_MOVT_ABS, CONSTANT));
    fails(
        "Two relocations of the same bytes",
        &with(LARGE, |program| {
            program.relocate(RODATA, 0, elf::R_ARM_ABS32, MAIN);
            program.relocate(RODATA, 2, elf::R_ARM_ABS32, MAIN);
        }),
    );
    fails("A table of the linker's", &with(LARGE, |program| program.sections[2].name = ".got"));
    fails("A thunk of another linker", &program(LARGE, DATA, "__main_from_arm", &armv7m(FLASH_LARGE)));
    fails("A thunk with other code", &program(LARGE, DATA, ARMV7M, &[0xf000, 0xf804]));
    fails("A thunk that cannot move", &program(SMALL, DATA, ARMV7M, &armv7m(FLASH_SMALL)));
    fails(
        "A handler that is a number",
        &with(LARGE, |program| {
            let handler = program.address(TEXT, 0x11);
            program.put(VECTORS, 4 * 15, &handler.to_le_bytes());
        }),
    );
    fails(
        "A stack that moves with the slot",
        &with(LARGE, |program| program.relocate(VECTORS, 0, elf::R_ARM_ABS32, MAIN)),
    );

    let empty = with(LARGE, |program| {
        program.sections.clear();
        program.symbols.clear();
        program.relocations.clear();
    });
    chapter.folder.put("program.elf", &empty.elf());
    chapter.fails("Nothing to load", &format!("{sign} --board stm32f405.toml"));
    let (mut bytes, first) = with(LARGE, |program| program.gap = 16).elf_with_loaded_headers();
    bytes[first - 1] = 1;
    chapter.folder.put("program.elf", &bytes);
    chapter.fails("Loaded bytes of no section", &sign);
    chapter.folder.put("program.elf", b"no program");
    chapter.fails("No ELF file", &sign);
    let mut damaged = Program::new(LARGE, Slot::A).elf();
    damaged.truncate(damaged.len() - 1);
    chapter.folder.put("program.elf", &damaged);
    chapter.fails("A file that was cut off", &sign);
    chapter.fails("Firmware of another board", &format!("{SIGN} --board microbit.toml"));
    let mut nameless = rich(LARGE, Slot::A);
    nameless.nameless();
    chapter.folder.put("nameless.elf", &nameless.elf());
    let nameless_elf = SIGN.replace("a.elf", "nameless.elf");
    chapter.fails("Firmware of another board, which does not say so", &format!("{nameless_elf} --board microbit.toml"));
    chapter.fails("Firmware that does not say which board it is for", "inspect nameless.elf");
    chapter.folder.put("less-ram.elf", &Program::new(&LESS_RAM, Slot::A).elf());
    chapter.fails(
        "Firmware of another flash map",
        "sign less-ram.elf --board microbit.toml --version 1.0.0 --key key.pem",
    );
    let mut maps = |circumstances: &str, change: &dyn Fn(&mut Program)| {
        let mut program = rich(LARGE, Slot::A);
        change(&mut program);
        chapter.folder.put("program.elf", &program.elf());
        chapter.fails(circumstances, "inspect program.elf");
    };
    let word = |program: &mut Program, number: u32, value| {
        let name = format!("__lifeboot_map_{number:02}");
        program.symbols.iter_mut().find(|symbol| symbol.0 == name).unwrap().2 = value;
    };
    maps("A flash map that lacks a word", &|program| program.symbols.retain(|symbol| symbol.0 != "__lifeboot_map_11"));
    maps("A flash map whose slots overlap", &|program| word(program, 8, 256 << 10));
    maps("Two linker scripts of different boards", &|program| {
        program.symbol("__lifeboot_board_microbit", None, 0, 0);
    });

    chapter.fails("A proof with the same program", &format!("{SIGN} --relinked a.elf"));
    let mut longer = rich(LARGE, Slot::B);
    longer.sections[3].bytes.push(0);
    chapter.folder.put("longer.elf", &longer.elf());
    chapter.fails("A proof with another program", &format!("{SIGN} --relinked longer.elf"));
    let other = |slot| {
        let mut program = rich(LARGE, slot);
        let value = program.address(TEXT, 0);
        program.put(DATA, 0x0c, &value.to_le_bytes());
        program.elf()
    };
    chapter.folder.put("script-a.elf", &other(Slot::A));
    chapter.folder.put("script-b.elf", &other(Slot::B));
    let line = SIGN.replace("a.elf", "script-a.elf") + " --relinked script-b.elf";
    chapter.fails("An address that a linker script wrote", &line);
    chapter.fails("A proof of what cargo has not built", &format!("{SIGN} --prove"));
    chapter.fails("A proof by a command that fails", &format!("{SIGN} --prove --relink false"));
    chapter.fails("A proof by a command that writes nothing", &format!("{SIGN} --prove --relink true"));
    let built = chapter.folder.0.path().join("target/thumbv7em-none-eabi/release");
    std::fs::create_dir_all(&built).unwrap();
    std::fs::copy(chapter.folder.0.path().join("a.elf"), built.join("app")).unwrap();
    let line = SIGN.replace("a.elf", "target/thumbv7em-none-eabi/release/app");
    chapter.fails("A proof of firmware without its project", &format!("{line} --prove"));
    chapter.fails("An epoch below that of the devices", &format!("{SIGN} --epoch 5 --epoch-floor 50"));
    let settings = chapter.folder.0.path().join("lifeboot.toml");
    std::os::unix::fs::symlink("nowhere.toml", &settings).unwrap();
    chapter.fails("Settings that lead nowhere", SIGN);
    std::fs::remove_file(settings).unwrap();
    chapter.fails("A proof with no program at all", &format!("{SIGN} --relinked key.pub.pem"));
}
