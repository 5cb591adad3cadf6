//! The project's own files: `lifeboot.toml`, keys, the bootloader.

use super::{bootloader, examined, finds, healthy, remove};
use crate::images::rich;
use crate::program::{LARGE, LARGE_FILE, SMALL};
use lifeboot_core::layout::Region;
use lifeboot_core::{Board, Slot};
use lifeboot_example_boards::STM32F405;
use lifeboot_project::key_files;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The large board with another map, under the same name.
static LESS_RAM: Board = STM32F405.with_ram(Region { start: 0x2000_0000, length: 112 << 10 });

#[test]
fn keys_that_do_not_serve_are_found() {
    let folder = healthy();
    let key = folder.0.path().join("key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let lines = [
        "broken   key key.pem: the private key key.pem can be read by others (mode 0640)",
        "         -> chmod 600 key.pem; or, if its mode cannot be changed, pass the content through a pipe: --key <(cat key.pem)",
    ];
    finds(&folder, &lines, 1);
    fs::remove_file(&key).unwrap();
    finds(&folder, &["missing  key key.pem: there is no such file", "         -> lifeboot keygen key.pem"], 1);
    folder.put("key.pem", b"no key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    finds(&folder, &["broken   key key.pem: key.pem is not a PEM file"], 1);

    let folder = healthy();
    remove(&folder, "key.pub.pem");
    finds(
        &folder,
        &[
            "missing  public key key.pub.pem: there is no such file",
            "         -> give the one that lifeboot keygen wrote beside the private key",
        ],
        1,
    );
    folder.done("keygen other.pem --demo");
    fs::copy(folder.0.path().join("other.pub.pem"), folder.0.path().join("key.pub.pem")).unwrap();
    finds(
        &folder,
        &[
            "broken   public key key.pub.pem: is not the public half of key.pem",
            "         -> openssl pkey -in key.pem -pubout -out key.pub.pem",
        ],
        1,
    );
    let (text, _) = examined(&folder, "--key other.pem");
    assert!(text.contains(", not encrypted; a demo's throw-away key, which protects nothing\n"), "{text}");

    let folder = healthy();
    folder.put("passphrase", b"open sesame\n");
    fs::set_permissions(folder.0.path().join("passphrase"), fs::Permissions::from_mode(0o600)).unwrap();
    folder.done("keygen secret.pem --passphrase-file passphrase");
    bootloader(&folder, "secret.pub.pem", LARGE);
    let (text, status) = examined(&folder, "--key secret.pem --public-key secret.pub.pem");
    assert!(text.contains("\nok       key secret.pem: id ") && text.contains(", encrypted\n"), "{text}");
    assert_eq!(status, 0, "{text}");
}

#[test]
fn keys_that_a_bootloader_cannot_be_built_with_are_found() {
    let folder = healthy();
    let said = |keys: &str| examined(&folder, &format!("--bootloader-keys {keys}"));
    let (text, status) = said("key.pub.pem");
    assert!(text.contains("\nok       bootloader key key.pub.pem: id ") && status == 0, "{text}");
    let (text, status) = said("key.pub.pem,/nowhere/key.pub.pem");
    assert!(text.contains("\nmissing  bootloader key /nowhere/key.pub.pem: there is no such file\n"), "{text}");
    assert_eq!(status, 1);
    // Of a private key the public half counts.
    assert_eq!(said("key.pem").1, 0);
    let (text, status) = said("stm32f405.toml");
    assert!(text.contains("\nbroken   bootloader key stm32f405.toml: ") && status == 1, "{text}");
}

#[test]
fn a_bootloader_that_would_not_start_the_firmware_is_found() {
    const BUILD: &str = "         -> lifeboot bootloader --board stm32f405.toml --bootloader-keys key.pub.pem";
    let folder = healthy();
    remove(&folder, "boot.elf");
    finds(&folder, &["missing  bootloader boot.elf: is not built", BUILD], 1);
    folder.put("boot.elf", &rich(LARGE, Slot::A).elf());
    finds(
        &folder,
        &[
            "broken   bootloader boot.elf: not a bootloader: nothing in it says which board and which keys it is for",
            BUILD,
        ],
        1,
    );
    bootloader(&folder, "key.pub.pem", SMALL);
    finds(&folder, &["broken   bootloader boot.elf: is for board microbit, and the project's is stm32f405", BUILD], 1);
    bootloader(&folder, "key.pub.pem", &LESS_RAM);
    let text = "broken   bootloader boot.elf: is for another flash map of board stm32f405 than stm32f405.toml has";
    finds(&folder, &[text, BUILD], 1);
    folder.done("keygen other.pem");
    bootloader(&folder, "other.pub.pem", LARGE);
    let id = |name: &str| -> String {
        let key = key_files::public(&folder.0.path().join(name)).unwrap();
        key.id().iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let (trusted, signs) = (id("other.pub.pem"), id("key.pub.pem"));
    let text = format!("broken   bootloader boot.elf: trusts key {trusted}, and firmware is signed with {signs}");
    finds(&folder, &[&text, BUILD], 1);
    // Without a configured bootloader, the one that is built is searched, and none is needed.
    folder.put("lifeboot.toml", b"board = \"stm32f405.toml\"\nkey = \"key.pem\"\n");
    let text = "missing  bootloader target/lifeboot/bootloader/stm32f405.elf: is not built";
    finds(&folder, &[text, BUILD], 0);
}

/// The board in `lifeboot.toml`, and a board file that is wrong.
#[test]
fn the_project_s_board_is_a_finding() {
    let folder = healthy();
    folder.put("stm32f405.toml", LARGE_FILE.replace("384K @ 512K", "256K @ 512K").as_bytes());
    let (text, status) = examined(&folder, "");
    assert!(text.contains("\nbroken   board stm32f405.toml: stm32f405.toml:9: ") && status == 1, "{text}");
    assert!(text.contains("\nok       bootloader boot.elf: for stm32f405, "), "{text}");
    remove(&folder, "stm32f405.toml");
    let lines = [
        "missing  board stm32f405.toml: there is no such file",
        "         -> write one, or name another: --board BOARD.toml",
    ];
    finds(&folder, &lines, 1);
    let table = LARGE_FILE.replace("[map]", "[board.map]").replace("[pins]", "[board.pins]");
    folder.put("lifeboot.toml", format!("key = \"key.pem\"\nbootloader = \"boot.elf\"\n[board]\n{table}").as_bytes());
    finds(&folder, &["ok       board lifeboot.toml: describes stm32f405, with the chip STM32F405RG"], 0);
    remove(&folder, "boot.elf");
    let build = "         -> lifeboot bootloader --bootloader-keys key.pub.pem";
    finds(&folder, &[build], 1);
}

#[test]
fn a_file_of_settings_that_is_wrong_is_one_finding_among_others() {
    let folder = healthy();
    folder.put("lifeboot.toml", b"board = \"stm32f405.toml\"\nkye = \"key.pem\"\n");
    let (text, status) = examined(&folder, "");
    assert!(
        text.contains(
            "\nbroken   lifeboot.toml: lifeboot.toml:2: there is no setting kye\n         -> the settings are board, "
        ),
        "{text}"
    );
    assert!(text.contains("\nok       linker rust-lld: ") && status == 1, "{text}");
    remove(&folder, "lifeboot.toml");
    finds(&folder, &["missing  lifeboot.toml: there is none"], 0);
}
