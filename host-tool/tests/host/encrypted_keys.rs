//! Private keys behind a passphrase: Lifeboot's read by openssl, openssl's read by Lifeboot, and the sources of
//! the passphrase. Keys are made here, new ones in each run.

use crate::command_line::{Folder, SIGN};
use lifeboot_artifact::keys::{KeyError, Passphrase, PrivateKey};
use lifeboot_project::key_files::{self, KeyFileError};
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, Pbkdf2Params, ScryptParams};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, SecretDocument};
use serialport::{SerialPort, TTYPort};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::Duration;

pub const PASSPHRASE: &str = "open sesame";

/// Installs openssl if it is missing and no password is needed, or stops with the command to type.
const INSTALL: &str = "command -v openssl >/dev/null && exit
[ $(id -u) = 0 ] && sudo= || sudo='sudo -n'
echo \"openssl is missing; installing it: $sudo apt-get install -y openssl\" >&2
$sudo apt-get update >&2
$sudo apt-get install -y --no-install-recommends openssl >&2";

fn openssl(folder: &Folder, line: &str) -> Vec<u8> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| drop(Command::new("sh").args(["-c", INSTALL]).status()));
    let output = Command::new("openssl").args(line.split(' ')).current_dir(folder.0.path()).output();
    let output = output.expect("openssl is needed: sudo apt-get update && sudo apt-get install -y openssl");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A folder with a passphrase in a file, `passphrase`, that is readable by its owner only.
pub fn folder() -> Folder {
    let folder = Folder::new();
    folder.put("passphrase", format!("{PASSPHRASE}\nanother line\n").as_bytes());
    chmod(&folder, "passphrase", 0o600);
    folder
}

pub fn chmod(folder: &Folder, name: &str, mode: u32) {
    fs::set_permissions(folder.0.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
}

fn unlock(folder: &Folder, name: &str, passphrase: &str) -> Result<PrivateKey, KeyError> {
    key_files::unlock(&folder.0.path().join(name), |_| Ok(Passphrase::new(passphrase))).map_err(|error| match error {
        KeyFileError::Key(error) => error,
        other => panic!("{other}"),
    })
}

#[test]
fn an_encrypted_key_is_read_by_openssl_and_signs() {
    let folder = folder();
    let said = folder.done("keygen --encrypt --passphrase-file passphrase secret.pem");
    assert!(said.starts_with("private key  secret.pem\npublic key   secret.pub.pem\n"), "{said}");
    assert_eq!(fs::metadata(folder.0.path().join("secret.pem")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(folder.bytes("secret.pem").starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    let public = openssl(&folder, "pkey -in secret.pem -passin file:passphrase -pubout");
    assert_eq!(public, folder.bytes("secret.pub.pem"));

    let sign = SIGN.replace("key.pem", "secret.pem");
    folder.done(&format!("{sign} --passphrase-file passphrase -o a.img"));
    let said = folder.done("inspect a.img --key secret.pub.pem");
    assert!(said.contains("fits secret.pub.pem"), "{said}");
    let output = folder.command(&format!("{sign} -o b.img")).env("LIFEBOOT_PASSPHRASE", PASSPHRASE).output().unwrap();
    assert!(output.status.success());
    assert_eq!(folder.bytes("a.img"), folder.bytes("b.img"));
}

#[test]
fn what_openssl_encrypted_is_read() {
    let folder = folder();
    openssl(&folder, "genpkey -algorithm ed25519 -out plain.pem");
    chmod(&folder, "plain.pem", 0o600);
    let plain = key_files::private(&folder.0.path().join("plain.pem")).unwrap();
    for scheme in ["-v2 aes-256-cbc", "-v2 aes-128-cbc -iter 100000", "-scrypt"] {
        openssl(&folder, &format!("pkcs8 -topk8 {scheme} -in plain.pem -out made.pem -passout file:passphrase"));
        chmod(&folder, "made.pem", 0o600);
        let key = unlock(&folder, "made.pem", PASSPHRASE).unwrap();
        assert_eq!(key.sign(b"bytes"), plain.sign(b"bytes"), "{scheme}");
        let wrong = unlock(&folder, "made.pem", "open sesam").unwrap_err();
        assert!(matches!(wrong, KeyError::WrongPassphrase(_)), "{scheme}: {wrong}");
    }
}

#[test]
fn a_demo_key_may_be_encrypted_too() {
    let folder = folder();
    let path = folder.0.path().join("demo.pem");
    key_files::generate_encrypted(&path, true, &Passphrase::new(PASSPHRASE)).unwrap();
    assert!(unlock(&folder, "demo.pem", PASSPHRASE).unwrap().public().is_demo());
}

#[test]
fn a_passphrase_file_alone_never_leaves_a_key_unencrypted() {
    let folder = folder();
    folder.done("keygen --passphrase-file passphrase secret.pem");
    unlock(&folder, "secret.pem", PASSPHRASE).unwrap();
}

#[test]
fn passphrases_that_do_not_serve_say_why() {
    let folder = folder();
    folder.done("keygen --encrypt --passphrase-file passphrase secret.pem");
    let sign = SIGN.replace("key.pem", "secret.pem");
    assert_eq!(
        folder.failed(&sign),
        "error: the private key secret.pem needs a passphrase, and there is none\n  help: run lifeboot in a terminal, \
         where it asks; or give --passphrase-file FILE, or the variable LIFEBOOT_PASSPHRASE\n"
    );
    assert_eq!(
        folder.failed("keygen --encrypt other.pem"),
        "error: the private key other.pem needs a passphrase, and there is none\n  help: run lifeboot in a terminal, \
         where it asks; or give --passphrase-file FILE, or the variable LIFEBOOT_PASSPHRASE\n"
    );
    assert!(!folder.exists("other.pem") && !folder.exists("other.pub.pem"));
    folder.put("wrong", b"open sesam\n");
    chmod(&folder, "wrong", 0o600);
    assert_eq!(
        folder.failed(&format!("{sign} --passphrase-file wrong")),
        "error: the passphrase does not open the private key secret.pem\n  help: try again; see also which one \
         --passphrase-file or LIFEBOOT_PASSPHRASE gives\n"
    );
    folder.put("wrong", b"\nopen sesame\n");
    assert_eq!(
        folder.failed(&format!("{sign} --passphrase-file wrong")),
        "error: wrong has no passphrase in its first line\n  help: write the passphrase there, on a line of its own\n"
    );
    chmod(&folder, "passphrase", 0o640);
    assert_eq!(
        folder.failed(&format!("{sign} --passphrase-file passphrase")),
        "error: the passphrase in passphrase can be read by others (mode 0640)\n  help: chmod 600 passphrase; or, if its mode cannot be changed, pass the content through a pipe: --passphrase-file <(cat passphrase)\n"
    );
    assert!(
        folder.failed("inspect secret.img --key secret.pem").starts_with("error: cannot read secret.img\n"),
        "no passphrase is asked for what is not there"
    );
    folder.done(SIGN);
    assert_eq!(
        folder.failed("inspect a.img --key secret.pem"),
        "error: secret.pem is an encrypted private key, and the public one is needed\n  help: give the .pub.pem beside \
         it; or make that: openssl pkey -in secret.pem -pubout\n"
    );
}

/// An encrypted key's file with these parameters, and garbage behind them.
pub fn crafted(folder: &Folder, kdf: Kdf) {
    let parameters = Parameters { kdf, encryption: EncryptionScheme::Aes256Cbc { iv: [1; 16] } };
    let info = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: parameters.into(),
        encrypted_data: OctetStringRef::new(&[7; 64]).unwrap(),
    };
    let pem = SecretDocument::try_from(info).unwrap().to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap();
    folder.put("crafted.pem", pem.as_bytes());
    chmod(folder, "crafted.pem", 0o600);
}

#[test]
fn a_file_that_asks_for_endless_work_is_refused_before_it() {
    let folder = folder();
    let salt = || [9_u8; 16].as_slice().try_into().unwrap();
    let scrypt = |cost_parameter, block_size, parallelization| {
        Kdf::Scrypt(ScryptParams { salt: salt(), cost_parameter, block_size, parallelization, key_length: None })
    };
    for kdf in [
        scrypt(1 << 40, 8, 1),
        scrypt(1 << 63, u16::MAX, u16::MAX),
        scrypt(2, u16::MAX, u16::MAX),
        scrypt(3, 8, 1),
        Pbkdf2Params::hmac_sha256(100_000_000, &[9; 16]).unwrap().into(),
    ] {
        crafted(&folder, kdf);
        let error = unlock(&folder, "crafted.pem", PASSPHRASE).unwrap_err();
        assert!(matches!(error, KeyError::OtherEncryption(_)), "{error}");
    }
    crafted(&folder, scrypt(16, 8, 1));
    let error = unlock(&folder, "crafted.pem", PASSPHRASE).unwrap_err();
    assert!(matches!(error, KeyError::WrongPassphrase(_)), "{error}");
    folder.put("crafted.pem", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    let error = unlock(&folder, "crafted.pem", PASSPHRASE).unwrap_err();
    assert!(matches!(error, KeyError::OtherEncryption(_)), "{error}");
}

/// Runs a command with a terminal of its own, types these lines, one for each prompt, and returns all that was shown.
pub fn at_a_terminal(folder: &Folder, line: &str, typed: &[&str]) -> (String, Option<i32>) {
    let (mut person, terminal) = TTYPort::pair().unwrap();
    let name = terminal.name().unwrap();
    let open = || Stdio::from(fs::OpenOptions::new().read(true).write(true).open(&name).unwrap());
    // The terminal must be the session's, or a program cannot prompt at it.
    let mut command = Command::new("setsid");
    command.args(["--ctty", "--wait", env!("CARGO_BIN_EXE_lifeboot")]).args(line.split_whitespace());
    command.current_dir(folder.0.path()).env_remove("LIFEBOOT_PASSPHRASE").env("NO_COLOR", "1");
    let mut child = command.stdin(open()).stdout(open()).stderr(open()).spawn().unwrap();
    let mut keyboard = person.try_clone_native().unwrap();
    person.set_timeout(Duration::from_millis(50)).unwrap();
    let mut shown = String::new();
    let mut typed = typed.iter().enumerate();
    let mut next = typed.next();
    for _ in 0..2000 {
        let ended = child.try_wait().unwrap();
        let mut buffer = [0; 1000];
        // The terminal is held open here, so what was shown stays until it is read.
        let length = person.read(&mut buffer).unwrap_or(0);
        shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
        match (ended, next) {
            (Some(status), _) if length == 0 => return (shown.replace("\r\n", "\n"), status.code()),
            (None, Some((index, text))) if shown.matches(": ").count() > index && !echoes(&name) => {
                writeln!(keyboard, "{text}").unwrap();
                next = typed.next();
            }
            _ => {}
        }
    }
    child.kill().unwrap();
    panic!("it neither ends nor asks any more:\n{shown}");
}

/// Whether a terminal echoes its input: a program turns that off after it has shown its prompt.
fn echoes(terminal: &str) -> bool {
    let settings = Command::new("stty").args(["-a", "-F", terminal]).output().unwrap();
    !String::from_utf8(settings.stdout).unwrap().contains(" -echo ")
}

#[test]
fn a_passphrase_is_asked_for_at_the_terminal_and_not_shown() {
    let folder = folder();
    let (shown, status) = at_a_terminal(&folder, "keygen --encrypt asked.pem", &[PASSPHRASE, PASSPHRASE]);
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.starts_with("New passphrase of asked.pem: \nThe same again: \nprivate key  asked.pem\n"), "{shown}");
    unlock(&folder, "asked.pem", PASSPHRASE).unwrap();
    let sign = SIGN.replace("key.pem", "asked.pem");
    let (shown, status) = at_a_terminal(&folder, &sign, &[PASSPHRASE]);
    assert!(shown.starts_with("Passphrase of asked.pem: \nsigned a.img: ") && status == Some(0), "{shown}");
    let (shown, status) = at_a_terminal(&folder, &sign, &["open sesam"]);
    assert!(shown.contains("error: the passphrase does not open the private key asked.pem") && status == Some(1));
    let (shown, status) = at_a_terminal(&folder, "keygen --encrypt other.pem", &[PASSPHRASE, "something else"]);
    assert!(shown.contains("error: the two passphrases differ\n") && status == Some(1), "{shown}");
    let (shown, status) = at_a_terminal(&folder, "keygen --encrypt other.pem", &[""]);
    assert!(shown.contains("error: an empty passphrase protects nothing\n") && status == Some(1), "{shown}");
    assert!(!folder.exists("other.pem"));
}

#[test]
fn no_command_shows_a_private_key_or_a_passphrase() {
    let folder = folder();
    folder.done("keygen --encrypt --passphrase-file passphrase secret.pem");
    let secret = String::from_utf8(folder.bytes("key.pem")).unwrap();
    let base64 = secret.lines().nth(1).unwrap();
    let der = openssl(&folder, "pkey -in key.pem -outform DER");
    let hex: String = der[der.len() - 32..].iter().map(|byte| format!("{byte:02x}")).collect();
    let encrypted = String::from_utf8(folder.bytes("secret.pem")).unwrap();
    let lines = [
        SIGN.to_owned(),
        SIGN.replace("key.pem", "secret.pem") + " --passphrase-file passphrase",
        format!("{SIGN} --relinked a.elf"),
        "keygen key.pem".to_owned(),
        "sign key.pem --version 1.2.3 --key key.pem".to_owned(),
        "sign a.elf --version 1.2.3 --key passphrase".to_owned(),
        "sign a.elf --version 1.2.3 --public-key key.pem --signature key.pem".to_owned(),
        "sign a.elf --version 1.2.3 --public-key key.pem --external-bytes bytes".to_owned(),
        SIGN.replace("key.pem", "secret.pem") + " --passphrase-file key.pem",
        "inspect key.pem".to_owned(),
        "inspect a.img --key key.pem".to_owned(),
        "inspect a.img --key secret.pem".to_owned(),
        "provision key.pem a.img".to_owned(),
        "provision a.elf key.pem".to_owned(),
        "flash key.pem".to_owned(),
        "run a.elf --key key.pem --bootloader key.pem".to_owned(),
        "run key.pem --key key.pem".to_owned(),
        "push key.pem --port /dev/null".to_owned(),
        "status --port key.pem".to_owned(),
    ];
    for line in lines {
        let output = folder.run(&line);
        let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for secret in [base64, &base64[20..60], &hex, PASSPHRASE, encrypted.lines().nth(1).unwrap()] {
            assert!(!shown.to_lowercase().contains(&secret.to_lowercase()), "{line}: {shown}");
        }
    }
}

#[test]
fn keys_and_passphrases_have_no_debug_form() {
    let folder = folder();
    let key = key_files::private(&folder.0.path().join("key.pem")).unwrap();
    let der = openssl(&folder, "pkey -in key.pem -outform DER");
    let list = format!("{:?}", &der[der.len() - 32..]);
    assert!(!format!("{key:?}").contains(list.trim_matches(['[', ']'])));
    assert!(!format!("{:?}", Passphrase::new(PASSPHRASE)).contains(PASSPHRASE));
}
