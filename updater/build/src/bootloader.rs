//! For the build script of a bootloader: its board, its keys and its linker script.

use crate::folder;
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::DecodePublicKey;
use lifeboot_board::chip::Family;
use lifeboot_board::{BoardDescription, FoundBoard, ReadError, Verifier, of_project, pins, read};
use lifeboot_core::info::{KEYS, key_id};
use lifeboot_core::signature::is_canonical;
use lifeboot_pem::{Block, PUBLIC, is_text_of_key};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The variable that names the keys of a bootloader of Lifeboot's own.
const KEYS_VARIABLE: &str = "LIFEBOOT_KEYS";

/// Links the binaries of the package that is being built as bootloaders for the project's board, with these public key files, one
/// to four; must be called in its build script. Their paths are relative to the package.
///
/// The board is found as by [`firmware`](crate::firmware). The bootloader gets it, and the keys, by
/// `lifeboot_bootloader::board!()`. If something is wrong, the build fails with the reason.
pub fn bootloader<P: AsRef<Path>>(keys: &[P]) {
    report(|| {
        let package = folder("CARGO_MANIFEST_DIR")?;
        let FoundBoard { board, files } = of_project(&package).map_err(|error| error.to_string())?;
        watch(&files);
        let keys: Vec<_> = keys.iter().map(|key| package.join(key)).collect();
        if keys.is_empty() {
            return Err(
                "no key: name the public key files that firmware will be signed for; `lifeboot keygen` makes a \
                        pair. There is no default key"
                    .to_owned(),
            );
        }
        write_files(&board, &constants(&keys, "")?, "")?;
        println!("cargo::rustc-link-arg-bins=-Tlifeboot-bootloader.x");
        Ok(())
    });
}

/// For `lifeboot-bootloader` itself: the board that LIFEBOOT_BOARD names and the keys of LIFEBOOT_KEYS, for the chip that is
/// chosen by a feature.
#[doc(hidden)]
pub fn built_in_bootloader() {
    report(|| {
        println!("cargo::rerun-if-env-changed={KEYS_VARIABLE}");
        let board = board()?;
        write_files(&board, &constants(&keys()?, " of LIFEBOOT_KEYS")?, &board.bootloader_constants())
    });
}

fn report(run: impl FnOnce() -> Result<(), String>) {
    if let Err(reason) = run() {
        println!("cargo::error={reason}");
    }
}

/// | file | what |
/// | --- | --- |
/// | `lifeboot-memory.x` | the flash map, which the bootloader's linker script includes |
/// | `board.rs` | the board and the keys, for `lifeboot_bootloader::board!()` |
fn write_files(board: &BoardDescription, keys: &str, more: &str) -> Result<(), String> {
    let out = folder("OUT_DIR")?;
    let write = |name: &str, content: String| {
        fs::write(out.join(name), content).map_err(|error| format!("cannot write {name} into OUT_DIR: {error}"))
    };
    write("lifeboot-memory.x", board.board().bootloader_memory_x().to_string())?;
    write("board.rs", board.constants("::lifeboot_bootloader::layout") + keys + &verifier(board) + more)?;
    println!("cargo::rustc-link-search={}", out.display());
    Ok(())
}

/// Returns source that fails to compile unless the bootloader has the verifier that the board's file names: a build script cannot see
/// the features of a dependency.
fn verifier(board: &BoardDescription) -> String {
    let (not, help) = match board.verifier {
        Verifier::Compact => {
            ("", "the board's file says verifier = \\\"compact\\\": build lifeboot-bootloader with the feature compact")
        }
        Verifier::Dalek => {
            ("!", "lifeboot-bootloader has the feature compact: add verifier = \\\"compact\\\" to the board's file")
        }
    };
    format!("const _: () = assert!({not}::lifeboot_bootloader::parts::IS_COMPACT, \"{help}\");\n")
}

fn watch(files: &[PathBuf]) {
    files.iter().for_each(|file| println!("cargo::rerun-if-changed={}", file.display()));
}

/// Reads the board that is built for.
fn board() -> Result<BoardDescription, String> {
    const EXAMPLE: &str = "LIFEBOOT_BOARD=$PWD/firmware-example/boards/microbit.toml";
    println!("cargo::rerun-if-env-changed=LIFEBOOT_BOARD");
    let path = env::var_os("LIFEBOOT_BOARD").filter(|path| !path.is_empty()).map(PathBuf::from).ok_or(format!(
        "no board: set LIFEBOOT_BOARD to the absolute path of a board file, or of a lifeboot.toml with a table [board]; \
         for example {EXAMPLE}"
    ))?;
    println!("cargo::rerun-if-changed={}", path.display());
    let found = read(&path).map_err(|error| match error {
        ReadError::Io { .. } => format!("{error} (LIFEBOOT_BOARD must be an absolute path, as in {EXAMPLE})"),
        error => error.to_string(),
    })?;
    watch(&found.files);
    let board = found.board;
    let chosen: Vec<Family> = Family::ALL.into_iter().filter(|family| has_feature(family.feature())).collect();
    let (family, wanted) = (board.chip.family, board.chip.family.feature());
    let what = match chosen[..] {
        [only] if only == family => None,
        [] => Some("no chip is chosen".to_owned()),
        [other] => Some(format!("--features {} is for other chips", other.feature())),
        _ => Some("more than one chip is chosen".to_owned()),
    };
    if let Some(what) = what {
        let (name, chip) = (&board.name, &board.chip.name);
        return Err(format!("{what}: the board {name} has an {chip}, so build with --features {wanted}"));
    }
    if has_feature("recovery") && board.serial.is_none() {
        return Err(format!(
            "{}: recovery mode needs a serial port, and the board {} has none: add one, such as \
             pins = {{ serial = {:?} }}, or build without recovery mode: --no-default-features --features {wanted}",
            path.display(),
            board.name,
            pins::example(&board.chip),
        ));
    }
    Ok(board)
}

fn has_feature(name: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{}", name.to_uppercase())).is_some()
}

/// Returns the files in LIFEBOOT_KEYS.
fn keys() -> Result<Vec<PathBuf>, String> {
    let list = env::var_os(KEYS_VARIABLE).filter(|list| !list.is_empty()).ok_or(
        "no key: set LIFEBOOT_KEYS to the public key files (PEM, separated by colons) that firmware will be signed \
         for; `lifeboot keygen` makes a pair. There is no default key",
    )?;
    if list.to_str().is_some_and(is_text_of_key) {
        return Err("LIFEBOOT_KEYS holds a key itself, not the names of files: write the key to a file, and name that"
            .to_owned());
    }
    let paths: Vec<PathBuf> = env::split_paths(&list).collect();
    if paths.len() > KEYS {
        let count = paths.len();
        return Err(format!("LIFEBOOT_KEYS names {count} keys, and a bootloader holds {KEYS} at most: leave some out"));
    }
    Ok(paths)
}

/// Returns Rust source with the public keys of these files; `of` says where they were named.
fn constants(paths: &[PathBuf], of: &str) -> Result<String, String> {
    if paths.len() > KEYS {
        return Err(format!("{} keys are named, and a bootloader holds {KEYS} at most: leave some out", paths.len()));
    }
    let mut keys: Vec<[u8; 32]> = Vec::new();
    let mut demo = false;
    for path in paths {
        let (key, demo_key) = read_key(path, of)?;
        if let Some(index) = keys.iter().position(|other| key_id(other) == key_id(&key)) {
            return Err(taken(&paths[index], path, of, keys[index] == key));
        }
        demo |= demo_key;
        keys.push(key);
    }
    let mut source = String::new();
    writeln!(
        source,
        "/// The public keys that images are checked with.\npub const KEYS: [[u8; 32]; {}] = {keys:?};",
        keys.len()
    )
    .map_err(|error| error.to_string())?;
    writeln!(source, "/// Whether one of them is a demo's.\npub const DEMO_KEY: bool = {demo};")
        .map_err(|error| error.to_string())?;
    Ok(source)
}

fn read_key(path: &Path, of: &str) -> Result<([u8; 32], bool), String> {
    println!("cargo::rerun-if-changed={}", path.display());
    let place = format!("{}{of}", path.display());
    let file = fs::read(path).map_err(|error| format!("cannot read {place} (give absolute paths): {error}"))?;
    let blocks = lifeboot_pem::blocks(&file);
    if blocks.iter().any(Block::is_private) {
        return Err(format!(
            "{place} is a private key, and has no business in a build: give the public one, which \
             `lifeboot keygen` wrote beside it, or `openssl pkey -in {} -pubout` writes",
            path.display()
        ));
    }
    let wrong = |why: &str| {
        format!(
            "{place} is not an Ed25519 public key in PEM ({why}): `lifeboot keygen KEY.pem` makes \
             a pair, KEY.pem and KEY.pub.pem"
        )
    };
    let block = blocks.iter().find(|block| block.label == PUBLIC).ok_or_else(|| wrong("it has no PUBLIC KEY block"))?;
    if blocks.iter().any(|other| other.is_public() && other.bytes != block.bytes) {
        return Err(format!(
            "{place} holds more than one public key: put each into a file of its own, and name each file"
        ));
    }
    let bytes = block.bytes.as_ref().ok_or_else(|| wrong("its block is damaged"))?;
    let key = VerifyingKey::from_public_key_der(bytes).map_err(|error| wrong(&error.to_string()))?;
    if key.is_weak() {
        return Err(format!(
            "{place} is a weak key (of small order): anybody could sign for it. Do not trust where it came from; `lifeboot keygen KEY.pem` makes a good pair"
        ));
    }
    if !is_canonical(key.as_bytes()) {
        return Err(format!(
            "{place} is not written as RFC 8032 wants (its y is not below 2^255 - 19): no device would \
             take a signature for it. `lifeboot keygen KEY.pem` makes a good pair"
        ));
    }
    Ok((key.to_bytes(), block.is_demo))
}

/// Describes two files whose keys an image could not distinguish.
fn taken(first: &Path, second: &Path, of: &str, same: bool) -> String {
    let (first, second) = (first.display(), second.display());
    match same {
        true => format!("{first} and {second}{of} are the same key: leave one out"),
        false => format!(
            "{first} and {second}{of} have the same id, by which images name their key: make one of them \
             anew with `lifeboot keygen KEY.pem`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public half of RFC 8032, 7.1, test 1; and that of test 2.
    const KEYS: [&str; 2] = [
        "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
    ];

    #[test]
    fn a_file_with_two_keys_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = KEYS.map(|key| format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n"));
        let read = |text: String| {
            let path = folder.path().join("key.pem");
            fs::write(&path, text).unwrap();
            read_key(&path, "")
        };
        assert_eq!(read(one.clone()).unwrap(), read(format!("{one}{one}")).unwrap());
        let refused = read(format!("{one}{two}")).unwrap_err();
        assert!(refused.contains("key.pem holds more than one public key"), "{refused}");
    }
}
