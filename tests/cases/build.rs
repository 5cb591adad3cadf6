//! Builds that must fail, each with the sentence that says what to do.

use lifeboot_tests::{product, setup};
use std::path::Path;
use std::process::Command;

/// Builds the bootloader, in a folder of its own, with this environment; returns what cargo says of its failure.
fn refused_build(name: &str, environment: &[(&str, &str)]) -> String {
    setup::rust_target(product::MICROBIT.triple).unwrap();
    let folder = product::output().unwrap().join(name);
    let output = Command::new(env!("CARGO"))
        .args(["build", "--package", "lifeboot-bootloader", "--features", "microbit", "--profile", "embedded"])
        .args(["--target", product::MICROBIT.triple, "--target-dir"])
        .arg(folder)
        .env_remove("LIFEBOOT_KEYS")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .envs(environment.iter().copied())
        .current_dir(product::root())
        .output()
        .unwrap();
    assert!(!output.status.success(), "the bootloader was built, though it must not be");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn with_key(path: &Path) -> String {
    refused_build("refused-builds", &[("LIFEBOOT_KEYS", path.to_str().unwrap())])
}

#[test]
fn a_bootloader_without_a_good_key_is_not_built() {
    let refused = refused_build("refused-builds", &[]);
    assert!(refused.contains("no key: set LIFEBOOT_KEYS"), "{refused}");

    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pem");
    let refused = with_key(&missing);
    assert!(refused.contains("cannot read") && refused.contains("missing.pem"), "{refused}");

    let (_, public) = product::demo_key("demo").unwrap();
    let refused = with_key(&public.with_file_name("demo.pem"));
    assert!(refused.contains("is not an Ed25519 public key in PEM"), "{refused}");

    let twice = std::env::join_paths([&public, &public]).unwrap();
    let refused = with_key(Path::new(&twice));
    assert!(refused.contains("names a key twice"), "{refused}");

    // The neutral element, of order 1: y = 1.
    let weak = folder.path().join("weak.pem");
    let text = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----\n";
    std::fs::write(&weak, text).unwrap();
    let refused = with_key(&weak);
    assert!(refused.contains("is a weak key"), "{refused}");
}

#[test]
fn a_bootloader_without_the_compact_sha2_is_not_built() {
    let (_, public) = product::demo_key("demo").unwrap();
    let environment = [("LIFEBOOT_KEYS", public.to_str().unwrap()), ("RUSTFLAGS", "--cfg something_else")];
    let refused = refused_build("refused-builds", &environment);
    assert!(refused.contains("the compact SHA-2 is not chosen"), "{refused}");
}
