//! The list of errors must be complete: it holds each text of the sources' `#[error("…")]` attributes, and each error
//! that reaches a user says in its help what to do.

use std::fs;
use std::path::Path;
use syn::{Attribute, Fields, Item, Lit, Meta};

/// Errors that are not in the list, as they cannot be caused here, and why.
const UNCAUSED: &[(&str, &str)] = &[
    ("ImageError::Table", "lifeboot sign sorts what it lists, and refuses what overlaps"),
    (
        "ImageError::OtherBoard",
        "a caller that has an image and a board has compared them before, in words of their own",
    ),
    ("FlashFileError::TooLarge", "no board has that much flash"),
    ("BootloaderBuildError::Colon", CARGO),
    ("BootloaderBuildError::NoTarget", CARGO),
    ("BootloaderBuildError::Start", CARGO),
    ("BootloaderBuildError::Failed", CARGO),
    ("RelinkError::Start", "every system has a shell, and cargo has been started before"),
    ("RelinkError::Temporary", "the folder for temporary files is there"),
    ("RelinkError::Another", "its words are in proofs.rs, with the cargo that causes it"),
    ("RelinkError::Failed", "as well"),
    ("SwuError::Archive", CONTAINER),
    ("SwuError::NoDescription", CONTAINER),
    ("SwuError::NoImage", CONTAINER),
    ("SwuError::NoDigest", CONTAINER),
    ("SwuError::Digest", CONTAINER),
    ("Error::NoStateFolder", "each user of this machine has a home folder"),
    ("Error::Signals", "this system lets a process handle its signals"),
    ("LogError::TooManyFiles", SYSTEM),
    ("LogError::Broken", SYSTEM),
    ("DriveError::Log", SYSTEM),
    ("InboxError::Watch", SYSTEM),
    ("LogError::Format", "only another version of this program writes one, with its checksum"),
    ("ReplayError", CHECKSUMS),
    ("EventError::NotStarted", CHECKSUMS),
    ("EventError::StartedBefore", CHECKSUMS),
    ("EventError::NotDue", CHECKSUMS),
    ("EventError::NotInFlight", CHECKSUMS),
    ("EventError::UnknownDevice", DRIVER),
    ("EventError::NoSuchEnding", DRIVER),
    ("EventError::NotUntouched", DRIVER),
    ("EventError::NotPaused", DRIVER),
    ("EventError::UnknownWave", DRIVER),
    ("EventError::NoApprovalNeeded", DRIVER),
    ("Unreadable", "only this command writes orders"),
    ("DefinitionError::NoDevices", FLEET_FILE),
    ("DefinitionError::EmptyWave", FLEET_FILE),
    ("DefinitionError::TwoTimes", FLEET_FILE),
    ("DefinitionError::NoImage", "the command line wants one"),
    ("DdiError::Transport", LOGGED),
    ("DdiError::Token", LOGGED),
    ("DdiError::Gone", LOGGED),
    ("DdiError::Status", LOGGED),
    ("DdiError::Answer", LOGGED),
    ("CacheError::Digest", LOGGED),
    ("CacheError::Incomplete", LOGGED),
    ("ProbeError::NoProbe", PROBE),
    ("ProbeError::Missing", PROBE),
    ("ProbeError::Several", PROBE),
    ("ProbeError::Permission", PROBE),
    ("ProbeError::Selector", PROBE),
    ("ProbeError::Chip", PROBE),
    ("ProbeError::ChipNeeded", PROBE),
    ("ProbeError::Attach", PROBE),
    ("ProbeError::Flash", PROBE),
    ("ProbeError::Reset", PROBE),
];

const PROBE: &str = "only with the cargo feature probe, whose own tests have its words: probe/src/flasher/tests.rs";

const CONTAINER: &str =
    "a command writes containers; what reads them is the gateway: artifact/src/swu.rs tests the words";

const CARGO: &str = "its words are in bootloader_build.rs, with the cargo that causes it";

const SYSTEM: &str = "only on a system that refuses what it has granted before, such as one with a full disk";

const DRIVER: &str = "the command asks for nothing of the kind; the rollout's core refuses it, in fleet's own tests";

const CHECKSUMS: &str = "a log that was changed by hand does not match its checksums";

const FLEET_FILE: &str = "fleet.toml is refused before, with the line";

const LOGGED: &str = "the gateway logs it and tries again: gateway/tests has what it then does";

/// An error as the sources declare it.
struct Declared {
    /// Type and variant.
    name: String,
    /// The pieces of its text between the values.
    pieces: Vec<String>,
    has_help: bool,
}

#[test]
fn every_error_is_listed() {
    let listed = ["host.txt", "serial.txt"].map(|name| {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors").join(name)).unwrap_or_default()
    });
    let lines: Vec<&str> = listed.iter().flat_map(|text| text.lines()).collect();
    let (mut missing, mut helpless) = (Vec::new(), Vec::new());
    let declared = declared();
    for Declared { name, pieces, has_help } in &declared {
        let is_listed = lines.iter().any(|line| contains_in_order(line, pieces));
        let is_uncaused = UNCAUSED.iter().any(|(uncaused, _)| uncaused == name);
        if is_listed == is_uncaused {
            missing.push(format!("{name}: {}", pieces.join("…")));
        }
        if !has_help {
            helpless.push(name.clone());
        }
    }
    assert!(
        missing.is_empty(),
        "not in the list of errors, or there though it is said that it cannot be:\n{}",
        missing.join("\n")
    );
    assert_eq!(helpless, [""; 0], "errors without help");
    for (name, _) in UNCAUSED {
        assert!(declared.iter().any(|declared| declared.name == *name), "there is no error {name}");
    }
    assert!(declared.len() > 100, "the sources were not read");
}

/// Whether a line holds these pieces one after the other.
fn contains_in_order(line: &str, pieces: &[String]) -> bool {
    let mut rest = line;
    pieces.iter().all(|piece| match rest.find(piece.as_str()) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

fn declared() -> Vec<Declared> {
    let mut declared = Vec::new();
    let command = Path::new(env!("CARGO_MANIFEST_DIR"));
    for layer in ["", "artifact", "client", "fleet", "gateway", "logs", "probe", "project", "report", "serial"] {
        read(&command.join(layer).join("src"), &mut declared);
    }
    declared
}

fn read(folder: &Path, declared: &mut Vec<Declared>) {
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            read(&path, declared);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            file.items.iter().for_each(|item| declare(item, declared));
        }
    }
}

fn declare(item: &Item, declared: &mut Vec<Declared>) {
    let mut add = |name: String, attributes: &[Attribute], of_type: &[Attribute]| {
        let Some(text) = attributes.iter().find_map(text) else { return };
        // An error that is only the cause of other errors has no help.
        let is_cause = !of_type
            .iter()
            .any(|attribute| tokens(attribute, "derive").is_some_and(|derived| derived.contains("Diagnostic")));
        let has_help = is_cause
            || attributes
                .iter()
                .any(|attribute| tokens(attribute, "diagnostic").is_some_and(|text| text.starts_with("help")));
        declared.push(Declared { name, pieces: pieces(&text), has_help });
    };
    match item {
        Item::Enum(item) => {
            for variant in &item.variants {
                let is_error = variant.attrs.iter().any(|attribute| text(attribute).is_some());
                let has_three = matches!(&variant.fields, Fields::Unnamed(fields) if fields.unnamed.len() > 2);
                assert!(!is_error || !has_three, "{}::{}: name the fields", item.ident, variant.ident);
                add(format!("{}::{}", item.ident, variant.ident), &variant.attrs, &item.attrs);
            }
        }
        Item::Struct(item) => add(item.ident.to_string(), &item.attrs, &item.attrs),
        _ => {}
    }
}

/// The text of an `#[error("…")]`; `None` if it is another error's.
fn text(attribute: &Attribute) -> Option<String> {
    let Meta::List(list) = &attribute.meta else { return None };
    if !attribute.path().is_ident("error") {
        return None;
    }
    let first = list.tokens.clone().into_iter().next()?.to_string();
    match syn::parse_str(&first) {
        Ok(Lit::Str(text)) => Some(text.value()),
        _ => None,
    }
}

fn tokens(attribute: &Attribute, name: &str) -> Option<String> {
    match &attribute.meta {
        Meta::List(list) if attribute.path().is_ident(name) => Some(list.tokens.to_string()),
        _ => None,
    }
}

/// The pieces of a format between its values.
fn pieces(format: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut rest = format.chars().peekable();
    while let Some(letter) = rest.next() {
        let piece = pieces.last_mut().unwrap();
        match letter {
            '{' if rest.peek() == Some(&'{') => piece.extend(rest.next()),
            '}' if rest.peek() == Some(&'}') => piece.extend(rest.next()),
            '{' => {
                rest.by_ref().find(|letter| *letter == '}');
                pieces.push(String::new());
            }
            _ => piece.push(letter),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
