//! What the commands report to a program: with `--json`, each line on stdout is a JSON object.

use crate::command_line::Folder;
use serde_json::{Value, json};

const SIGN: &str = "sign a.elf --board stm32f405 --version 1.2.3+4 --key key.pem --json";

/// The only line on stdout.
fn reported(folder: &Folder, line: &str, status: i32) -> Value {
    let output = folder.run(line);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(status), "{line}: {text}");
    assert_eq!(text.lines().count(), 1, "{line}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_result_is_one_line() {
    let folder = Folder::new();
    let signed = reported(&folder, &format!("{SIGN} --relinked b.elf"), 0);
    assert_eq!((&signed["image"], &signed["version"]), (&json!("a.img"), &json!("1.2.3+4")));
    assert_eq!(signed["slot"], json!({"used": 772, "room": 393216}));
    assert_eq!(signed["proved"], json!({"relocations": 4, "bytes": 192, "relinked": "b.elf"}));
    let inspected = reported(&folder, "inspect a.img --key key.pub.pem --json", 0);
    assert_eq!(inspected["digest"], signed["digest"]);
    assert_eq!(inspected["signature_fits"], json!("key.pub.pem"));
}

#[test]
fn an_error_is_one_line_too_and_stderr_has_it_for_people() {
    let folder = Folder::new();
    assert_eq!(
        reported(&folder, "inspect none.img --json", 1),
        json!({"error": {
            "message": "cannot read none.img",
            "because": ["No such file or directory (os error 2)"],
            "help": null,
        }})
    );
    assert_eq!(
        folder.failed("inspect none.img --json"),
        "error: cannot read none.img\n  because: No such file or directory (os error 2)\n"
    );
    // Of an image whose signature does not fit, a person is told what it is; a program is told of the error only.
    folder.done(SIGN);
    folder.done("keygen other.pem");
    let error = reported(&folder, "inspect a.img --key other.pub.pem --json", 1);
    assert!(error["error"]["message"].as_str().unwrap().starts_with("the image was signed with key "), "{error}");
    assert!(error["error"]["help"].is_string(), "{error}");
    let text = String::from_utf8(folder.run("inspect a.img --key other.pub.pem").stdout).unwrap();
    assert!(text.contains("version      1.2.3+4\n") && !text.contains("signature"), "{text}");
}

#[test]
fn wrong_use_is_an_error_as_well() {
    let folder = Folder::new();
    assert_eq!(
        reported(&folder, "inspect --json", 2),
        json!({"error": {
            "message": "the following required arguments were not provided:\n  <FILE>",
            "because": [],
            "help": "lifeboot COMMAND --help shows a command's arguments",
        }})
    );
    folder.put("lifeboot.toml", b"bord = 1");
    let error = reported(&folder, "inspect a.elf --json", 1);
    assert_eq!(error["error"]["message"], json!("lifeboot.toml:1: there is no setting bord"));
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
