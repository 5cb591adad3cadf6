//! Provides the bootloader's linker script; and for the chips here the constants of a board, and the keys. Fails the build if the
//! result would be insecure or several times too large.

use std::path::PathBuf;
use std::{env, fs};

/// Nothing initialises RAM before the bootloader runs, unless its chip's code asks for it (feature `statics`).
const NO_STATICS: &str = "
ASSERT(SIZEOF(.data) == 0, \"the bootloader has initialised data: the feature statics of lifeboot-bootloader initialises it\");
ASSERT(SIZEOF(.bss) == 0, \"the bootloader has static variables: the feature statics of lifeboot-bootloader initialises them\");
";

fn main() {
    if let Err(message) = run() {
        println!("cargo::error={message}");
    }
}

fn run() -> Result<(), String> {
    println!("cargo::rerun-if-changed=link.x");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system != "none") {
        return Ok(());
    }
    require_compact_sha2()?;
    refuse_incremental()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let statics = if has_feature("STATICS") { "" } else { NO_STATICS };
    // `BOOT_STACK` or `COMPACT_BOOT_STACK` of core's handover.
    let stack = if has_feature("COMPACT") { 4032 } else { 8960 };
    let script = format!("_lifeboot_stack_length = {stack};\n{}{statics}", include_str!("link.x"));
    fs::write(out.join("lifeboot-bootloader.x"), script).map_err(|error| error.to_string())?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlifeboot-bootloader.x");
    if has_feature("DEFMT") {
        println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    }
    #[cfg(feature = "chip")]
    lifeboot_build::built_in_bootloader();
    Ok(())
}

fn has_feature(name: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{name}")).is_some()
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
