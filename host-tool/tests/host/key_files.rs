//! Keys in Lifeboot's and openssl's forms, and keys that are refused. Private keys are made here, new ones in each run.

use lifeboot_artifact::hex;
use lifeboot_artifact::keys::{DEMO_LINE, KeyError};
use lifeboot_project::key_files::{self, KeyFileError};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Of `openssl genpkey -algorithm ed25519 | openssl pkey -pubout`; its id is from
/// `openssl pkey -pubin -outform DER | tail -c 32 | sha256sum`.
pub const OPENSSL_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJvM3GJF9dBXr33ScGEnl8qvxdOrZ+FHMpP5HgglZn2c=
-----END PUBLIC KEY-----
";
const OPENSSL_ID: &str = "b6c889f9";

/// The neutral element of the curve: a point of order 1.
pub const WEAK: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
-----END PUBLIC KEY-----
";

/// Of `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`.
pub const ELLIPTIC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfF0HdJROskIpRoreNIR2u8LPcRZv
K0Roh1rZPp3N7HndU0kKyj2R96yLe6yL8XklCB8SFloo38S/CLMheh2dNg==
-----END PUBLIC KEY-----
";

struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, text: &str, mode: u32) -> PathBuf {
        let path = self.path("file.pem");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn key_error<T: std::fmt::Debug>(result: Result<T, KeyFileError>) -> KeyError {
    match result.unwrap_err() {
        KeyFileError::Key(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn a_new_key_is_a_private_file_and_a_public_one_beside_it() {
    let folder = Folder::new();
    let path = folder.path("release.pem");
    let (public, public_path) = key_files::generate(&path, false).unwrap();
    assert_eq!(public_path, folder.path("release.pub.pem"));
    assert_eq!(mode(&path), 0o600);
    let private = key_files::private(&path).unwrap();
    assert_eq!(private.public().to_bytes(), public.to_bytes());
    for path in [&public_path, &path] {
        let read = key_files::public(path).unwrap();
        assert_eq!(read.to_bytes(), public.to_bytes());
        assert!(read.verifies(b"bytes", &private.sign(b"bytes")));
        assert!(!read.verifies(b"other", &private.sign(b"bytes")));
        assert!(!read.is_demo());
    }
    assert_eq!(key_files::public_path(Path::new("folder/my.key")), Path::new("folder/my.key.pub.pem"));
}

#[test]
fn private_keys_have_the_form_that_openssl_writes() {
    let folder = Folder::new();
    let path = folder.path("key.pem");
    key_files::generate(&path, false).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    // SEQUENCE, version 0, Ed25519, OCTET STRING of an OCTET STRING of 32 bytes: 48 bytes in all.
    assert!(lines[1].starts_with("MC4CAQAwBQYDK2VwBCIEI") && lines[1].len() == 64, "not the form of openssl");
    assert_eq!((lines[0], lines[2]), ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"));
    assert_eq!(lines.len(), 3);
}

#[test]
fn public_keys_of_openssl_are_read() {
    let folder = Folder::new();
    let key = key_files::public(&folder.file(OPENSSL_PUBLIC, 0o644)).unwrap();
    assert_eq!(hex(&key.id()), OPENSSL_ID);
    let windows = OPENSSL_PUBLIC.replace('\n', "\r\n");
    assert_eq!(key_files::public(&folder.file(&windows, 0o644)).unwrap().id(), key.id());
}

#[test]
fn a_demo_key_says_so_in_both_files() {
    let folder = Folder::new();
    let path = folder.path("demo.pem");
    let (_, public_path) = key_files::generate(&path, true).unwrap();
    assert_eq!(DEMO_LINE, "Lifeboot demo key: throw-away, protects nothing");
    for path in [&path, &public_path] {
        assert_eq!(fs::read_to_string(path).unwrap().lines().next(), Some(DEMO_LINE));
        assert!(key_files::public(path).unwrap().is_demo());
    }
    assert!(key_files::private(&path).unwrap().public().is_demo());
    let behind = format!("{OPENSSL_PUBLIC}{DEMO_LINE}\n");
    assert!(!key_files::public(&folder.file(&behind, 0o644)).unwrap().is_demo());
}

#[test]
fn no_file_is_ever_overwritten() {
    let folder = Folder::new();
    let (path, public_path) = (folder.path("key.pem"), folder.path("key.pub.pem"));
    fs::write(&public_path, "mine").unwrap();
    let error = key_files::generate(&path, false).unwrap_err();
    assert!(matches!(error, KeyFileError::Exists(taken) if taken == public_path));
    assert!(!path.exists());
    fs::remove_file(&public_path).unwrap();
    fs::write(&path, "mine").unwrap();
    let error = key_files::generate(&path, false).unwrap_err();
    assert!(matches!(error, KeyFileError::Exists(taken) if taken == path));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert!(!public_path.exists());
}

#[test]
fn private_keys_that_others_can_read_are_refused() {
    let folder = Folder::new();
    let path = folder.path("key.pem");
    key_files::generate(&path, false).unwrap();
    for open in [0o640, 0o604, 0o660, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        assert!(matches!(key_files::private(&path), Err(KeyFileError::Exposed { mode, .. }) if mode == open));
        assert!(matches!(key_files::public(&path), Err(KeyFileError::Exposed { .. })));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    key_files::private(&path).unwrap();
}

#[test]
fn keys_that_cannot_be_used_say_why() {
    let folder = Folder::new();
    let private = |text: &str| key_error(key_files::private(&folder.file(text, 0o600)));
    let public = |text: &str| key_error(key_files::public(&folder.file(text, 0o600)));
    assert!(matches!(public(WEAK), KeyError::Weak(_)));
    assert!(matches!(public(ELLIPTIC), KeyError::NotEd25519(_)));
    assert!(matches!(public(&OPENSSL_PUBLIC.replace("JvM3", "Jv3")), KeyError::NotEd25519(_)), "damaged");
    assert!(matches!(public("no key"), KeyError::NotPem(_)));
    assert!(matches!(private("\u{0}\u{1}"), KeyError::NotPem(_)));
    assert!(matches!(private(OPENSSL_PUBLIC), KeyError::NotPrivate(_)));
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    assert!(matches!(private(&block("ENCRYPTED PRIVATE KEY")), KeyError::PassphraseNeeded(_)));
    assert!(matches!(private(&block("OPENSSH PRIVATE KEY")), KeyError::OtherForm { .. }));
    assert!(matches!(private(&block("PRIVATE KEY")), KeyError::NotEd25519(_)));
}

#[test]
fn a_file_with_two_keys_is_refused() {
    let folder = Folder::new();
    let make = |name: &str| {
        let path = folder.path(name);
        let (_, public_path) = key_files::generate(&path, false).unwrap();
        (fs::read_to_string(&path).unwrap(), fs::read_to_string(public_path).unwrap())
    };
    let ((private, public), (other_private, other_public)) = (make("key.pem"), make("other.pem"));
    let several = |error: KeyError, most: usize| matches!(error, KeyError::Several { count, .. } if count == most);
    for (what, text, count) in [
        ("two private keys", format!("{private}{other_private}"), 2),
        ("two pairs", format!("{private}{public}{other_private}{other_public}"), 2),
        ("another's public half", format!("{private}{other_public}"), 2),
        ("another's public half first", format!("{other_public}{private}"), 2),
        ("both public halves", format!("{private}{public}{other_public}"), 2),
        ("a key of another algorithm", format!("{private}{public}{ELLIPTIC}"), 2),
    ] {
        assert!(several(key_error(key_files::private(&folder.file(&text, 0o600))), count), "{what}");
        assert!(several(key_error(key_files::public(&folder.file(&text, 0o600))), count), "{what}");
    }
    let three = format!("{public}{OPENSSL_PUBLIC}{other_public}");
    assert!(several(key_error(key_files::public(&folder.file(&three, 0o644))), 3));
    // The same key twice is one.
    for text in [format!("{private}{private}{public}{public}"), format!("{public}{public}")] {
        key_files::public(&folder.file(&text, 0o600)).unwrap();
    }
}

#[test]
fn every_form_that_openssl_reads_is_read() {
    let folder = Folder::new();
    let path = folder.path("key.pem");
    let (public, public_path) = key_files::generate(&path, false).unwrap();
    let (private, both) = (fs::read_to_string(&path).unwrap(), fs::read_to_string(public_path).unwrap());
    let lines = |length: usize| {
        let body = private.lines().nth(1).unwrap();
        let body: Vec<_> = body.as_bytes().chunks(length).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", body.join("\n"))
    };
    for (what, text) in [
        ("lines of 32", lines(32)),
        ("lines of 40", lines(40)),
        ("blanks at line ends", lines(40).replace('\n', "  \n")),
        ("an empty line behind BEGIN", private.replacen('\n', "\n\n", 1)),
        ("the public block first", format!("{both}{private}")),
        ("the public block last", format!("{private}{both}")),
        ("text around", format!("my key\n{private}is secret\n")),
        ("a stray byte in front", format!("x{private}")),
    ] {
        let path = folder.file(&text, 0o600);
        assert_eq!(key_files::private(&path).unwrap().public().to_bytes(), public.to_bytes(), "{what}");
        assert_eq!(key_files::public(&path).unwrap().to_bytes(), public.to_bytes(), "{what}");
        // Wherever the private block is, others must not read it.
        assert!(matches!(key_files::public(&folder.file(&text, 0o644)), Err(KeyFileError::Exposed { .. })), "{what}");
    }
}
