//! Writes the keys into the bootloader, renders its linker script and its constants from the board file that LIFEBOOT_BOARD
//! names, and fails the build if the result would be insecure or several times too large.

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::DecodePublicKey;
use lifeboot_board::chip::Family;
use lifeboot_board::{BoardDescription, ReadError, pins};
use lifeboot_core::info::{KEYS, key_id};
use lifeboot_core::signature::is_canonical;
use lifeboot_pem::{Block, PUBLIC};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    if let Err(message) = run() {
        println!("cargo::error={message}");
    }
}

fn run() -> Result<(), String> {
    println!("cargo::rerun-if-changed=link.x");
    println!("cargo::rerun-if-env-changed=LIFEBOOT_KEYS");
    require_compact_sha2()?;
    refuse_incremental()?;
    let board = board()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let constants = board.constants("lifeboot_core::layout") + &board.bootloader_constants();
    for (file, content) in
        [("memory.x", board.board().bootloader_memory_x().to_string()), ("board.rs", constants), ("keys.rs", keys()?)]
    {
        fs::write(out.join(file), content).map_err(|error| error.to_string())?;
    }
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-T{}/link.x", env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    if env::var_os("CARGO_FEATURE_DEFMT").is_some() {
        println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    }
    Ok(())
}

/// The unrolled SHA-2 would triple the bootloader's size. A compiler flag chooses the compact one, and another setting
/// of RUSTFLAGS silently replaces that flag.
fn require_compact_sha2() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed=RUSTFLAGS");
    match env::var("CARGO_CFG_SHA2_BACKEND_SOFT").as_deref() {
        Ok("compact") => Ok(()),
        _ => Err("the compact SHA-2 is not chosen, so the bootloader would not fit: .cargo/config.toml passes \
                  --cfg sha2_backend_soft=\"compact\"; if you set RUSTFLAGS, add that to it"
            .to_owned()),
    }
}

/// All measurements and the test that skips each instruction hold for the code that the profile produces. Incremental
/// compilation produces other code, which does not even link for every board.
fn refuse_incremental() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed=CARGO_INCREMENTAL");
    match env::var("CARGO_INCREMENTAL").as_deref() {
        Ok("1") => Err("CARGO_INCREMENTAL=1 makes another bootloader than the one that is tested: build it with \
                        CARGO_INCREMENTAL=0"
            .to_owned()),
        _ => Ok(()),
    }
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
    let found = lifeboot_board::read(&path).map_err(|error| match error {
        ReadError::Io { .. } => format!("{error} (LIFEBOOT_BOARD must be an absolute path, as in {EXAMPLE})"),
        error => error.to_string(),
    })?;
    found.files.iter().for_each(|file| println!("cargo::rerun-if-changed={}", file.display()));
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

/// Returns Rust source with the public keys of the files in LIFEBOOT_KEYS.
fn keys() -> Result<String, String> {
    let list = env::var_os("LIFEBOOT_KEYS").filter(|list| !list.is_empty()).ok_or(
        "no key: set LIFEBOOT_KEYS to the public key files (PEM, separated by colons) that firmware will be signed \
         for; `lifeboot keygen` makes a pair. There is no default key",
    )?;
    let paths: Vec<PathBuf> = env::split_paths(&list).collect();
    if paths.len() > KEYS {
        let count = paths.len();
        return Err(format!("LIFEBOOT_KEYS names {count} keys, and a bootloader holds {KEYS} at most: leave some out"));
    }
    let mut keys: Vec<[u8; 32]> = Vec::new();
    let mut demo = false;
    for path in &paths {
        let (key, demo_key) = read_key(path)?;
        if let Some(index) = keys.iter().position(|other| key_id(other) == key_id(&key)) {
            return Err(taken(&paths[index], path, keys[index] == key));
        }
        demo |= demo_key;
        keys.push(key);
    }
    let mut source = String::new();
    writeln!(source, "const KEYS: [[u8; 32]; {}] = {keys:?};", keys.len()).map_err(|error| error.to_string())?;
    writeln!(source, "const DEMO_KEY: bool = {demo};").map_err(|error| error.to_string())?;
    Ok(source)
}

fn read_key(path: &Path) -> Result<([u8; 32], bool), String> {
    println!("cargo::rerun-if-changed={}", path.display());
    let place = path.display();
    let file = fs::read(path)
        .map_err(|error| format!("cannot read {place} of LIFEBOOT_KEYS (give absolute paths): {error}"))?;
    let blocks = lifeboot_pem::blocks(&file);
    if blocks.iter().any(Block::is_private) {
        return Err(format!(
            "{place} of LIFEBOOT_KEYS is a private key, and has no business in a build: give the public one, which \
             `lifeboot keygen` wrote beside it, or `openssl pkey -in {place} -pubout` writes"
        ));
    }
    let wrong = |why: &str| {
        format!(
            "{place} of LIFEBOOT_KEYS is not an Ed25519 public key in PEM ({why}): `lifeboot keygen KEY.pem` makes \
             a pair, KEY.pem and KEY.pub.pem"
        )
    };
    let block = blocks.iter().find(|block| block.label == PUBLIC).ok_or_else(|| wrong("it has no PUBLIC KEY block"))?;
    let bytes = block.bytes.as_ref().ok_or_else(|| wrong("its block is damaged"))?;
    let key = VerifyingKey::from_public_key_der(bytes).map_err(|error| wrong(&error.to_string()))?;
    if key.is_weak() {
        return Err(format!(
            "{place} of LIFEBOOT_KEYS is a weak key (of small order): anybody could sign for it. Do not trust where it came from; `lifeboot keygen KEY.pem` makes a good pair"
        ));
    }
    if !is_canonical(key.as_bytes()) {
        return Err(format!(
            "{place} of LIFEBOOT_KEYS is not written as RFC 8032 wants (its y is not below 2^255 - 19): no device would \
             take a signature for it. `lifeboot keygen KEY.pem` makes a good pair"
        ));
    }
    Ok((key.to_bytes(), block.is_demo))
}

/// Describes two files whose keys an image could not distinguish.
fn taken(first: &Path, second: &Path, same: bool) -> String {
    let (first, second) = (first.display(), second.display());
    match same {
        true => format!("{first} and {second} of LIFEBOOT_KEYS are the same key: leave one out"),
        false => format!(
            "{first} and {second} of LIFEBOOT_KEYS have the same id, by which images name their key: make one of them \
             anew with `lifeboot keygen KEY.pem`"
        ),
    }
}
