//! `lifeboot.toml`: the order of precedence, and bad files.

use crate::command_line::Folder;
use lifeboot_project::settings::SETTINGS;
use std::fs;

fn folder(settings: &str) -> Folder {
    let folder = Folder::new();
    folder.put("lifeboot.toml", settings.as_bytes());
    folder
}

#[test]
fn a_flag_counts_before_the_environment_before_the_file() {
    let folder = folder("firmware = \"a.elf\"\nkey = \"key.pem\"\nversion = \"1.0.0\"\nepoch = 3\n");
    let signed = |line: &str, environment: &[(&str, &str)]| {
        let output = folder.command(line).envs(environment.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().next().unwrap().to_owned()
    };
    assert_eq!(signed("sign", &[]), "signed a.img: stm32f405 1.0.0, epoch 3");
    let environment = [("LIFEBOOT_VERSION", "2.0.0"), ("LIFEBOOT_EPOCH", "4")];
    assert_eq!(signed("sign", &environment), "signed a.img: stm32f405 2.0.0, epoch 4");
    assert_eq!(signed("sign --version 3.0.0", &environment), "signed a.img: stm32f405 3.0.0, epoch 4");
}

#[test]
fn the_file_is_found_upwards_and_its_paths_are_relative_to_it() {
    let folder = folder("key = \"keys/release.pem\"\npublic-key = \"keys/release.pub.pem\"\nversion = \"1.0.0\"\n");
    for name in ["keys", "deep", "deep/er"] {
        fs::create_dir(folder.0.path().join(name)).unwrap();
    }
    folder.done("keygen keys/release.pem");
    let at = |line: &str| folder.command(line).current_dir(folder.0.path().join("deep/er")).output().unwrap();
    let signed = at("sign ../../a.elf -o here.img");
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    assert!(folder.exists("deep/er/here.img"));
    let inspected = String::from_utf8(at("inspect here.img").stdout).unwrap();
    assert!(inspected.ends_with("signature    fits ../../keys/release.pub.pem\n"), "{inspected}");
    let help = String::from_utf8(at("sign --help").stdout).unwrap();
    assert!(help.contains("[default: ../../keys/release.pem]"), "{help}");
    // The key in the file does not prevent signing with an external key.
    assert!(at("sign ../../a.elf --external-bytes bytes").status.success());
    assert!(folder.exists("deep/er/bytes"));
}

#[test]
fn a_file_that_is_wrong_says_where_and_what_to_do() {
    let all = SETTINGS.map(|setting| setting.name).join(", ");
    let boards = lifeboot_core::layout::BOARDS.map(|board| board.name).join(", ");
    let cases = [
        ("\nbord = 1\n", "2: there is no setting bord", format!("the settings are {all}")),
        ("public_key = \"a\"", "1: there is no setting public_key", "write public-key".to_owned()),
        ("LIFEBOOT_PORT = \"a\"", "1: there is no setting LIFEBOOT_PORT", "write port".to_owned()),
        (
            "baud = 9600\nboard = \"nucleo\"\n",
            &format!("2: board: there is no board nucleo; known boards: {boards}"),
            "board is the board that the firmware is for; for example: board = \"microbit\"".to_owned(),
        ),
        (
            "# fast\nbaud = \"9600\"\n",
            "2: baud: a number is wanted, without quotes",
            "baud is bits a second on a serial port; for example: baud = 115200".to_owned(),
        ),
        (
            "epoch = -1",
            "1: epoch: a number from 0 to 4294967295 is wanted",
            "epoch is the firmware's security counter; for example: epoch = 0".to_owned(),
        ),
        (
            "key = [\"a.pem\"]",
            "1: key: a text in quotes is wanted",
            "key is the private key that signs, a PEM file; for example: key = \"keys/release.pem\"".to_owned(),
        ),
        (
            "version = \"1.2\"",
            "1: version: unexpected end of input while parsing minor version number; a version is MAJOR.MINOR.PATCH or \
             MAJOR.MINOR.PATCH+BUILD, e.g. 1.2.3+45",
            "version is the firmware's version, where Cargo.toml's is not meant; for example: version = \"1.2.3+4\""
                .to_owned(),
        ),
        (
            "board = microbit",
            "1: string values must be quoted, expected literal string",
            "write a setting as NAME = VALUE, a text in quotes".to_owned(),
        ),
        ("epoch = 1\nepoch = 2\n", "2: duplicate key", "write a setting as NAME = VALUE, a text in quotes".to_owned()),
    ];
    for (text, what, help) in cases {
        let folder = folder(text);
        let message = format!("lifeboot.toml:{what}");
        assert_eq!(folder.failed("sign a.elf"), format!("error: {message}\n  help: {help}\n"));
        // Help works nevertheless.
        assert!(folder.done("sign --help").contains("Usage: lifeboot sign"));
    }
}
