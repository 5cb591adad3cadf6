//! Arbitrary arguments and damaged files: the command ends by itself with status 0, 1 or 2, and never panics.
//!
//! Nothing here reaches a device: the environment names a port without a listener, and a probe that does not exist.

use crate::command_line::{Folder, SIGN};
use crate::first_flash::first_flash;
use crate::program::{LARGE, Program, SMALL};
use lifeboot_artifact::flash_file::Format;
use lifeboot_project::doctor::programs::on_path;
use lifeboot_project::key_files;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

/// Seconds after which a command counts as hanging; coreutils' timeout ends it with status 124.
const TIMEOUT_S: &str = "60";

const FILES: [&str; 13] = [
    "a.elf",
    "b.elf",
    "a.img",
    "key.pem",
    "key.pub.pem",
    "boot.elf",
    "status.json",
    "first.hex",
    "first.bin",
    "session.jsonl",
    "microbit.toml",
    "stm32f405.toml",
    "none",
];

const WORDS: [&str; 62] = [
    "keygen",
    "sign",
    "inspect",
    "diff",
    "doctor",
    "provision",
    "flash",
    "run",
    "push",
    "status",
    "keys",
    "confirm",
    "cancel",
    "rollback",
    "reset",
    "monitor",
    "completions",
    "man",
    "help",
    "watch",
    "--json",
    "--help",
    "-h",
    "--version",
    "1.2.3",
    "1.2.3+4",
    "--board",
    "--key",
    "--public-key",
    "--signature",
    "--external-bytes",
    "--epoch",
    "--revoke",
    "12345678",
    "7",
    "--schemas",
    "1..=3",
    "--relinked",
    "--bound",
    "--out",
    "-o",
    "out",
    "--format",
    "hex",
    "--force",
    "00112233445566778899aabbccddeeff",
    "--timeout",
    "0",
    "--against",
    "--bootloader",
    "--image",
    "--elf-old",
    "--elf-new",
    "--elf",
    "--replay",
    "--until",
    "--for",
    "--passphrase-file",
    "--encrypt",
    "--demo",
    "--",
    "-1",
];

/// A folder with a valid file of each kind.
pub fn folder() -> Folder {
    let folder = Folder::new();
    folder.done(SIGN);
    let key = key_files::public(&folder.0.path().join("key.pub.pem")).unwrap().to_bytes();
    folder.put("boot.elf", &Program::bootloader(LARGE, &[key], false).elf());
    let first = first_flash(SMALL);
    folder.put("first.hex", &first.to_file(Format::Hex).unwrap());
    folder.put("first.bin", &first.to_file(Format::Binary).unwrap());
    let status = r#"{"board":"stm32f405","map_digest":"f8f45942","bootloader_format":1,"demo_key":false,"running":"A","confirmed":"A","trial":null,
        "slots":{"a":{"content":"image","version":"1.0.0","epoch":0,"digest":"00112233445566778899aabbccddeeff"},
        "b":{"content":"empty"}},"epoch_floor":0,"revoked_keys":[],"last_outcome":null}"#;
    folder.put("status.json", status.as_bytes());
    folder.put("session.jsonl", b"{\"lifeboot_recording\":1}\n{\"at_us\":1000,\"bytes\":\"68656c6c6f0a\"}\n{\"at_us\":2000,\"lost\":\"gone\"}\n");
    folder
}

/// The files of [`folder`], made once.
static WHOLE: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let folder = folder();
    FILES.into_iter().filter(|name| *name != "none").map(|name| (name, folder.bytes(name))).collect()
});

fn fresh() -> Folder {
    let folder = Folder(tempfile::tempdir().unwrap());
    for (name, bytes) in WHOLE.iter() {
        put(&folder, name, bytes);
    }
    folder
}

fn put(folder: &Folder, name: &str, bytes: &[u8]) {
    folder.put(name, bytes);
    fs::set_permissions(folder.0.path().join(name), fs::Permissions::from_mode(0o600)).unwrap();
}

fn run(folder: &Folder, arguments: &[OsString]) -> Output {
    static TIMEOUT: LazyLock<PathBuf> = LazyLock::new(|| {
        on_path(&std::env::var_os("PATH").unwrap_or_default(), "timeout").expect("coreutils' timeout is needed")
    });
    let mut command = Command::new(&*TIMEOUT);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LIFEBOOT_")) {
        command.env_remove(name);
    }
    command.args([TIMEOUT_S, env!("CARGO_BIN_EXE_lifeboot")]).args(arguments).current_dir(folder.0.path());
    // Neither a device nor a program of this machine takes part.
    command.env("LIFEBOOT_PORT", "tcp:127.0.0.1:1").env("LIFEBOOT_PROBE", "ffff:ffff:none");
    command.env("PATH", folder.0.path()).env("HOME", folder.0.path()).stdin(Stdio::null()).output().unwrap()
}

/// Returns an error if a command did not end as it should.
fn check(arguments: &[OsString], output: &Output) -> Result<(), TestCaseError> {
    let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let status = output.status.code();
    prop_assert!(matches!(status, Some(0..=2)), "{arguments:?}: {status:?}\n{said}");
    prop_assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    // An error always has a message.
    prop_assert!(status == Some(0) || !said.is_empty() || !out.is_empty(), "{arguments:?} says nothing");
    Ok(())
}

fn word() -> impl Strategy<Value = OsString> {
    prop_oneof![
        8 => select(&WORDS[..]).prop_map(OsString::from),
        6 => select(&FILES[..]).prop_map(OsString::from),
        // Without a slash, so that nothing is written outside of the folder.
        1 => "\\PC{0,12}".prop_map(|text| text.replace('/', "_").into()),
        1 => vec(b'0'.., 0..12).prop_map(OsString::from_vec),
    ]
}

/// Command lines that read a file, `FILE`.
pub const READERS: [&str; 20] = [
    "inspect FILE",
    "inspect FILE --board microbit.toml",
    "inspect a.elf --board FILE",
    "inspect a.img --key FILE",
    "inspect a.img --against FILE",
    "inspect a.img --against status.json --bootloader FILE",
    "sign FILE --version 1.2.3 --key key.pem -o out",
    "sign a.elf --version 1.2.3 --key FILE -o out",
    "sign a.elf --version 1.2.3 --key key.pem --relinked FILE -o out",
    "sign a.elf --version 1.2.3 --public-key FILE --external-bytes out",
    "sign a.elf --version 1.2.3 --public-key key.pub.pem --signature FILE",
    "keygen new.pem --passphrase-file FILE",
    "diff a.img FILE",
    "diff a.img a.img --elf-old FILE --elf-new a.elf",
    "provision FILE a.img -o out.hex",
    "provision boot.elf FILE -o out.bin",
    "flash FILE",
    "push FILE",
    "monitor --replay FILE",
    "monitor --elf FILE --replay session.jsonl",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arguments(command in select(&WORDS[..18]), first in word(), rest in vec(word(), 0..7)) {
        let folder = fresh();
        // Most often a command comes first.
        let command = if first.is_empty() { first.clone() } else { command.into() };
        let arguments: Vec<OsString> = [command, first].into_iter().chain(rest).collect();
        check(&arguments, &run(&folder, &arguments))?;
    }

    #[test]
    fn files(
        reader in select(&READERS[..]),
        kind in any::<Index>(),
        changes in vec((any::<Index>(), any::<u8>()), 0..6),
        rest in proptest::option::of(any::<Index>()),
        garbage in proptest::option::weighted(0.1, vec(any::<u8>(), 0..300)),
    ) {
        let folder = fresh();
        let mut bytes = WHOLE[kind.index(WHOLE.len())].1.clone();
        for (index, value) in changes {
            // A file's beginning decides how the rest is read.
            let place = if value % 2 == 0 { index.index(bytes.len()) } else { index.index(bytes.len().min(300)) };
            bytes[place] = value;
        }
        if let Some(rest) = rest {
            bytes.truncate(rest.index(bytes.len()));
        }
        put(&folder, "damaged", garbage.as_ref().unwrap_or(&bytes));
        let arguments: Vec<OsString> = reader.replace("FILE", "damaged").split(' ').map(OsString::from).collect();
        check(&arguments, &run(&folder, &arguments))?;
    }

    #[test]
    fn settings(text in prop_oneof![
        "\\PC{0,60}",
        "\\[board\\]\n((name|chip|map|flash|pins) = (\"\\PC{0,9}\"|[0-9]{1,12}|\\[1\\]|\\{\\})\n){0,3}",
        "(board|key|port|baud|epoch|x) = (\"\\PC{0,9}\"|[0-9]{1,12}|\\[1\\]|'')\n(board|version) = \"[0-9a-z.]{0,9}\"",
    ], command in select(&["inspect a.elf", "sign a.elf -o out", "doctor", "status", "--help"][..])) {
        let folder = fresh();
        put(&folder, "lifeboot.toml", text.as_bytes());
        let arguments: Vec<OsString> = command.split(' ').map(OsString::from).collect();
        check(&arguments, &run(&folder, &arguments))?;
    }
}
