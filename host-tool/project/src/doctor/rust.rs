//! The Rust toolchain: compiler, core libraries of the targets, linker.

use super::environment::Environment;
use super::finding::Finding;
use super::programs::{on_path, output};
use crate::board_file::BoardFile;
use crate::files::{self, Kind};
use lifeboot_board::chip::Core;
use std::fs;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The oldest compiler that builds Lifeboot.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");
const RUSTUP: &str =
    "install Rust from https://rustup.rs: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";

pub(super) fn examine(environment: &Environment, board: Option<&BoardFile>) -> Vec<Finding> {
    let is_needed = environment.board.is_some();
    let Some(rustc) = on_path(&environment.path, "rustc") else {
        return vec![Finding::missing("Rust", "there is no rustc", RUSTUP).required(is_needed)];
    };
    let mut findings = vec![compiler(&rustc, &environment.folder).required(is_needed)];
    let triples = match board {
        Some(file) => vec![file.description.chip.core.target()],
        None => [Core::CortexM0, Core::CortexM4].map(Core::target).to_vec(),
    };
    for triple in &triples {
        findings.push(target(&rustc, triple, &environment.folder).required(board.is_some()));
    }
    // Firmware may be built for a core with a floating-point unit, which the bootloader does without.
    if let Some(own) = own_target(&environment.folder).filter(|own| !triples.contains(&own.as_str())) {
        findings.push(target(&rustc, &own, &environment.folder).required(is_needed));
    }
    findings.push(linker(&rustc, &environment.folder).required(is_needed));
    findings
}

/// Returns the target that cargo builds the project for by its configuration (The Cargo Book, Configuration, `build.target`), from
/// this folder upwards; `None` if it names none, or is not for a microcontroller.
fn own_target(folder: &Path) -> Option<String> {
    let configurations = folder.ancestors().map(|folder| folder.join(".cargo/config.toml"));
    configurations.filter(|path| path.is_file()).find_map(|path| {
        let text = files::read_text(&path, Kind::Settings).ok()?;
        let table = DeTable::parse(&text).ok()?;
        let target = table.get_ref().get("build")?.get_ref().get("target")?.get_ref().as_str()?.to_owned();
        Some(target).filter(|target| target.contains("-none-"))
    })
}

fn compiler(rustc: &Path, folder: &Path) -> Finding {
    let text = match output(rustc, &["--version"], folder) {
        Ok(text) => text.trim_end().to_owned(),
        Err(why) => return Finding::broken("Rust", why, RUSTUP),
    };
    let version = text.split(' ').nth(1).and_then(|version| semver::Version::parse(version).ok());
    let oldest = semver::Version::parse(&format!("{OLDEST}.0")).ok();
    match (version, oldest) {
        // A nightly of the oldest version sorts before it, but is new enough.
        (Some(version), Some(oldest)) if (version.major, version.minor) < (oldest.major, oldest.minor) => {
            Finding::broken("Rust", format!("{text} is too old: Lifeboot needs {OLDEST}"), "rustup update stable")
        }
        (Some(_), _) => Finding::ok("Rust", text),
        (None, _) => Finding::broken("Rust", format!("does not say its version: {text:?}"), RUSTUP),
    }
}

fn target(rustc: &Path, triple: &str, folder: &Path) -> Finding {
    let subject = format!("target {triple}");
    let fix = format!("rustup target add {triple}");
    let library = match output(rustc, &["--print", "target-libdir", "--target", triple], folder) {
        Ok(text) => PathBuf::from(text.trim_end()),
        Err(why) => return Finding::broken(subject, why, RUSTUP),
    };
    match holds(&library, |name| name.starts_with("libcore-") && name.ends_with(".rlib")) {
        true => Finding::ok(subject, "is installed"),
        false => Finding::missing(subject, "its core library is not installed", fix),
    }
}

/// Checks the linker that comes with Rust, which links the firmware.
fn linker(rustc: &Path, folder: &Path) -> Finding {
    let subject = "linker rust-lld";
    let sysroot = match output(rustc, &["--print", "sysroot"], folder) {
        Ok(text) => PathBuf::from(text.trim_end()),
        Err(why) => return Finding::broken(subject, why, RUSTUP),
    };
    let hosts = fs::read_dir(sysroot.join("lib/rustlib")).into_iter().flatten().flatten();
    let linker = hosts.map(|host| host.path().join("bin/rust-lld")).find(|path| path.is_file());
    match linker {
        Some(_) => Finding::ok(subject, "comes with this Rust"),
        None => Finding::missing(subject, format!("this Rust, in {}, has none", sysroot.display()), RUSTUP),
    }
}

fn holds(folder: &Path, wanted: impl Fn(&str) -> bool) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.into_iter().any(|file| wanted(&file.file_name().to_string_lossy()))
}
