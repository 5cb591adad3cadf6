//! The commands' output, and their exit status: 0 success, 1 failure, 2 wrong usage.

use crate::images::rich;
use crate::program::*;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Slot;
use lifeboot_core::image::HEADER_LENGTH;
use lifeboot_project::key_files;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder with a key, firmware for both slots, firmware without relocations, and two board files.
pub struct Folder(pub TempDir);

impl Folder {
    pub fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        key_files::generate(&folder.0.path().join("key.pem"), false).unwrap();
        folder.put("a.elf", &rich(LARGE, Slot::A).elf());
        folder.put("b.elf", &rich(LARGE, Slot::B).elf());
        let mut plain = rich(LARGE, Slot::A);
        plain.emit_relocations = false;
        folder.put("plain.elf", &plain.elf());
        folder.put("microbit.toml", SMALL_FILE.as_bytes());
        folder.put("stm32f405.toml", LARGE_FILE.as_bytes());
        folder
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.path().join(name), bytes).unwrap();
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).unwrap()
    }

    pub fn exists(&self, name: &str) -> bool {
        self.0.path().join(name).exists()
    }

    /// A command, ready to run.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboot"));
        // The settings of this machine's user must not affect the tests.
        let personal = |name: &str| {
            name.starts_with("LIFEBOOT_")
                || ["CARGO_TARGET_DIR", "CLICOLOR_FORCE", "COLUMNS", "NO_COLOR"].contains(&name)
        };
        for (name, _) in std::env::vars().filter(|(name, _)| personal(name)) {
            command.env_remove(name);
        }
        command.args(line.split_whitespace()).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    pub fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// The names of all commands.
    pub fn commands(&self) -> Vec<String> {
        self.commands_of("")
    }

    /// The names of a command's own commands; none if it has none.
    pub fn commands_of(&self, command: &str) -> Vec<String> {
        let help = self.done(&format!("{command} --help"));
        let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
        let list = list.split_once("\n\n").unwrap().0;
        // Two spaces in front of a name, more in front of the rest of its description.
        let names = list.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
        names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    }

    /// The output of a command that must succeed.
    pub fn done(&self, line: &str) -> String {
        let output = self.run(line);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.as_str()), (Some(0), ""), "{line}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The error output of a command that must fail.
    pub fn failed(&self, line: &str) -> String {
        self.refused(line, 1)
    }

    pub fn refused(&self, line: &str, status: i32) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(status), "{line}");
        String::from_utf8(output.stderr).unwrap()
    }
}

pub const SIGN: &str = "sign a.elf --version 1.2.3+4 --key key.pem";

#[test]
fn firmware_is_signed_proved_and_inspected() {
    let folder = Folder::new();
    let said = folder.done(&format!("{SIGN} --epoch 7 --schemas 2..=3 --relinked b.elf -o out.img"));
    assert!(said.starts_with("proved: with 4 relocations all 192 bytes are those of b.elf\n"), "{said}");
    assert!(said.contains("\nsigned out.img: stm32f405 1.2.3+4, epoch 7\n"), "{said}");
    let image = ImageFile::from_bytes(&folder.bytes("out.img")).unwrap();
    assert_eq!((image.header().epoch, image.header().schemas), (7, (2, 3)));
    let said = folder.done("inspect out.img --key key.pub.pem");
    for line in [
        "image        format 1, for slot A and B",
        "board        stm32f405",
        "version      1.2.3+4",
        "schemas      2 to 3",
        "linked for   slot A, payload at 0x08020200",
        "payload      192 bytes",
        "relocations  4 in 4 bytes (4 words, 0 upper halves)",
        "slot         772 of 393216 bytes (0 %)",
        "signature    fits key.pub.pem",
    ] {
        assert!(said.lines().any(|said| said == line), "{line:?} is missing in\n{said}");
    }
    let said = folder.done("inspect a.elf");
    assert!(said.contains("relocations  4 in 4 bytes"), "{said}");
    assert!(said.contains("32 bytes  .data, runs at 0x20000100\n"), "{said}");
}

#[test]
fn a_new_key_does_not_go_to_stdout() {
    let folder = Folder::new();
    for name in ["-", "/dev/stdout", "- --demo"] {
        let said = folder.failed(&format!("keygen {name}"));
        assert!(said.starts_with("error: a new key is two files, and "), "{said}");
    }
    assert!(!folder.exists("-") && !folder.exists("-.pub.pem"));
}

#[test]
fn the_image_is_named_after_the_firmware() {
    let folder = Folder::new();
    folder.done(SIGN);
    assert!(ImageFile::from_bytes(&folder.bytes("a.img")).is_ok());
}

#[test]
fn the_key_may_stay_elsewhere() {
    let folder = Folder::new();
    folder.done(&format!("{SIGN} -o here.img"));
    let key = key_files::private(&folder.0.path().join("key.pem")).unwrap();
    let sign = "sign a.elf --version 1.2.3+4 --public-key key.pub.pem";
    let said = folder.done(&format!("{sign} --external-bytes bytes"));
    assert_eq!(said, "wrote bytes: sign these bytes, and come back with --signature instead of --external-bytes\n");
    assert!(!folder.exists("a.img"));
    folder.put("signature", &key.sign(&folder.bytes("bytes")));
    folder.done(&format!("{sign} --signature signature -o there.img"));
    assert_eq!(folder.bytes("here.img"), folder.bytes("there.img"));

    folder.put("signature", &key.sign(b"something else"));
    assert_eq!(
        folder.failed(&format!("{sign} --signature signature -o wrong.img")),
        "error: the signature does not fit the image\n  help: sign the firmware again; an external signature is plain \
         Ed25519 over the 192 bytes as they are\n"
    );
    assert!(!folder.exists("wrong.img"));
    folder.put("signature", &[0; 63]);
    let said = folder.failed(&format!("{sign} --signature signature"));
    assert!(said.starts_with("error: signature holds 63 bytes, and an Ed25519 signature has 64\n"), "{said}");
}

#[test]
fn the_linker_argument_that_is_missing_is_named() {
    let folder = Folder::new();
    assert_eq!(
        folder.failed("sign plain.elf --version 1.2.3 --key key.pem"),
        "error: the ELF file carries no relocations, so its image could run in one slot only\n  help: give the linker \
         the argument --emit-relocs, as lifeboot_build::firmware in build.rs does; or sign with --bound for an image of \
         one slot\n"
    );
    assert!(!folder.exists("plain.img"));
    folder.done("sign plain.elf --version 1.2.3 --key key.pem --bound");
    assert!(folder.done("inspect plain.img").starts_with("image        format 1, for slot A only\n"));
}

#[test]
fn failures_say_what_to_do() {
    let folder = Folder::new();
    assert_eq!(
        folder.failed("sign none.elf --version 1.2.3 --key key.pem"),
        "error: cannot read none.elf\n  because: No such file or directory (os error 2)\n  help: check the name: a path starts at \
         the current folder, in lifeboot.toml at that file\n"
    );
    assert_eq!(
        folder.failed("inspect key.pub.pem"),
        "error: not an image file\n  help: make one from the firmware's ELF file: lifeboot sign FIRMWARE.elf --version … --key …\n"
    );
    assert_eq!(
        folder.failed("inspect b.elf"),
        "error: the firmware is linked for slot B, and an image is made from firmware that is linked for slot A\n  help: link it \
         for slot A: its relocations carry it to slot B; or sign with --bound for an image of slot B\n"
    );
    assert_eq!(
        folder.failed("keygen key.pem"),
        "error: key.pem exists, and a key is never overwritten\n  help: give another name; remove the file yourself if \
         no device trusts that key any more\n"
    );
    fs::set_permissions(folder.0.path().join("key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(
        folder.failed(SIGN),
        "error: the private key key.pem can be read by others (mode 0644)\n  help: chmod 600 key.pem; or, if its mode \
         cannot be changed, pass the content through a pipe: --key <(cat key.pem)\n"
    );
}

#[test]
fn a_board_file_is_compared_with_the_firmware() {
    let folder = Folder::new();
    folder.done(&format!("{SIGN} -o expected.img"));
    folder.put(
        "table.toml",
        format!(
            "key = \"other.pem\"\n\n[board]\n{}",
            LARGE_FILE.replace("[map]", "[board.map]").replace("[pins]", "[board.pins]")
        )
        .as_bytes(),
    );
    for file in ["stm32f405.toml", "table.toml"] {
        folder.done(&format!("{SIGN} --board {file} -o out.img"));
        assert_eq!(folder.bytes("out.img"), folder.bytes("expected.img"));
    }
    let sign = |file: &str| folder.failed(&format!("{SIGN} --board {file}"));
    assert_eq!(
        sign("microbit.toml"),
        "error: the firmware is for board stm32f405, not for board microbit\n  help: leave out --board, or link the firmware \
         with the memory.x of board microbit\n"
    );
    folder.put("stm32f405.toml", LARGE_FILE.replace("384K @ ", "256K @ ").as_bytes());
    assert_eq!(
        sign("stm32f405.toml"),
        "error: the firmware was linked for another flash map of board stm32f405\n  help: link it again: the board's \
         description has changed since\n"
    );
    folder.put("stm32f405.toml", LARGE_FILE.replace("384K @ 512K", "256K @ 512K").as_bytes());
    assert_eq!(
        sign("stm32f405.toml"),
        "error: stm32f405.toml:9: slot A has 384K and slot B 256K, and an image must fit either\n  help: give both 256K; what \
         is left of a sector is lost\n"
    );
    assert_eq!(
        sign("none.toml"),
        "error: cannot read none.toml\n  because: No such file or directory (os error 2)\n  help: check the name: a path \
         starts at the current folder, in lifeboot.toml at that file\n"
    );
}

#[test]
fn firmware_that_names_no_board_needs_a_board_file() {
    let folder = Folder::new();
    let mut nameless = rich(LARGE, Slot::A);
    nameless.nameless();
    folder.put("nameless.elf", &nameless.elf());
    let sign = SIGN.replace("a.elf", "nameless.elf");
    assert_eq!(
        folder.failed(&sign),
        "error: the ELF file does not say which board it is for\n  help: link it with the memory.x that lifeboot-build renders \
         for the board; or give the board's file: --board BOARD.toml\n"
    );
    let said = folder.done(&format!("{sign} --board stm32f405.toml"));
    assert!(said.contains("signed nameless.img: stm32f405 1.2.3+4, epoch 0\n"), "{said}");
}

#[test]
fn an_image_that_another_key_signed_fails() {
    let folder = Folder::new();
    folder.done(SIGN);
    folder.done("keygen other.pem");
    let said = folder.failed("inspect a.img --key other.pub.pem");
    assert!(said.starts_with("error: the image was signed with key "), "{said}");
}

/// Anyone who has a signature can make a second one of it, S + ℓ, which RFC 8032, 5.1.7, forbids and devices refuse. A
/// library whose features allow it would call it good.
#[test]
fn a_signature_that_is_made_of_another_is_refused() {
    let folder = Folder::new();
    folder.done(SIGN);
    let mut bytes = folder.bytes("a.img");
    // ℓ, the order of the base point (RFC 8032, 5.1), little-endian; S is the last half of what ends the header.
    let mut order = [0; 32];
    order[..16].copy_from_slice(&0x14de_f9de_a2f7_9cd6_5812_631a_5cf5_d3ed_u128.to_le_bytes());
    order[31] = 0x10;
    let mut carry = 0;
    for (byte, more) in bytes[HEADER_LENGTH - 32..HEADER_LENGTH].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(more);
        *byte = carry as u8;
        carry >>= 8;
    }
    folder.put("second.img", &bytes);
    assert!(folder.done("inspect a.img --key key.pub.pem").contains("signature    fits key.pub.pem"));
    let said = folder.failed("inspect second.img --key key.pub.pem");
    assert!(said.contains("error: the signature does not fit the image\n"), "{said}");
}

#[test]
fn a_demo_key_warns_whenever_it_signs() {
    let folder = Folder::new();
    assert!(folder.done("keygen --demo demo.pem").ends_with("throw-away key: it protects nothing.\n"));
    let output = folder.run(&SIGN.replace("key.pem", "demo.pem"));
    assert!(output.status.success());
    let warning = "warning: this is a demo's throw-away key, which protects nothing\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), warning);
}

#[test]
fn wrong_use_has_its_own_exit_status() {
    let folder = Folder::new();
    let said = |line: &str| folder.refused(line, 2);
    let message = said(&SIGN.replace("+4", "-rc.1"));
    assert!(message.contains("a pre-release (-rc.1) cannot be stored in a header"), "{message}");
    let message = said(&SIGN.replace("+4", "+dirty"));
    assert!(message.contains("the build (+dirty) must be a number"), "{message}");
    assert!(said(&format!("{SIGN} --schemas 3..=2")).contains("give the lowest and the highest schema"));
    assert!(said(&format!("{SIGN} --signature s --external-bytes b")).contains("cannot be used with"));
    assert!(said(&format!("{SIGN} --bound --relinked b.elf")).contains("cannot be used with"));
    assert!(said("").contains("Usage: lifeboot [OPTIONS] <COMMAND>"));
}

/// Numbers that no clock and no port can take are refused with the command line.
#[test]
fn every_time_and_rate_is_bounded() {
    let folder = Folder::new();
    folder.done(SIGN);
    folder.put("empty.jsonl", b"{\"lifeboot_recording\":1}\n");
    let most = "18446744073709551615";
    for line in [
        format!("monitor --replay empty.jsonl --for {most}"),
        format!("push a.img --port /dev/ttyNone7 --timeout {most}"),
        format!("watch --key key.pem --port /dev/ttyNone7 --timeout {most}"),
        format!("run a.elf --key key.pem --port /dev/ttyNone7 --timeout {most}"),
        format!("push a.img --port /dev/ttyNone7 --timeout {}", 1u64 << 40),
        "status --port /dev/ttyNone7 --baud 0".to_owned(),
        "inspect a.img --port /dev/ttyNone7 --baud 0".to_owned(),
        "status --port /dev/ttyNone7 --baud 4294967295".to_owned(),
    ] {
        let said = folder.refused(&line, 2);
        assert!(said.starts_with("error: invalid value ") && said.contains(" is not in "), "{line}: {said}");
    }
    folder.put("lifeboot.toml", format!("timeout = {}\n", u32::MAX).as_bytes());
    assert!(folder.refused("push a.img --port /dev/ttyNone7", 2).contains(" is not in 0..=31536000"));
    folder.put("lifeboot.toml", b"");
    folder.done("monitor --replay empty.jsonl --for 31536000");
}

/// A device that takes no bytes replaces a full disk, and a pipe without a reader replaces `| head`.
#[test]
fn what_cannot_be_said_is_no_panic() {
    let folder = Folder::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for line in ["inspect a.elf", "inspect a.elf --json", "man"] {
        let output = folder.command(line).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "error: cannot write stdout\n  because: No space left on device (os error 28)\n  help: make room on the disk\n",
            "{line}"
        );
        let (read, write) = std::io::pipe().unwrap();
        drop(read);
        let output = folder.command(line).stdout(write).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{line}");
    }
    for line in ["inspect none.img", "--help", "inspect"] {
        let status = folder.command(line).stderr(full()).stdout(full()).status().unwrap();
        assert!(status.code().is_some_and(|status| status <= 2), "{line}: {status}");
    }
}
