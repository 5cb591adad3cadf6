//! Puts the keys into the bootloader, renders its linker script from the board's flash map, and stops the build where
//! the result would be insecure or several times too large.

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::DecodePublicKey;
use lifeboot_core::info::{KEYS, key_id};
use lifeboot_core::layout::{self, Board};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Stands before the key in the files of `lifeboot keygen --demo`.
const DEMO_MARK: &str = "Lifeboot demo key";

fn main() {
    if let Err(message) = run() {
        println!("cargo::error={message}");
    }
}

fn run() -> Result<(), String> {
    println!("cargo::rerun-if-changed=link.x");
    println!("cargo::rerun-if-env-changed=LIFEBOOT_KEYS");
    require_compact_sha2()?;
    let board = board()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("memory.x"), board.bootloader_memory_x().to_string()).map_err(|error| error.to_string())?;
    fs::write(out.join("keys.rs"), keys()?).map_err(|error| error.to_string())?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-T{}/link.x", env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    if env::var_os("CARGO_FEATURE_DEFMT").is_some() {
        println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    }
    Ok(())
}

/// The unrolled SHA-2 would triple the bootloader; its form is chosen by a compiler flag that another setting of
/// RUSTFLAGS silently replaces.
fn require_compact_sha2() -> Result<(), String> {
    println!("cargo::rerun-if-env-changed=RUSTFLAGS");
    match env::var("CARGO_CFG_SHA2_BACKEND_SOFT").as_deref() {
        Ok("compact") => Ok(()),
        _ => Err("the compact SHA-2 is not chosen, so the bootloader would not fit: .cargo/config.toml passes \
                  --cfg sha2_backend_soft=\"compact\"; if you set RUSTFLAGS, add that to it"
            .to_owned()),
    }
}

fn board() -> Result<&'static Board, String> {
    if env::var_os("CARGO_FEATURE_MICROBIT").is_some() {
        return Ok(&layout::MICROBIT);
    }
    if env::var_os("CARGO_FEATURE_PICO").is_some() {
        return Ok(&layout::PICO);
    }
    if env::var_os("CARGO_FEATURE_STM32F405").is_some() {
        return Ok(&layout::STM32F405);
    }
    Err("no board is chosen: build with --features microbit, or another board's".to_owned())
}

/// Rust source with the public keys of the files in LIFEBOOT_KEYS.
fn keys() -> Result<String, String> {
    let list = env::var_os("LIFEBOOT_KEYS").filter(|list| !list.is_empty()).ok_or(
        "no key: set LIFEBOOT_KEYS to the public key files (PEM, separated by colons) that firmware will be signed \
         for; `lifeboot keygen` makes a pair. There is no default key",
    )?;
    let mut keys = Vec::new();
    let mut demo = false;
    for path in env::split_paths(&list) {
        let (key, demo_key) = read_key(&path)?;
        demo |= demo_key;
        keys.push(key);
    }
    if keys.len() > KEYS {
        return Err(format!("LIFEBOOT_KEYS names {} keys; a bootloader holds at most {KEYS}", keys.len()));
    }
    for (index, key) in keys.iter().enumerate() {
        if keys[..index].iter().any(|other| key_id(other) == key_id(key)) {
            return Err("LIFEBOOT_KEYS names a key twice, or two keys with the same id: leave one out".to_owned());
        }
    }
    let mut source = String::new();
    writeln!(source, "const KEYS: [[u8; 32]; {}] = {keys:?};", keys.len()).map_err(|error| error.to_string())?;
    writeln!(source, "const DEMO_KEY: bool = {demo};").map_err(|error| error.to_string())?;
    Ok(source)
}

fn read_key(path: &Path) -> Result<([u8; 32], bool), String> {
    println!("cargo::rerun-if-changed={}", path.display());
    let place = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {place} of LIFEBOOT_KEYS (give absolute paths): {error}"))?;
    let begin = text.find("-----BEGIN").unwrap_or_default();
    let key = VerifyingKey::from_public_key_pem(&text[begin..]).map_err(|error| {
        format!(
            "{place} of LIFEBOOT_KEYS is not an Ed25519 public key in PEM ({error}); from a private one, \
                 `openssl pkey -in KEY.pem -pubout` makes it"
        )
    })?;
    if key.is_weak() {
        return Err(format!("{place} of LIFEBOOT_KEYS is a weak key (of small order): anybody could sign for it"));
    }
    Ok((key.to_bytes(), text[..begin].contains(DEMO_MARK)))
}
