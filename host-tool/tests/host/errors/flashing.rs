//! The list of errors: bootloaders, provisioning, files for flashing.

use super::chapter::Chapter;
use crate::error_list::List;
use crate::flashing_commands::folder;
use crate::images::rich;
use crate::program::*;
use lifeboot_artifact::provision::ProvisionError;
use lifeboot_core::layout::Region;
use lifeboot_core::{Board, Slot};
use lifeboot_example_boards::MICROBIT;
use lifeboot_host_tool::Error;
use lifeboot_project::key_files;
use std::fs;

/// The small board with another map, under the same name.
pub static LESS_RAM: Board = MICROBIT.with_ram(Region { start: 0x2000_0000, length: 15 << 10 });

pub fn list(list: &mut List) {
    let mut chapter = Chapter::new(list, "First flash", folder(SMALL));
    let key = key_files::public(&chapter.folder.0.path().join("key.pub.pem")).unwrap().to_bytes();
    chapter.fails("A name without a format", "provision lifeboot-bootloader a.img -o first.flash");
    chapter.fails("A format that the board does not take", "provision lifeboot-bootloader a.img -o first.uf2");
    chapter.fails("Firmware where the bootloader belongs", "provision a.elf a.img");
    chapter.fails("Bootloader and image in the other order", "provision a.img lifeboot-bootloader");
    let mut unknown = Program::bootloader(SMALL, &[key], false);
    unknown.sections[2].bytes[0xc2] ^= 0x40;
    chapter.folder.put("unknown", &unknown.elf());
    chapter.fails("A bootloader whose flash map contradicts itself", "provision unknown a.img");
    let mut elsewhere = Program::bootloader(SMALL, &[key], false);
    elsewhere.sections[2].load_address -= 0x1000;
    chapter.folder.put("moved", &elsewhere.elf());
    chapter.fails("A bootloader that is not where its map says", "provision moved a.img");
    chapter.folder.put("less-ram", &Program::bootloader(&LESS_RAM, &[key], false).elf());
    chapter.fails("A bootloader of another flash map", "provision less-ram a.img");
    let mut outside = Program::bootloader(SMALL, &[key], false);
    outside.sections[1].load_address = SMALL.bootloader.end() - 1;
    chapter.folder.put("outside", &outside.elf());
    chapter.fails("A bootloader that is too long", "provision outside a.img");
    chapter.folder.put("large", &Program::bootloader(LARGE, &[key], false).elf());
    chapter.fails("A bootloader of another board", "provision large a.img");

    chapter.folder.done("keygen other.pem");
    chapter.name_key("other.pub.pem", "OTHER-ID");
    chapter.folder.done("sign a.elf --version 1.2.3 --key other.pem -o other.img");
    chapter.fails("An image that another key signed", "provision lifeboot-bootloader other.img");
    let mut changed = chapter.folder.bytes("a.img");
    changed[0x18] ^= 4;
    chapter.folder.put("changed.img", &changed);
    chapter.fails("A header that was changed", "provision lifeboot-bootloader changed.img");
    chapter.folder.done("sign a.elf --version 1.2.3 --key key.pem --lowest-bootloader 9 -o later.img");
    chapter.fails("An image that needs a later bootloader", "provision lifeboot-bootloader later.img");
    chapter.folder.put("b.elf", &rich(SMALL, Slot::B).elf());
    chapter.folder.done("sign b.elf --version 1.2.3 --key key.pem --bound");
    chapter.fails("An image that is bound to slot B", "provision lifeboot-bootloader b.img");

    chapter.fails("A bootloader that nothing names", "provision a.img");
    chapter.fails("A bootloader that is not built", "provision a.img --board microbit.toml");
    let built = chapter.folder.0.path().join("target/lifeboot/bootloader");
    fs::create_dir_all(&built).unwrap();
    fs::copy(chapter.folder.0.path().join("lifeboot-bootloader"), built.join("microbit.elf")).unwrap();
    let line = "provision a.img --board microbit.toml --bootloader-keys other.pub.pem";
    chapter.fails("A bootloader that trusts other keys", line);
    fs::remove_dir_all(chapter.folder.0.path().join("target")).unwrap();
    let keys = ["key.pub.pem"; 5].join(",");
    chapter.fails("More keys than fit", &format!("bootloader --board microbit.toml --bootloader-keys {keys}"));
    let line = "bootloader --board microbit.toml --bootloader-keys key.pub.pem,key.pem";
    chapter.fails("A key that is given twice", line);
    chapter.fails("A bootloader for no key", "bootloader --board microbit.toml");
    chapter.fails("Sources that are none", "bootloader --board microbit.toml --key key.pem --lifeboot .");
    let without = SMALL_FILE.replace("serial = ", "# serial = ").replace("recovery = ", "# recovery = ");
    chapter.folder.put("deaf.toml", without.as_bytes());
    chapter.fails("Recovery mode without a serial port", "bootloader --board deaf.toml --key key.pem");
    chapter.fails("A new project without an answer", "new --chip STM32F411CE");
    chapter.folder.put("lifeboot.toml", b"");
    chapter.fails("A project that is none too new", "new --chip STM32F411CE --name acme-press");
    chapter.fails("A new project for no chip", "new elsewhere --chip STM32F999 --name acme-press");
    fs::remove_file(chapter.folder.0.path().join("lifeboot.toml")).unwrap();

    chapter.fails("No file for flashing", "flash a.img");
    chapter.fails("A bootloader alone", "flash lifeboot-bootloader");
    chapter.folder.done("provision lifeboot-bootloader a.img -o first.hex");
    chapter.fails("The file of another board", "flash first.hex --board stm32f405.toml");
    let hex = String::from_utf8(chapter.folder.bytes("first.hex")).unwrap();
    chapter.folder.put("cut.hex", hex.replace(":00000001FF\n", "").as_bytes());
    chapter.fails("A file that was cut off", "flash cut.hex");
    chapter.folder.done("provision lifeboot-bootloader a.img -o first.elf");
    let elf = chapter.folder.bytes("first.elf");
    chapter.folder.put("cut.elf", &elf[..elf.len() / 2]);
    chapter.fails("An ELF file that was cut off", "flash cut.elf");
    chapter.folder.done("provision lifeboot-bootloader a.img -o first.bin");
    let mut binary = chapter.folder.bytes("first.bin");
    binary[SMALL.journal.start as usize] = 0;
    chapter.folder.put("used.bin", &binary);
    chapter.fails("A journal that was in use", "flash used.bin");
    chapter.fails("Firmware that is none", "run lifeboot-bootloader --key key.pem");
    chapter.fails("No bootloader", "run a.elf --key key.pem --bootloader elsewhere");
    // The error of a lifeboot that was built without probes; the list is the same with them.
    chapter.list.add_words("No probe-rs in this lifeboot", &Error::NoProbeSupport);
    let unstartable = ProvisionError::Unstartable("its entry point is no Thumb code in the payload");
    chapter.list.add_words("An image with a wrong vector table, which lifeboot sign does not make", &unstartable);
}
