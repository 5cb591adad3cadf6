//! The output and the help of `provision`, `flash` and `run`.

use crate::command_line::Folder;
use crate::images::rich;
use crate::program::*;
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_core::{Board, Slot};
use lifeboot_project::key_files;
use std::fs;
use std::path::Path;

const COMMANDS: [&str; 3] = ["provision", "flash", "run"];

/// A folder with a bootloader and signed firmware for one board.
pub fn folder(board: &'static Board) -> Folder {
    let folder = Folder::new();
    let key = key_files::public(&folder.0.path().join("key.pub.pem")).unwrap();
    folder.put("lifeboot-bootloader", &Program::bootloader(board, &[key.to_bytes()], false).elf());
    folder.put("a.elf", &rich(board, Slot::A).elf());
    folder.done("sign a.elf --version 1.2.3 --key key.pem");
    folder
}

#[test]
fn a_first_flash_is_provisioned() {
    let folder = folder(LARGE);
    let provision = "provision lifeboot-bootloader a.img";
    assert_eq!(
        folder.done(&format!("{provision} -o first.hex")),
        "provisioned first.hex: stm32f405 1.2.3, Intel HEX\n  \
         0x08000000   32768 bytes  bootloader\n  \
         0x08008000   32768 bytes  journal, blank\n  \
         0x08020000    1024 bytes  slot_a\n  \
         0x08080000     768 bytes  slot_b, blank\n"
    );
    let said = folder.done(&format!("{provision} -o first.bin"));
    assert!(said.starts_with("provisioned first.bin: stm32f405 1.2.3, binary\n"), "{said}");
    assert!(!said.contains("slot_b"), "{said}");
    assert!(folder.done(provision).starts_with("provisioned a.first.elf: stm32f405 1.2.3, ELF\n"));
    assert!(folder.done(&format!("{provision} --format hex")).starts_with("provisioned a.first.hex: "));
    folder.done(&format!("{provision} -o named.bin --format elf"));
    assert_eq!(folder.bytes("named.bin"), folder.bytes("a.first.elf"));
    let contents = ["first.hex", "first.bin", "a.first.elf"].map(|name| {
        let first = FirstFlash::from_file(&folder.bytes(name)).unwrap();
        first.content()
    });
    assert!(contents[0] == contents[1] && contents[1] == contents[2]);
}

#[test]
fn a_demo_bootloader_warns() {
    let folder = folder(SMALL);
    let key = key_files::public(&folder.0.path().join("key.pub.pem")).unwrap();
    folder.put("demo", &Program::bootloader(SMALL, &[key.to_bytes()], true).elf());
    let output = folder.run("provision demo a.img -o first.elf");
    assert!(output.status.success());
    let warning = "warning: the bootloader was built with a demo's throw-away key, which protects nothing\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), warning);
}

#[test]
fn failures_say_what_to_do() {
    let folder = folder(SMALL);
    let failed = |line: &str| folder.failed(&format!("provision {line}"));
    assert_eq!(
        failed("lifeboot-bootloader a.img -o first.uf2"),
        "error: no drive of board microbit takes UF2 files\n  help: for another drive or a programmer write Intel HEX \
         or raw bytes: --format hex, --format bin; for a debug probe an ELF file: lifeboot flash\n"
    );
    assert_eq!(
        failed("lifeboot-bootloader a.img -o first.flash"),
        "error: the name first.flash does not say which format to write\n  help: end it in .elf, .hex, .bin or .uf2, or \
         add --format\n"
    );
    assert_eq!(
        failed("a.elf a.img"),
        "error: not a bootloader: nothing in it says which board and which keys it is for\n  help: give the bootloader \
         first, then the image; lifeboot bootloader builds one\n"
    );
    assert_eq!(
        failed("a.img lifeboot-bootloader"),
        "error: the bootloader cannot be read\n  because: not an ELF file\n  help: give the file that lifeboot bootloader \
         has built\n"
    );
    assert!(failed("lifeboot-bootloader a.elf").starts_with("error: not an image file\n"));
    folder.done("keygen other.pem");
    folder.done("sign a.elf --version 1.2.3 --key other.pem -o other.img");
    let said = failed("lifeboot-bootloader other.img");
    assert!(said.starts_with("error: the bootloader does not trust the key that signed the image, "), "{said}");
    assert!(said.contains("\n  help: sign the firmware with a key of the bootloader; or build the bootloader with"));
    folder.put("large.elf", &rich(LARGE, Slot::A).elf());
    folder.done("sign large.elf --version 1.2.3 --key key.pem");
    assert_eq!(
        failed("lifeboot-bootloader large.img"),
        "error: the bootloader is for board microbit, the image for board stm32f405\n  help: build the bootloader of \
         stm32f405: lifeboot bootloader --board BOARD.toml; or give firmware that was signed for microbit\n"
    );
    let left: Vec<_> = fs::read_dir(folder.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("first")), "{left:?}");
}

#[test]
fn flash_takes_only_a_first_flash() {
    let folder = folder(SMALL);
    assert_eq!(
        folder.failed("flash a.img"),
        "error: the file holds no bootloader\n  help: give a file that lifeboot \
         provision wrote, as ELF, Intel HEX, binary or UF2\n"
    );
    assert_eq!(
        folder.failed("flash lifeboot-bootloader"),
        "error: the file to flash has no image in slot A, or a damaged one\n  help: make one of bootloader and image: \
         lifeboot provision BOOTLOADER.elf FIRMWARE.img -o FILE\n"
    );
    folder.done("provision lifeboot-bootloader a.img -o first.hex");
    assert_eq!(
        folder.failed("flash first.hex --board stm32f405.toml"),
        "error: stm32f405.toml does not describe the board that is flashed: it is for board stm32f405, not for board \
         microbit\n  help: give the board file that bootloader and firmware were built with, or build them again with this \
         one\n"
    );
    let less = SMALL_FILE.replace("\n\n[map]", "\nram = \"15K\"\n\n[map]");
    folder.put("less-ram.toml", less.as_bytes());
    let said = folder.failed("flash first.hex --board less-ram.toml");
    assert!(said.contains(" is flashed: it has another flash map of board microbit\n"), "{said}");
    assert!(folder.refused("flash", 2).contains("<FILE|--image <FIRMWARE.img>>"));
    assert!(folder.refused("flash --bootloader lifeboot-bootloader", 2).contains("--image <FIRMWARE.img>"));
    assert!(folder.refused("flash first.elf --bootloader b --image c", 2).contains("cannot be used with"));
}

/// No probe of this machine has this name, so nothing is flashed.
#[cfg(feature = "probe")]
#[test]
fn a_probe_that_is_not_there_is_named() {
    let folder = folder(SMALL);
    folder.done("provision lifeboot-bootloader a.img -o first.hex");
    for line in [
        "flash first.hex",
        "flash --bootloader lifeboot-bootloader --image a.img",
        "run a.elf --key key.pem --bootloader lifeboot-bootloader",
    ] {
        let line = format!("{line} --probe ffff:ffff:none");
        assert_eq!(
            folder.failed(&line),
            "error: nothing says which chip board microbit has\n  help: give the board's file: --board BOARD.toml; or \
             --chip, with a name as https://probe.rs/targets shows it\n",
            "{line}"
        );
        for chip in ["--board microbit.toml", "--chip nRF51822_xxAA"] {
            let said = folder.failed(&format!("{line} {chip}"));
            assert!(said.starts_with("error: there is no debug probe ffff:ffff:none\n  help: "), "{line}: {said}");
        }
    }
    folder.put("lifeboot.toml", b"board = \"microbit.toml\"\n");
    assert_eq!(
        folder.failed("flash first.hex --probe jlink"),
        "error: jlink does not name a debug probe\n  help: write VID:PID or VID:PID:SERIAL, for example 0d28:0204\n"
    );
    let said = folder.failed("flash first.hex --probe ffff:ffff --chip nRF99");
    assert!(said.starts_with("error: probe-rs knows no chip nRF99, or several whose names begin so\n"), "{said}");
}

#[cfg(not(feature = "probe"))]
#[test]
fn without_probe_rs_the_way_to_it_is_named() {
    let folder = folder(SMALL);
    folder.done("provision lifeboot-bootloader a.img -o first.hex");
    let run = "run a.elf --key key.pem --bootloader lifeboot-bootloader";
    for line in ["flash first.hex", "flash --bootloader lifeboot-bootloader --image a.img", run] {
        assert_eq!(
            folder.failed(line),
            "error: this lifeboot was built without debug probes\n  help: cargo install --path host-tool --features \
             probe; or flash what lifeboot provision writes with another tool\n",
            "{line}"
        );
    }
}

#[test]
fn run_says_what_it_needs() {
    let folder = folder(SMALL);
    assert_eq!(
        folder.failed("run a.elf"),
        "error: there is no key to sign the firmware with\n  help: give --key KEY.pem, or say it once: key = \"KEY.pem\" in \
         lifeboot.toml, or LIFEBOOT_KEY in the environment; lifeboot keygen --demo demo.pem makes a throw-away key\n"
    );
    assert_eq!(
        folder.failed("run lifeboot-bootloader --key key.pem"),
        "error: the ELF file does not say that it is firmware, and for which board\n  help: run firmware, linked \
         with the memory.x that Lifeboot renders for the board; a bootloader is flashed with it\n"
    );
    fs::rename(folder.0.path().join("lifeboot-bootloader"), folder.0.path().join("elsewhere")).unwrap();
    assert_eq!(
        folder.failed("run a.elf --key key.pem"),
        "error: nothing says which bootloader is meant\n  help: describe the board in lifeboot.toml (lifeboot new begins one) and \
         build it: lifeboot bootloader; or give the file, by --bootloader, or first to provision\n"
    );
    let said = folder.failed("run a.elf --key key.pem --board microbit.toml --bootloader lifeboot-bootloader");
    let build = "build it: lifeboot bootloader --board microbit.toml --bootloader-keys key.pub.pem; or ";
    assert!(said.contains(build), "{said}");
    let said = folder.failed("run a.elf --key key.pem --board microbit.toml");
    assert!(said.starts_with("error: there is no bootloader at target/lifeboot/bootloader/microbit.elf\n"), "{said}");
    assert_eq!(said, folder.failed("provision a.img --board microbit.toml"));
    assert_eq!(said, folder.failed("flash --image a.img --board microbit.toml"));
    let said = folder.failed("run a.elf --key key.pem --port tcp:localhost:1");
    assert!(said.starts_with("error: nothing listens at localhost:1\n"), "{said}");
}

/// To change a help text is to change `help/`: `LIFEBOOT_BLESS=1 cargo test -p lifeboot-host-tool` writes it.
#[test]
fn help_is_as_written() {
    let folder = Folder::new();
    for command in COMMANDS {
        let said = folder.done(&format!("{command} --help"));
        let said: String = said.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/host/help/{command}.txt"));
        if std::env::var_os("LIFEBOOT_BLESS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &said).unwrap();
        }
        assert_eq!(said, fs::read_to_string(&path).unwrap(), "{command}");
    }
}
