//! The commands' JSON output: with `--json`, each line on stdout is a JSON object that meets its schema.

use crate::command_line::Folder;
use crate::flashing_commands;
use crate::program::*;
use crate::reported::{assert_as_written, line};
use lifeboot_artifact::hex;
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_logs::Item;
use lifeboot_project::key_files;
use lifeboot_report::{Flashed, Report, schemas};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Commands that print their result, or nothing, and have no JSON output.
const WITHOUT_REPORT: [&str; 1] = ["help"];

/// The only line of a command that must succeed.
fn reported(folder: &Folder, arguments: &str) -> Value {
    let output = folder.run(&format!("{arguments} --json"));
    assert_eq!(output.status.code(), Some(0), "{arguments}: {output:?}");
    line(arguments.split_whitespace().next().unwrap(), &output)
}

/// The only line of a command that must fail.
fn error(folder: &Folder, arguments: &str, status: i32) -> Value {
    let output = folder.run(&format!("{arguments} --json"));
    assert_eq!(output.status.code(), Some(status), "{arguments}: {output:?}");
    line(arguments.split_whitespace().next().unwrap(), &output)["error"].clone()
}

fn key_id(folder: &Folder, name: &str) -> String {
    hex(&key_files::public(&folder.0.path().join(name)).unwrap().id())
}

#[test]
fn reports_are_as_written() {
    let folder = flashing_commands::folder(LARGE);
    let id = key_id(&folder, "key.pub.pem");
    let sign = "sign a.elf --version 1.2.3+4";
    for (name, arguments) in [
        ("sign", &format!("{sign} --key key.pem --epoch 7 --schemas 2..=3")),
        ("sign_relinked", &format!("{sign} --key key.pem --relinked b.elf -o proved.img")),
        ("sign_elsewhere", &format!("{sign} --public-key key.pub.pem --external-bytes bytes")),
        ("inspect", &"inspect a.img".to_owned()),
        ("inspect_key", &"inspect a.img --key key.pub.pem".to_owned()),
        ("inspect_elf", &"inspect a.elf".to_owned()),
        ("provision", &"provision lifeboot-bootloader a.img -o first.hex".to_owned()),
    ] {
        let value = reported(&folder, arguments);
        assert_as_written(&format!("tests/host/json/{name}.json"), &value, &id, "KEY_ID");
    }
    let made = reported(&folder, "keygen new.pem --demo");
    assert_as_written("tests/host/json/keygen.json", &made, &key_id(&folder, "new.pub.pem"), "KEY_ID");
    // There is no board to flash, so only the report is checked.
    let flashed = Flashed::from(&FirstFlash::from_file(&folder.bytes("first.hex")).unwrap());
    assert_as_written("tests/host/json/flash.json", &serde_json::from_str(&flashed.json()).unwrap(), "", "");
}

#[test]
fn an_error_is_one_line_too_and_stderr_has_it_for_people() {
    let folder = Folder::new();
    assert_eq!(
        error(&folder, "inspect none.img", 1),
        json!({
            "message": "cannot read none.img",
            "because": ["No such file or directory (os error 2)"],
            "help": "check the name: a path starts at the current folder, in lifeboot.toml at that file",
        })
    );
    assert_eq!(
        folder.failed("inspect none.img --json"),
        "error: cannot read none.img\n  because: No such file or directory (os error 2)\n  help: check the name: a path \
         starts at the current folder, in lifeboot.toml at that file\n"
    );
    // For an image with a bad signature, the text output describes the image; the JSON output has the error only.
    folder.done("sign a.elf --version 1.2.3 --key key.pem");
    folder.done("keygen other.pem");
    let told = error(&folder, "inspect a.img --key other.pub.pem", 1);
    assert!(told["message"].as_str().unwrap().starts_with("the image was signed with key "), "{told}");
    assert!(told["help"].is_string(), "{told}");
    let text = String::from_utf8(folder.run("inspect a.img --key other.pub.pem").stdout).unwrap();
    assert!(text.contains("version      1.2.3\n") && !text.contains("signature"), "{text}");
}

#[test]
fn wrong_use_is_an_error_as_well() {
    let folder = Folder::new();
    assert_eq!(
        error(&folder, "inspect", 2),
        json!({
            "message": "the following required arguments were not provided:\n  <FILE>",
            "because": [],
            "help": "lifeboot COMMAND --help shows a command's arguments",
        })
    );
    assert_eq!(
        error(&folder, "provision boot.elf a.img --format s19", 2)["message"],
        json!("invalid value 's19' for '--format <FORMAT>'\n  [possible values: elf, hex, bin, uf2]")
    );
    folder.put("lifeboot.toml", b"bord = 1");
    assert_eq!(error(&folder, "inspect a.elf", 1)["message"], json!("lifeboot.toml:1: there is no setting bord"));
}

#[test]
fn schemas_are_as_written_and_every_command_has_one() {
    let mut names = BTreeSet::new();
    for (command, schema) in schemas::<Item>() {
        assert_as_written(&format!("report/schemas/{command}.json"), schema.as_value(), "", "");
        names.insert(command.to_owned());
    }
    let commands = Folder::new().commands();
    assert_eq!(
        commands.into_iter().filter(|name| !WITHOUT_REPORT.contains(&name.as_str())).collect::<BTreeSet<_>>(),
        names
    );
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("report/schemas")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let files = files.filter(|name| name != "README.md");
    assert_eq!(files.collect::<BTreeSet<_>>(), names.iter().map(|name| format!("{name}.json")).collect());
}

#[test]
fn a_schema_refuses_what_it_does_not_describe() {
    for (command, schema) in schemas::<Item>() {
        let validator = jsonschema::draft202012::new(schema.as_value()).unwrap();
        assert!(validator.is_valid(&json!({"error": {"message": "m", "because": [], "help": "h"}})), "{command}");
        for wrong in [json!({}), json!([]), json!({"error": "m"}), json!({"error": {"message": 1, "because": []}})] {
            assert!(!validator.is_valid(&wrong), "{command}: {wrong}");
        }
    }
}

/// What is printed elsewhere would not pass the function that makes a device's text safe to show, nor keep the last line for
/// a program the last one. (A file that is to be written to stdout is written there by the one place that writes files.)
#[test]
fn everything_is_printed_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates =
        ["src", "artifact/src", "client/src", "logs/src", "probe/src", "project/src", "report/src", "serial/src"];
    let mut folders: Vec<_> = crates.iter().map(|name| root.join(name)).collect();
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if ![root.join("src/output.rs"), root.join("project/src/files/outputs.rs")].contains(&path) {
                // The output of a build is the host's own.
                let text = fs::read_to_string(&path).unwrap().replace(".stdout(std::io::stderr())", "");
                let printing = ["stdout()", "stderr()", "print!(", "println!("];
                let found: Vec<_> = printing.iter().filter(|word| text.contains(**word)).collect();
                assert!(found.is_empty(), "{}: {found:?}", path.display());
                files += 1;
            }
        }
    }
    assert!(files > 100, "{files}");
}

#[test]
fn no_escape_goes_where_there_is_no_terminal_unless_it_is_forced() {
    let folder = Folder::new();
    assert!(!folder.failed("inspect none.img").contains('\u{1b}'));
    let said = |variables: &[(&str, &str)]| {
        let output = folder.command("inspect none.img").envs(variables.iter().copied()).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&[("CLICOLOR_FORCE", "1")]).starts_with("\u{1b}[1m\u{1b}[31merror\u{1b}[0m: cannot read none.img\n"));
    assert!(said(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).starts_with("error: cannot read none.img\n"));
}
