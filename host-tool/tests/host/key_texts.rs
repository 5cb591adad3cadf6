//! Keys whose text is given where the name of a file is wanted: no output of any command shows them.

use crate::command_line::{Folder, SIGN};
use lifeboot_project::settings::SETTINGS;
use std::process::{Command, Output};

/// A private key, as text; and the part of it that is secret.
fn key(folder: &Folder) -> (String, String) {
    let text = String::from_utf8(folder.bytes("key.pem")).unwrap();
    let secret = text.lines().nth(1).unwrap().to_owned();
    (text, secret)
}

/// What a command says; it must be without the secret.
fn said(command: &mut Command, secret: &str) -> (Output, String) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    // Its last part: the first says of every key that it is one.
    assert!(!said.contains(&secret[40..]) && !said.contains("-----BEGIN "), "{command:?}: {said}");
    (output, said)
}

#[test]
fn no_variable_s_value_is_shown_if_it_is_a_key() {
    let folder = Folder::new();
    let (text, secret) = key(&folder);
    for setting in SETTINGS {
        let variable = setting.variable();
        for command in folder.commands().iter().filter(|command| *command != "help") {
            for line in [format!("{command} --help"), format!("{command} --json --no-such-flag")] {
                said(folder.command(&line).env(&variable, &text), &secret);
            }
        }
        // Commands that take the value from it.
        let lines = [
            SIGN,
            "doctor",
            "doctor --json",
            "inspect a.elf",
            "keys",
            "rollout list",
            "status",
            "watch",
            "run",
            "push a.img",
        ];
        for line in lines {
            let line = line.replace(" --key key.pem", "").replace(" a.elf --version 1.2.3+4", "");
            said(folder.command(&line).env(&variable, &text).env("LIFEBOOT_PORT", "tcp:localhost:1"), &secret);
        }
    }
}

#[test]
fn a_variable_that_holds_a_key_is_refused_with_a_way_that_works() {
    let folder = Folder::new();
    let (text, secret) = key(&folder);
    let sign = SIGN.replace("--key key.pem", "");
    let (output, said_here) = said(folder.command(&sign).env("LIFEBOOT_KEY", &text), &secret);
    assert_eq!(
        (output.status.code(), &*said_here),
        (
            Some(2),
            "error: LIFEBOOT_KEY holds the key itself, not the name of a file\n  help: let a pipe hand a key over: --key <(printf %s \"$LIFEBOOT_KEY\"); or write it to a file that only \
             you can read, and give the file's name\n"
        )
    );
    let (output, reported) = said(folder.command(&format!("{sign} --json")).env("LIFEBOOT_KEY", &text), &secret);
    assert_eq!(output.status.code(), Some(2));
    assert!(reported.starts_with("{\"error\":{\"message\":\"LIFEBOOT_KEY holds "), "{reported}");
    // The way that the help names: the variable stays as it is, and the flag overrides it.
    let line = format!("{} {sign} --key <(printf %s \"$LIFEBOOT_KEY\")", env!("CARGO_BIN_EXE_lifeboot"));
    let mut bash = Command::new("bash");
    bash.args(["-c", &line]).current_dir(folder.0.path()).env("LIFEBOOT_KEY", &text);
    let (output, said) = said(&mut bash, &secret);
    assert!(output.status.success(), "{said}");
    // A value of several lines that is no key is refused as well; a command may have several.
    assert!(folder.command(&sign).env("LIFEBOOT_KEY", "a\nb").output().unwrap().status.code() == Some(2));
    let prove = format!("{SIGN} --prove");
    let output = folder.command(&prove).env("LIFEBOOT_RELINK", "true\ncp b.elf $LIFEBOOT_RELINKED").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn no_argument_is_shown_if_it_is_a_key() {
    let folder = Folder::new();
    let (text, secret) = key(&folder);
    folder.done(SIGN);
    for (line, named) in [
        ("sign a.elf --version 1.2.3 --key KEY", "--key"),
        ("sign a.elf --version 1.2.3 --key=KEY", "--key"),
        ("sign a.elf --version 1.2.3 --key key.pem --passphrase-file KEY", "--passphrase-file"),
        ("sign a.elf --version 1.2.3 --key key.pem -o KEY", "-o"),
        ("sign a.elf --version 1.2.3 --key key.pem --revoke KEY", "--revoke"),
        ("sign a.elf --key key.pem --version KEY", "--version"),
        ("sign a.elf --key key.pem --version=KEY", "--version"),
        ("sign KEY --version 1.2.3 --key key.pem", "an argument"),
        ("inspect a.img --key KEY", "--key"),
        ("inspect KEY", "an argument"),
        ("keygen KEY", "an argument"),
        ("keys KEY", "an argument"),
        ("doctor --key KEY", "--key"),
        ("status --port KEY", "--port"),
        ("push a.img --force KEY", "--force"),
        ("activate KEY", "an argument"),
        ("sign a.elf KEY", "an argument"),
        ("KEY", "an argument"),
        ("sign a.elf --key key.pem --epoch KEY", "--epoch"),
        ("sign a.elf --KEY", "an argument"),
        ("provision a.img --format KEY", "--format"),
        ("rollout status KEY", "an argument"),
    ] {
        for more in [None, Some("--json")] {
            let mut command = folder.command("");
            command.args(
                line.split(' ').map(|word| word.replace("KEY", &text).replace(&format!("{text}.pem"), "KEY.pem")),
            );
            let (output, said) = said(command.args(more), &secret);
            assert_eq!(output.status.code(), Some(2), "{line}: {said}");
            let start = format!("{named} was given the key itself");
            assert!(said.contains(&start), "{line}: {said}");
        }
    }
    // Text in front of a key, as a demo's has it: then clap takes it for a value.
    for (line, named) in [("inspect KEY", "FILE"), ("keygen KEY", "OUT.pem"), ("activate KEY", "IMAGE|DIGEST")] {
        let mut command = folder.command("");
        command.args(line.split(' ').map(|word| word.replace("KEY", &format!("demo\n{text}"))));
        let (output, said) = said(&mut command, &secret);
        assert!(
            output.status.code() == Some(2) && said.contains(&format!("{named} was given the key itself")),
            "{said}"
        );
    }
    // Without quotes, the shell makes several arguments of it.
    let mut command = folder.command("sign a.elf --version 1.2.3 --key");
    let (output, said) = said(command.args(text.split_whitespace()), &secret);
    assert!(output.status.code() == Some(2), "{said}");
}

#[test]
fn no_setting_is_shown_if_it_is_a_key() {
    let folder = Folder::new();
    let (text, secret) = key(&folder);
    for setting in SETTINGS {
        let name = setting.name;
        for settings in [format!("{name} = '''\n{text}'''\n"), format!("\"{}\" = 1\n", text.replace('\n', "\\n"))] {
            folder.put("lifeboot.toml", settings.as_bytes());
            for line in ["inspect a.elf", "sign", "doctor", "doctor --json", "sign --help"] {
                let (output, said) = said(&mut folder.command(line), &secret);
                assert!(line.ends_with("--help") || output.status.code() == Some(1), "{name}: {line}: {said}");
            }
        }
    }
    folder.put("lifeboot.toml", format!("key = {text}").as_bytes());
    said(&mut folder.command("inspect a.elf"), &secret);
    folder.put("lifeboot.toml", format!("epoch = 1\nkey = '''\n{text}'''\n").as_bytes());
    assert_eq!(
        folder.failed("inspect a.elf"),
        "error: lifeboot.toml:2: key: this is a key itself, or several lines; write the key to a file, and its name here\n  \
         help: key is the private key that signs, a PEM file; for example: key = \"keys/release.pem\"\n"
    );
}

#[test]
fn no_other_file_makes_a_key_appear() {
    let folder = Folder::new();
    let (text, secret) = key(&folder);
    folder.done(SIGN);
    for fleet in [
        format!("[[device]]\nport = '''\n{text}'''\n"),
        format!("[[wave]]\nname = '''\n{text}'''\ndevices = ['''\n{text}''']\n"),
        format!("'''{text}''' = 1\n"),
    ] {
        folder.put("fleet.toml", fleet.as_bytes());
        said(&mut folder.command("rollout plan a.img"), &secret);
    }
    for board in
        [format!("name = '''\n{text}'''\nchip = \"nRF51822\"\n"), format!("name = \"a\"\nchip = '''\n{text}'''\n")]
    {
        folder.put("board.toml", board.as_bytes());
        for line in ["inspect a.elf --board board.toml", "map board.toml", "doctor --board board.toml --json"] {
            said(&mut folder.command(line), &secret);
        }
    }
}
