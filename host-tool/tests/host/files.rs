//! What commands read and write: no output destroys an input or a private key, only regular files are replaced, and a
//! pipe or device that never ends is no reason to wait.

use crate::command_line::{Folder, SIGN};
use crate::errors::arbitrary::{READERS, folder};
use lifeboot_artifact::image_file::ImageFile;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn path(folder: &Folder, name: &str) -> PathBuf {
    folder.0.path().join(name)
}

fn fifo(folder: &Folder, name: &str) {
    assert!(Command::new("mkfifo").arg(path(folder, name)).status().unwrap().success());
}

/// A shell's command line; bash, for `<(…)`.
fn bash(folder: &Folder, line: &str) -> Output {
    let lifeboot = env!("CARGO_BIN_EXE_lifeboot");
    let mut command = folder.command("");
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(format!("lifeboot() {{ {lifeboot} \"$@\"; }}\n{line}")).current_dir(folder.0.path());
    for (name, value) in command.env("LC_ALL", "C").get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.output().unwrap()
}

#[test]
fn no_output_destroys_an_input() {
    let folder = folder();
    folder.put("lifeboot.toml", b"version = \"1.2.3\"\n");
    fs::hard_link(path(&folder, "key.pem"), path(&folder, "hard.img")).unwrap();
    symlink("key.pem", path(&folder, "soft.img")).unwrap();
    let sign = "sign a.elf --key key.pem";
    let external = "sign a.elf --public-key key.pub.pem --external-bytes";
    for line in [
        format!("{sign} -o key.pem"),
        format!("{sign} -o ../{}/key.pem", folder.0.path().file_name().unwrap().display()),
        format!("{sign} -o hard.img"),
        format!("{sign} -o soft.img"),
        format!("{sign} -o a.elf"),
        format!("{sign} --relinked b.elf -o b.elf"),
        format!("{sign} --from a.img -o a.img"),
        format!("{sign} -o lifeboot.toml"),
        format!("{external} key.pub.pem"),
        format!("{external} a.elf"),
        "provision boot.elf a.img -o boot.elf".to_owned(),
        "provision boot.elf a.img -o a.img --format elf".to_owned(),
    ] {
        let before: Vec<_> = ["key.pem", "a.elf", "b.elf", "a.img", "lifeboot.toml", "key.pub.pem", "boot.elf"]
            .map(|name| folder.bytes(name))
            .to_vec();
        let said = folder.failed(&line);
        assert!(said.contains(" would be overwritten, and this command has read it\n  help: "), "{line}: {said}");
        let after = ["key.pem", "a.elf", "b.elf", "a.img", "lifeboot.toml", "key.pub.pem", "boot.elf"];
        assert_eq!(before, after.map(|name| folder.bytes(name)), "{line}");
    }
}

#[test]
fn no_output_destroys_a_private_key() {
    let folder = folder();
    folder.put("passphrase", b"open sesame\n");
    crate::encrypted_keys::chmod(&folder, "passphrase", 0o600);
    folder.done("keygen other.pem");
    folder.done("keygen secret.pem --passphrase-file passphrase");
    folder.put("ssh", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n");
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend([7; 32]);
    folder.put("key.der", &der);
    for name in ["other.pem", "secret.pem", "ssh", "key.der"] {
        let before = folder.bytes(name);
        let said = folder.failed(&format!("{SIGN} -o {name}"));
        assert!(
            said.starts_with(&format!("error: {name} holds a private key, and a key is never overwritten\n")),
            "{said}"
        );
        assert_eq!(folder.bytes(name), before);
    }
}

#[test]
fn no_output_destroys_a_public_key() {
    let folder = folder();
    folder.done("keygen other.pem");
    symlink("other.pub.pem", path(&folder, "link.img")).unwrap();
    let before = folder.bytes("other.pub.pem");
    for line in [
        format!("{SIGN} -o other.pub.pem"),
        format!("{SIGN} -o link.img"),
        "provision boot.elf a.img --format hex -o other.pub.pem".to_owned(),
        "sign a.elf --version 1.2.3 --public-key key.pub.pem --external-bytes other.pub.pem".to_owned(),
    ] {
        let said = folder.failed(&line);
        assert!(
            said.contains(" holds a public key, and this output is none\n  help: give the output another"),
            "{said}"
        );
        assert_eq!(folder.bytes("other.pub.pem"), before, "{line}");
    }
}

/// Two outputs of one command that are one file: nothing is written, and what was there stays.
#[test]
fn no_output_destroys_another() {
    let folder = folder();
    symlink("out.swu", path(&folder, "link.img")).unwrap();
    symlink("link.img", path(&folder, "link.swu")).unwrap();
    symlink(folder.0.path(), path(&folder, "here")).unwrap();
    symlink("here/first.swu", path(&folder, "first.img")).unwrap();
    for (out, left) in
        [("out.swu", "out.swu"), ("./out.swu", "out.swu"), ("link.img", "out.swu"), ("first.img", "first.swu")]
    {
        let said = folder.failed(&format!("{SIGN} --swu 1 -o {out}"));
        assert!(
            said.contains(" is two outputs of this command at once, and one would be lost\n  help: "),
            "{out}: {said}"
        );
        assert!(!folder.exists(left), "{out}");
        folder.put(left, b"old");
        folder.failed(&format!("{SIGN} --swu 1 -o {out}"));
        assert_eq!(folder.bytes(left), b"old", "{out}");
        fs::remove_file(path(&folder, left)).unwrap();
    }
    // Neither is written if the second cannot be.
    folder.put("input.swu", &folder.bytes("a.elf"));
    folder.failed(&format!("{} --swu 1 -o input.img", SIGN.replace("a.elf", "input.swu")));
    assert!(!folder.exists("input.img"));
    // Two names of one file are two files once one is replaced.
    folder.put("both.img", b"old");
    fs::hard_link(path(&folder, "both.img"), path(&folder, "both.swu")).unwrap();
    folder.done(&format!("{SIGN} --swu 1 -o both.img"));
    assert!(folder.bytes("both.img").starts_with(b"LBIM") && folder.bytes("both.swu").starts_with(b"0707"));
    // Where the shell sends stdout is an output as well.
    let output = bash(&folder, &format!("lifeboot {SIGN} -o same.img > same.img"));
    assert!(said(&output).contains("error: same.img is two outputs"), "{}", said(&output));
    fs::create_dir(path(&folder, "pages")).unwrap();
    symlink("lifeboot.1", path(&folder, "pages/lifeboot-sign.1")).unwrap();
    let said = folder.failed("man --out pages");
    assert!(said.contains("error: pages/lifeboot-sign.1 is two outputs"), "{said}");
    assert!(!folder.exists("pages/lifeboot.1"));
}

#[test]
fn a_recording_is_no_other_output() {
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("tcp:{}", listener.local_addr().unwrap());
    let output = bash(&folder, &format!("lifeboot monitor --port {port} --record log --for 1 > log"));
    assert!(said(&output).contains("error: log is two outputs"), "{}", said(&output));
}

#[test]
fn a_recording_begins_once_the_port_is_open() {
    let folder = folder();
    let recording = folder.bytes("session.jsonl");
    folder.failed("monitor --port /dev/none --record session.jsonl");
    assert_eq!(folder.bytes("session.jsonl"), recording);
    // Nor does it replace the program that it reads.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("tcp:{}", listener.local_addr().unwrap());
    let said = folder.failed(&format!("monitor --port {port} --elf boot.elf --record boot.elf --for 1"));
    assert!(said.contains("error: boot.elf would be overwritten"), "{said}");
    assert!(folder.bytes("boot.elf").starts_with(b"\x7fELF"));
    let said = folder.failed(&format!("monitor --port {port} --record key.pem --for 1"));
    assert!(said.contains("error: key.pem holds a private key"), "{said}");
}

#[test]
fn only_regular_files_are_replaced() {
    let folder = folder();
    folder.done(&format!("{SIGN} -o expected.img"));
    let expected = folder.bytes("expected.img");
    fs::create_dir(path(&folder, "there")).unwrap();
    folder.put("there/old.img", b"old");
    symlink("there/old.img", path(&folder, "link.img")).unwrap();
    symlink("there/new.img", path(&folder, "dangling.img")).unwrap();
    symlink("/dev/null", path(&folder, "null")).unwrap();
    for (output, file) in [("link.img", "there/old.img"), ("dangling.img", "there/new.img")] {
        folder.done(&format!("{SIGN} -o {output}"));
        assert!(path(&folder, output).symlink_metadata().unwrap().is_symlink(), "{output}");
        assert_eq!(folder.bytes(file), expected);
    }
    folder.done(&format!("{SIGN} -o null"));
    assert!(path(&folder, "null").symlink_metadata().unwrap().is_symlink());
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());

    fifo(&folder, "pipe");
    let mut reader =
        Command::new("cat").arg(path(&folder, "pipe")).stdout(std::process::Stdio::piped()).spawn().unwrap();
    folder.done(&format!("{SIGN} -o pipe"));
    let mut read = Vec::new();
    std::io::Read::read_to_end(reader.stdout.as_mut().unwrap(), &mut read).unwrap();
    reader.wait().unwrap();
    assert_eq!(read, expected);
    assert!(path(&folder, "pipe").metadata().unwrap().file_type().is_fifo());

    // Its mode stays.
    crate::encrypted_keys::chmod(&folder, "expected.img", 0o640);
    folder.done(&format!("{SIGN} -o expected.img"));
    assert_eq!(path(&folder, "expected.img").metadata().unwrap().mode() & 0o777, 0o640);
    // No new file can be made beside this one, as none can be renamed over a file that is mounted.
    folder.done(&format!("{SIGN} -o /proc/self/comm"));
}

#[test]
fn a_dash_is_stdout_and_the_report_goes_to_stderr() {
    let folder = folder();
    folder.done(&format!("{SIGN} -o expected.img"));
    for name in ["-", "/dev/stdout"] {
        let output = folder.run(&format!("{SIGN} -o {name}"));
        assert_eq!(output.stdout, folder.bytes("expected.img"));
        assert!(said(&output).starts_with("signed stdout: stm32f405 1.2.3+4"), "{}", said(&output));
    }
    let output = folder.run(&format!("{SIGN} -o - --json"));
    assert!(ImageFile::from_bytes(&output.stdout).is_ok() && said(&output).starts_with("{\"image\":\"stdout\""));
    let output = folder.run("provision boot.elf a.img --format hex -o -");
    assert!(output.status.success() && output.stdout.starts_with(b":"), "{}", said(&output));
    let output = folder.run("sign a.elf --version 1.2.3+4 --public-key key.pub.pem --external-bytes -");
    assert_eq!(output.stdout.len(), 192);
    assert!(!folder.exists("-"));
    // What fails leaves stdout alone.
    let output = folder.run("sign none.elf --version 1.2.3 --key key.pem -o - --json");
    assert!(output.stdout.is_empty() && said(&output).contains("cannot read none.elf"));
}

#[test]
fn a_version_at_the_end_of_a_name_stays() {
    let folder = folder();
    for version in ["1.2.3", "1.2.4"] {
        folder.put(&format!("blinky-{version}"), &folder.bytes("a.elf"));
        folder.done(&format!("sign blinky-{version} --version {version} --key key.pem"));
        let said = folder.done(&format!("provision boot.elf blinky-{version}.img"));
        assert!(said.contains(&format!("blinky-{version}.first.elf")), "{said}");
    }
    assert!(["1.2.3", "1.2.4"].into_iter().all(|version| folder.exists(&format!("blinky-{version}.first.elf"))));
    assert!(!folder.exists("blinky-1.2.img"));
}

/// What has no end, or seems to have none, instead of each file that a command reads.
#[test]
fn no_command_reads_without_bound() {
    let folder = folder();
    fs::File::create(path(&folder, "sparse")).unwrap().set_len(5 << 30).unwrap();
    symlink("/dev/zero", path(&folder, "zero")).unwrap();
    symlink("/dev/urandom", path(&folder, "random")).unwrap();
    for endless in ["zero", "sparse", "random"] {
        for reader in READERS {
            let began = Instant::now();
            let line = reader.replace("FILE", endless);
            let output = crate::malformed::limited(&folder, &line);
            assert_eq!(output.status.code(), Some(1), "{line}: {}", said(&output));
            assert!(said(&output).contains("\n  help: "), "{line}: {}", said(&output));
            assert!(began.elapsed() < Duration::from_secs(20), "{line}: {:?}", began.elapsed());
        }
    }
    fs::remove_file(path(&folder, "lifeboot.toml")).unwrap_or_default();
    symlink("/dev/zero", path(&folder, "lifeboot.toml")).unwrap();
    assert!(folder.failed("inspect a.img").starts_with("error: lifeboot.toml is no regular file\n"));
}

#[test]
fn a_pipe_is_read_if_a_program_writes_into_it() {
    let folder = folder();
    fifo(&folder, "pipe");
    let began = Instant::now();
    assert!(folder.failed("inspect pipe").starts_with("error: no program writes into the pipe pipe\n"));
    assert!(began.elapsed() < Duration::from_secs(20));
    let output = bash(&folder, "(sleep 1; cat a.img > pipe) & lifeboot inspect pipe");
    assert!(output.status.success(), "{}", said(&output));
    let output = bash(&folder, "cat key.pem | lifeboot sign a.elf --version 1.2.3 --key /dev/stdin");
    assert!(output.status.success(), "{}", said(&output));
    // As the help of a key says that a group may read.
    crate::encrypted_keys::chmod(&folder, "key.pem", 0o440);
    let refused = folder.failed("sign a.elf --version 1.2.3 --key key.pem");
    assert!(refused.contains("--key <(cat key.pem)"), "{refused}");
    let output = bash(&folder, "lifeboot sign a.elf --version 1.2.3 --key <(cat key.pem)");
    assert!(output.status.success(), "{}", said(&output));
}
