//! `lifeboot.toml`: the order of precedence, and bad files.

use crate::command_line::Folder;
use crate::program::{LARGE_FILE, SMALL_FILE};
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
    let cases = [
        ("\nbord = 1\n", "2: there is no setting bord", format!("the settings are {all}")),
        ("public_key = \"a\"", "1: there is no setting public_key", "write public-key".to_owned()),
        ("LIFEBOOT_PORT = \"a\"", "1: there is no setting LIFEBOOT_PORT", "write port".to_owned()),
        (
            "baud = 9600\nboard = 3\n",
            "2: board: a path in quotes is wanted, or a table that describes the board",
            "board is the file that describes the board; or the board itself, a table [board]; for example: board = \
             \"boards/acme-press.toml\""
                .to_owned(),
        ),
        (
            "baud = 9600\n\n[board]\nname = \"acme-press\"\nchip = \"STM32F411XX\"\n",
            "5: chip: \"STM32F411XX\" is more than one chip",
            "write one of STM32F411CC, STM32F411CE, STM32F411RC, STM32F411RE, STM32F411VC, STM32F411VE".to_owned(),
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

/// In the file of settings, and in a file that it names.
#[test]
fn the_board_of_the_project_is_compared_with_the_firmware() {
    let settings = "key = \"../key.pem\"\nversion = \"1.0.0\"\n";
    let table = |file: &str| file.replace("[map]", "[board.map]").replace("[pins]", "[board.pins]");
    let other = "error: the firmware is for board stm32f405, not for board microbit\n";
    let map = "error: the firmware was linked for another flash map of board stm32f405\n";
    let changed = LARGE_FILE.replace("384K @ ", "256K @ ");
    for (board, expected) in [(LARGE_FILE, None), (SMALL_FILE, Some(other)), (&changed, Some(map))] {
        let folder = folder("");
        fs::create_dir_all(folder.0.path().join("project/src")).unwrap();
        let at = |line: &str| folder.command(line).current_dir(folder.0.path().join("project/src")).output().unwrap();
        let check = |place: &str| {
            for line in ["sign ../../a.elf -o out.img", "inspect ../../a.elf"] {
                let output = at(line);
                let said = String::from_utf8(output.stderr).unwrap();
                assert_eq!(output.status.success(), expected.is_none(), "{place}: {line}: {said}");
                assert!(said.contains(expected.unwrap_or_default()), "{place}: {line}: {said}");
            }
        };
        folder.put("board.toml", board.as_bytes());
        folder.put("project/lifeboot.toml", format!("{settings}board = \"../board.toml\"\n").as_bytes());
        check("a file");
        folder.put("project/lifeboot.toml", format!("{settings}\n[board]\n{}", table(board)).as_bytes());
        check("a table");
    }
}

/// A project's folder with a subfolder, and the settings above or in it.
fn above(root: &str, content: &str) -> Folder {
    let folder = folder("key = \"key.pem\"\nversion = \"1.0.0\"\nepoch = 3\n");
    fs::create_dir_all(folder.0.path().join("project/src")).unwrap();
    fs::create_dir_all(folder.0.path().join("project").join(root).parent().unwrap()).unwrap();
    folder.put(&format!("project/{root}"), content.as_bytes());
    folder
}

#[test]
fn a_file_above_the_project_s_root_does_not_count() {
    for (root, content, counts) in [
        ("Cargo.toml", "[workspace]\n", false),
        ("Cargo.toml", "[workspace.package]\n", false),
        ("Cargo.toml", "workspace = { members = [] }\n", false),
        ("Cargo.toml", "damaged\n[workspace]\n", false),
        (".git/HEAD", "", false),
        (".git", "gitdir: elsewhere\n", false),
        // A package that may belong to a workspace above it.
        ("Cargo.toml", "[package]\nname = \"app\"\n", true),
        ("README.md", "", true),
    ] {
        let folder = above(root, content);
        let sign = "sign ../../a.elf -o out.img";
        let output = folder.command(sign).current_dir(folder.0.path().join("project/src")).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), counts, "{root}: {content}: {said}");
        if counts {
            // A file that is not in sight is named, once.
            assert_eq!(said, "settings from ../../lifeboot.toml\n", "{root}");
        } else {
            assert!(said.starts_with("error: there is no key to sign the firmware with\n"), "{root}: {said}");
        }
    }
}

#[test]
fn a_file_of_another_owner_is_refused() {
    let folder = above("README.md", "");
    let file = folder.0.path().join("lifeboot.toml");
    // Only root can give a file away; who cannot finds the same rule in the unit tests of the search.
    if std::os::unix::fs::chown(&file, Some(4711), None).is_err() {
        return;
    }
    let at = |line: &str| folder.command(line).current_dir(folder.0.path().join("project")).output().unwrap();
    let output = at("sign ../a.elf -o out.img");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: ../lifeboot.toml belongs to another user (id 4711), and decides"), "{said}");
    assert!(!folder.exists("project/out.img"));
    let found = String::from_utf8(at("doctor").stdout).unwrap();
    assert!(found.contains("\nbroken   lifeboot.toml: ../lifeboot.toml belongs to another user"), "{found}");
    // A link of one's own to it is no way around.
    std::os::unix::fs::symlink("../lifeboot.toml", folder.0.path().join("project/lifeboot.toml")).unwrap();
    assert_eq!(at("sign ../a.elf -o out.img").status.code(), Some(1));
    fs::remove_file(folder.0.path().join("project/lifeboot.toml")).unwrap();
    // A user who became root by sudo is still the same user.
    let mut command = folder.command("sign ../a.elf -o out.img");
    let output = command.current_dir(folder.0.path().join("project")).env("SUDO_UID", "4711").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What only an argument's own parser refuses is in the file, too: the error names file and line.
#[test]
fn a_value_that_an_argument_does_not_take_says_where_it_is() {
    let folder = folder("");
    folder.done(crate::command_line::SIGN);
    let nowhere = "--port /dev/ttyNone7";
    for (settings, line, what) in [
        ("\nbaud = 0\n", format!("status {nowhere}"), "2: baud: 0 is not in 1..=100000000"),
        ("timeout = 4294967295\n", format!("push a.img {nowhere}"), "1: timeout: 4294967295 is not in 0..=31536000"),
        (
            "key = \"key.pem\"\nversion = \"1.2.3\"\nschemas = \"3..=1\"\n",
            "sign a.elf".to_owned(),
            "3: schemas: give the lowest and the highest schema, up to 65535, e.g. 1..=3",
        ),
        ("baud = 0\n", format!("rollout plan a.img {nowhere}"), "1: baud: 0 is not in 1..=100000000"),
    ] {
        folder.put("lifeboot.toml", settings.as_bytes());
        let said = folder.refused(&line, 2);
        assert!(said.starts_with(&format!("error: lifeboot.toml:{what}\n  help: ")), "{line}: {said}");
    }
    // What is said elsewhere is not the file's.
    folder.put("lifeboot.toml", b"baud = 9600\n");
    assert!(
        folder.refused(&format!("status {nowhere} --baud 0"), 2).starts_with("error: invalid value '0' for '--baud")
    );
    let output = folder.command(&format!("status {nowhere}")).env("LIFEBOOT_BAUD", "0").output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: invalid value '0' for '--baud"));
}

#[test]
fn a_file_that_others_may_write_is_refused() {
    let folder = folder("key = \"key.pem\"\nversion = \"1.0.0\"\n");
    crate::encrypted_keys::chmod(&folder, "lifeboot.toml", 0o666);
    let said = folder.failed("sign a.elf");
    assert!(said.starts_with("error: lifeboot.toml can be written by others (mode 0666), and decides"), "{said}");
    assert!(said.contains("; then: chmod go-w lifeboot.toml; or") && !folder.exists("a.img"), "{said}");
    let found = String::from_utf8(folder.run("doctor").stdout).unwrap();
    assert!(found.contains("\nbroken   lifeboot.toml: lifeboot.toml can be written by others"), "{found}");
    crate::encrypted_keys::chmod(&folder, "lifeboot.toml", 0o644);
    crate::encrypted_keys::chmod(&folder, ".", 0o777);
    let said = folder.failed("sign a.elf");
    assert!(said.starts_with("error: lifeboot.toml can be replaced by others, who may write its folder "), "{said}");
    crate::encrypted_keys::chmod(&folder, ".", 0o755);
    folder.done("sign a.elf");
}

#[test]
fn an_empty_variable_is_as_one_that_is_not_set() {
    let folder = folder("firmware = \"a.elf\"\nkey = \"key.pem\"\nversion = \"1.0.0\"\n");
    let empty = |line: &str, names: &[&str]| {
        let output = folder.command(line).envs(names.iter().map(|name| (name, ""))).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let all: Vec<String> = SETTINGS.iter().map(|setting| setting.variable()).collect();
    let all: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .chain(["LIFEBOOT_PASSPHRASE", "LIFEBOOT_KEYS", "CARGO", "CARGO_TARGET_DIR"])
        .collect();
    // The file's values count, and else the built-in ones.
    assert_eq!(empty("sign", &all), (Some(0), String::new()));
    fs::remove_file(folder.0.path().join("lifeboot.toml")).unwrap();
    assert_eq!(empty("inspect a.elf", &all), (Some(0), String::new()));
    let (status, said) = empty("sign a.elf --version 1.0.0", &all);
    assert!(status == Some(1) && said.starts_with("error: there is no key to sign the firmware with\n"), "{said}");
    let (status, said) = empty("watch --key key.pem --no-build none.elf", &all);
    assert!(status == Some(1) && said.starts_with("error: cannot watch none.elf"), "{said}");
    let doctor = folder.command("doctor").envs(all.iter().map(|name| (name, ""))).output().unwrap();
    let found = String::from_utf8(doctor.stdout).unwrap();
    assert!(found.contains("no private key is named") && !found.contains("LIFEBOOT_KEYS:"), "{found}");
}

/// As PowerShell's `>` and `echo` write them.
#[test]
fn texts_of_powershell_are_read() {
    let folder = crate::errors::arbitrary::folder();
    let status = String::from_utf8(folder.bytes("status.json")).unwrap();
    let recording = String::from_utf8(folder.bytes("session.jsonl")).unwrap();
    let utf16 = |text: &str| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let marked = |text: &str| format!("\u{feff}{text}").into_bytes();
    let plain = folder.done("inspect a.img --against status.json");
    let shown = folder.done("monitor --replay session.jsonl");
    folder.done("sign a.elf --version 1.0.0 --key key.pem -o expected.img");
    for encoded in [utf16 as fn(&str) -> Vec<u8>, marked] {
        folder.put("status.json", &encoded(&status));
        assert_eq!(folder.done("inspect a.img --against status.json"), plain);
        folder.put("session.jsonl", &encoded(&recording));
        assert_eq!(folder.done("monitor --replay session.jsonl"), shown);
        let key = String::from_utf8(folder.bytes("key.pem")).unwrap();
        folder.put("other.pem", &encoded(&key));
        crate::encrypted_keys::chmod(&folder, "other.pem", 0o600);
        folder.put("lifeboot.toml", &encoded("key = \"other.pem\"\r\nversion = \"1.0.0\"\r\n"));
        folder.done("sign a.elf -o out.img");
        assert_eq!(folder.bytes("out.img"), folder.bytes("expected.img"));
        folder.put("passphrase", &encoded("open sesame\r\n"));
        folder.put("plain", b"open sesame\n");
        for name in ["passphrase", "plain"] {
            crate::encrypted_keys::chmod(&folder, name, 0o600);
        }
        folder.done("keygen secret.pem --passphrase-file passphrase");
        folder.done("sign a.elf --key secret.pem --passphrase-file plain -o out.img");
        for name in ["secret.pem", "secret.pub.pem"] {
            fs::remove_file(folder.0.path().join(name)).unwrap();
        }
    }
}
