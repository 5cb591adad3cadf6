//! Builds that must fail, each with an error that says what to do.

use crate::hex;
use crate::vectors::ed25519_edges::{SMALL_ORDER, SMALL_ORDER_OTHERWISE};
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::EncodePublicKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_core::info::key_id;
use lifeboot_project::key_files;
use lifeboot_tests::{product, setup};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Of `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`.
const ELLIPTIC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfF0HdJROskIpRoreNIR2u8LPcRZv
K0Roh1rZPp3N7HndU0kKyj2R96yLe6yL8XklCB8SFloo38S/CLMheh2dNg==
-----END PUBLIC KEY-----
";

/// Builds the bootloader, in a folder of its own, with this environment; returns cargo's error.
fn refused_build(name: &str, environment: &[(&str, &str)]) -> String {
    setup::rust_target(product::MICROBIT.triple).unwrap();
    let folder = product::output().unwrap().join(name);
    let mut command = Command::new(env!("CARGO"));
    product::NOT_FOR_BUILDS.iter().for_each(|name| {
        command.env_remove(name);
    });
    let output = command
        .args(["build", "--package", "lifeboot-bootloader", "--features", "nrf51", "--profile", "embedded"])
        .args(["--target", product::MICROBIT.triple, "--target-dir"])
        .arg(folder)
        .env_remove("LIFEBOOT_KEYS")
        .env("LIFEBOOT_BOARD", product::MICROBIT.board_file())
        .envs(environment.iter().copied())
        .current_dir(product::root())
        .output()
        .unwrap();
    assert!(!output.status.success(), "the bootloader was built, though it must not be");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The error of a build for these key files.
fn with_keys<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> String {
    let list = std::env::join_paths(paths).unwrap();
    refused_build("refused-builds", &[("LIFEBOOT_KEYS", list.to_str().unwrap())])
}

#[test]
fn a_bootloader_without_a_good_key_is_not_built() {
    let refused = refused_build("refused-builds", &[]);
    assert!(refused.contains("no key: set LIFEBOOT_KEYS"), "{refused}");

    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pem");
    let refused = with_keys([&missing]);
    assert!(refused.contains("cannot read") && refused.contains("missing.pem"), "{refused}");

    let elliptic = folder.path().join("elliptic.pem");
    fs::write(&elliptic, ELLIPTIC).unwrap();
    for path in [&elliptic, &folder.path().join("none.pem")] {
        fs::write(folder.path().join("none.pem"), "no key").unwrap();
        let refused = with_keys([path]);
        assert!(refused.contains("is not an Ed25519 public key in PEM"), "{refused}");
        assert!(refused.contains("`lifeboot keygen KEY.pem` makes a pair"), "{refused}");
    }
}

#[test]
fn a_private_key_does_not_get_into_a_build() {
    let (_, public) = product::demo_key("demo").unwrap();
    let refused = with_keys([&public.with_file_name("demo.pem")]);
    assert!(
        refused.contains("demo.pem of LIFEBOOT_KEYS is a private key, and has no business in a build"),
        "{refused}"
    );
    assert!(refused.contains("give the public one"), "{refused}");
}

/// The build reads what the tool and openssl read: each of these files is recognised as the key that was given before it.
#[test]
fn lax_forms_of_a_key_are_read() {
    let (_, public) = product::demo_key("demo").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(&public).unwrap();
    let begin = text.find("-----BEGIN").unwrap();
    let body = text[begin..].lines().nth(1).unwrap();
    let block = |body: &str| format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    for (name, content) in [
        ("behind", format!("{}text behind\n", block(body)).into_bytes()),
        (
            "second",
            format!("{}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", block(body)).into_bytes(),
        ),
        ("stray", [&b"\xef\xbb\xbf\xe9"[..], block(body).as_bytes()].concat()),
        ("lines", block(&format!("\n{}  \n{}", &body[..32], &body[32..])).into_bytes()),
    ] {
        let lax = folder.path().join(format!("{name}.pem"));
        fs::write(&lax, content).unwrap();
        let refused = with_keys([&public, &lax]);
        assert!(refused.contains(&format!("{name}.pem of LIFEBOOT_KEYS are the same key: leave one out")), "{refused}");
    }
}

#[test]
fn keys_that_images_could_not_tell_apart_are_refused() {
    let (_, public) = product::demo_key("demo").unwrap();
    let refused = with_keys([&public, &public]);
    assert!(refused.contains("demo.pub.pem of LIFEBOOT_KEYS are the same key: leave one out"), "{refused}");
    // Two points whose SHA-256 begin alike: among a hundred thousand, there are some.
    let folder = tempfile::tempdir().unwrap();
    let pair = [
        "ca43004e2c1c7c96dfddf4bfd08d9e6781fbb692870abfb2ec878339ac3e2316",
        "a4c64deb9edc503eb1a3447bca035b287c1e0f9e96884a160dc5cc0ced447219",
    ];
    assert_eq!(key_id(&hex::array(pair[0])), key_id(&hex::array(pair[1])));
    let paths = pair.map(|key| public_key(folder.path(), key));
    let refused = with_keys([&public, &paths[0], &paths[1]]);
    let words = "have the same id, by which images name their key: make one of them anew";
    assert!(refused.contains(words), "{refused}");
}

/// Every way to write a point of small order, those that the standard forbids too: each decodes, and anyone can make
/// signatures for it.
#[test]
fn weak_keys_are_refused_however_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let (_, good) = product::demo_key("demo").unwrap();
    for key in SMALL_ORDER.into_iter().chain(SMALL_ORDER_OTHERWISE) {
        let weak = public_key(folder.path(), key);
        let refused = with_keys([&good, &weak]);
        assert!(refused.contains(&format!("{key}.pem of LIFEBOOT_KEYS is a weak key")), "{key}: {refused}");
        assert!(refused.contains("`lifeboot keygen KEY.pem` makes a good pair"), "{refused}");
    }
}

/// Points that are written with a y that is not below the field's order, and are not weak: no device would take a
/// signature.
#[test]
fn keys_that_are_not_canonical_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    // 2²⁵⁵ - 19 is written as an ED, 30 FF and a 7F.
    let written = |above: u8| format!("{:02x}{}7f", 0xed + above, "ff".repeat(30));
    let point = |key: &String| VerifyingKey::from_bytes(&hex::array(key)).is_ok_and(|key| !key.is_weak());
    let keys: Vec<String> = (0..=0x12).map(written).filter(point).collect();
    assert!(!keys.is_empty());
    for key in keys {
        let path = public_key(folder.path(), &key);
        let refused = with_keys([&path]);
        assert!(refused.contains(&format!("{key}.pem of LIFEBOOT_KEYS is not written as RFC 8032 wants")), "{refused}");
        assert!(refused.contains("`lifeboot keygen KEY.pem` makes a good pair"), "{refused}");
        assert!(key_files::public(&path).is_err_and(|error| error.to_string().contains("holds a weak key")), "{key}");
    }
}

#[test]
fn a_bootloader_holds_four_keys_in_their_order_and_not_five() {
    let names = ["demo", "next", "third", "fourth", "fifth"];
    let paths = names.map(|name| product::demo_key(name).unwrap().1);
    let refused = with_keys(&paths);
    let words = "LIFEBOOT_KEYS names 5 keys, and a bootloader holds 4 at most: leave some out";
    assert!(refused.contains(words), "{refused}");
    let built = product::bootloader(&product::MICROBIT, &paths[..4]).unwrap();
    let bootloader = Bootloader::from_elf(&fs::read(&built).unwrap()).unwrap();
    let keys = paths[..4].iter().map(|path| key_files::public(path).unwrap().to_bytes());
    assert!(keys.eq(bootloader.info().keys().iter().copied()));
    assert!(bootloader.info().demo_key());
}

/// Writes a public key's file with these bytes.
fn public_key(folder: &Path, key: &str) -> PathBuf {
    let path = folder.join(format!("{key}.pem"));
    let pem = VerifyingKey::from_bytes(&hex::array(key)).unwrap().to_public_key_pem(LineEnding::LF).unwrap();
    fs::write(&path, pem).unwrap();
    path
}

#[test]
fn a_bootloader_without_the_compact_sha2_is_not_built() {
    let (_, public) = product::demo_key("demo").unwrap();
    let environment = [("LIFEBOOT_KEYS", public.to_str().unwrap()), ("RUSTFLAGS", "--cfg something_else")];
    let refused = refused_build("refused-builds", &environment);
    assert!(refused.contains("the compact SHA-2 is not chosen"), "{refused}");
}

#[test]
fn a_bootloader_is_not_built_incrementally() {
    let (_, public) = product::demo_key("demo").unwrap();
    let environment = [("LIFEBOOT_KEYS", public.to_str().unwrap()), ("CARGO_INCREMENTAL", "1")];
    let refused = refused_build("refused-builds", &environment);
    assert!(refused.contains("build it with CARGO_INCREMENTAL=0"), "{refused}");
}
