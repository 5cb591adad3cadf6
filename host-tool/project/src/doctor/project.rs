//! The project's own files: `lifeboot.toml`, the board, keys, the bootloader.

use super::environment::Environment;
use super::finding::Finding;
use crate::board_file::BoardFile;
use crate::bootloader_build;
use crate::files::{self, Kind, near};
use crate::key_files::{self, KeyFileError, public_path};
use crate::settings::{FILE, Settings};
use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_artifact::hex;
use lifeboot_artifact::keys::{KeyError, PublicKey};
use lifeboot_core::info::key_id;
use miette::Diagnostic;
use std::path::{Path, PathBuf};

/// Returns the project's board, with its finding if a file is named.
pub(super) fn board(environment: &Environment) -> (Option<BoardFile>, Option<Finding>) {
    let Some(path) = &environment.board else { return (None, None) };
    let subject = format!("board {}", path.display());
    let (file, finding) = match BoardFile::read(path) {
        Ok(file) => {
            let text = format!("describes {}, with the chip {}", file.description.name, file.description.chip.name);
            (Some(file), Finding::ok(subject, text))
        }
        Err(error) => (None, wrong(subject, path, &error, "write one, or name another: --board BOARD.toml")),
    };
    (file, Some(finding.required(true)))
}

pub(super) fn examine(
    environment: &Environment,
    board: Option<&BoardFile>,
    about_board: Option<Finding>,
) -> Vec<Finding> {
    let (private, public) = keys(environment);
    let mut findings = vec![settings(environment)];
    findings.extend(about_board);
    findings.push(private);
    findings.extend(public.1);
    findings.extend(bootloader_keys(environment));
    findings.extend(bootloader(environment, board, public.0.as_ref()));
    findings
}

fn settings(environment: &Environment) -> Finding {
    match Settings::of_project(&environment.folder) {
        Ok(settings) if settings.path() == Some(Path::new(FILE)) => Finding::ok(FILE, "is valid"),
        Ok(settings) if settings.path().is_some() => {
            let path = settings.path().unwrap_or(Path::new(FILE));
            Finding::ok(FILE, format!("{} is valid", path.display()))
        }
        Ok(_) => Finding::missing(
            FILE,
            "there is none",
            "echo 'board = \"BOARD.toml\"' > lifeboot.toml, and so on: see docs/commands.md",
        ),
        Err(error) => Finding::broken(FILE, describe(&error), help(&error)).required(true),
    }
}

/// Returns the private key's finding; and the public key, with its finding if one is named.
fn keys(environment: &Environment) -> (Finding, (Option<PublicKey>, Option<Finding>)) {
    let mut public = None;
    let private = match &environment.key {
        None => {
            let text = "no private key is named: images cannot be signed here";
            let fix = "lifeboot keygen release.pem, then key = \"release.pem\" in lifeboot.toml";
            Finding::missing("key", text, fix)
        }
        Some(path) => private_key(path, &mut public).required(true),
    };
    let Some(path) = &environment.public_key else { return (private, (public, None)) };
    let subject = format!("public key {}", path.display());
    let finding = match key_files::public(path) {
        Ok(key) if public.as_ref().is_some_and(|half| half.to_bytes() != key.to_bytes()) => {
            let private = environment.key.as_deref().unwrap_or(path).display().to_string();
            let text = format!("is not the public half of {private}");
            Finding::broken(subject, text, format!("openssl pkey -in {private} -pubout -out {}", path.display()))
        }
        Ok(key) => {
            let finding = Finding::ok(subject, described(&key, ""));
            public = Some(key);
            finding
        }
        Err(error) => wrong(subject, path, &error, "give the one that lifeboot keygen wrote beside the private key"),
    };
    (private, (public, Some(finding.required(true))))
}

fn private_key(path: &Path, public: &mut Option<PublicKey>) -> Finding {
    let subject = format!("key {}", path.display());
    match key_files::private(path) {
        Ok(key) => {
            let half = key.public();
            let finding = Finding::ok(subject, described(&half, ", not encrypted"));
            *public = Some(half);
            finding
        }
        // The public file beside the private key says which key it is, if it exists.
        Err(KeyFileError::Key(KeyError::PassphraseNeeded(_))) => match key_files::public(&public_path(path)) {
            Ok(half) => {
                let finding = Finding::ok(subject, described(&half, ", encrypted"));
                *public = Some(half);
                finding
            }
            Err(_) => Finding::ok(subject, "encrypted"),
        },
        Err(error) => wrong(subject, path, &error, &format!("lifeboot keygen {}", path.display())),
    }
}

fn described(key: &PublicKey, more: &str) -> String {
    let demo = if key.is_demo() { "; a demo's throw-away key, which protects nothing" } else { "" };
    format!("id {}{more}{demo}", hex(&key.id()))
}

/// Returns the finding for an unusable file; if the file does not exist, `make` is the command that makes it.
fn wrong(subject: String, path: &Path, error: &dyn Diagnostic, make: &str) -> Finding {
    match path.exists() {
        true => Finding::broken(subject, describe(error), help(error)),
        false => Finding::missing(subject, "there is no such file", make),
    }
}

/// Checks the keys that the bootloader is to trust.
fn bootloader_keys(environment: &Environment) -> Vec<Finding> {
    let examine = |path: &PathBuf| {
        let subject = format!("bootloader key {}", path.display());
        match key_files::public(path) {
            Ok(key) => Finding::ok(subject, described(&key, "")),
            Err(error) => wrong(subject, path, &error, "give the .pub.pem that lifeboot keygen wrote"),
        }
    };
    environment.bootloader_keys.iter().map(|path| examine(path).required(true)).collect()
}

fn bootloader(environment: &Environment, board: Option<&BoardFile>, key: Option<&PublicKey>) -> Option<Finding> {
    let is_named = environment.bootloader.is_some();
    let path = match (&environment.bootloader, board) {
        (Some(path), _) => path.clone(),
        (None, Some(board)) => near(&bootloader_build::place(board)),
        // Without a path and a board, there is no bootloader to check.
        (None, None) => return None,
    };
    let subject = format!("bootloader {}", path.display());
    let public = environment.public_key.clone().or(environment.key.as_deref().map(public_path));
    let fix = bootloader_build::command(board, public.as_deref());
    if !path.exists() {
        return Some(Finding::missing(subject, "is not built", fix).required(is_named));
    }
    let broken = |error: &dyn Diagnostic| Finding::broken(&*subject, describe(error), &*fix).required(true);
    let bytes = match files::read(&path, Kind::Elf) {
        Ok(bytes) => bytes,
        Err(error) => return Some(broken(&error)),
    };
    let bootloader = match Bootloader::from_elf(&bytes) {
        Ok(bootloader) => bootloader,
        Err(error) => return Some(broken(&error)),
    };
    let (name, trusted) = (bootloader.board().name, bootloader.key_ids());
    let finding = match (board, key) {
        (Some(file), _) if file.description.name != name => {
            let text = format!("is for board {name}, and the project's is {}", file.description.name);
            Finding::broken(subject, text, fix)
        }
        (Some(file), _) if !file.board().fits(bootloader.board()) => {
            let text = format!("is for another flash map of board {name} than {} has", file.path.display());
            Finding::broken(subject, text, fix)
        }
        (_, Some(key)) if !bootloader.info().keys().iter().any(|known| key_id(known) == key.id()) => {
            let text = format!("trusts key {trusted}, and firmware is signed with {}", hex(&key.id()));
            Finding::broken(subject, text, fix)
        }
        _ if bootloader.info().demo_key() => {
            Finding::ok(subject, format!("for {name}, trusts a demo's throw-away key"))
        }
        _ => Finding::ok(subject, format!("for {name}, trusts key {trusted}")),
    };
    Some(finding.required(true))
}

/// Describes an error with its causes.
fn describe(error: &dyn Diagnostic) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words.push_str(&format!(": {error}"));
        source = error.source();
    }
    words
}

fn help(error: &dyn Diagnostic) -> String {
    error.help().map_or("see that you may read it".to_owned(), |help| help.to_string())
}
