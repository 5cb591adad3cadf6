//! Seeing files change, building, and the versions between two releases.

use crate::admissions::status;
use lifeboot_client::state::next_version;
use lifeboot_core::Version;
use lifeboot_project::watch::{Build, Building, Built, Changes, WatchError};
use lifeboot_wire::{self as wire, Outcome, OutcomeEnding, ResetCause, SlotContent, Status};
use std::path::Path;
use std::time::Duration;
use std::{fs, thread};

/// Whether a change settles, before one would take it to hang.
fn settles(changes: &mut Changes) -> bool {
    (0..100).any(|_| {
        thread::sleep(Duration::from_millis(50));
        changes.have_settled()
    })
}

#[test]
fn sources_that_change_are_seen_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["src/deep", "target/debug", ".git"] {
        fs::create_dir_all(at(name)).unwrap();
    }
    fs::write(at("src/deep/main.rs"), "1").unwrap();
    let mut changes = Changes::in_folders(&[folder.path().to_owned()], &[at("target")]).unwrap();
    // Reads are no change, nor are changes of build output or hidden files.
    fs::read(at("src/deep/main.rs")).unwrap();
    fs::write(at("target/debug/app"), "1").unwrap();
    fs::write(at(".git/index"), "1").unwrap();
    fs::write(at("src/.main.rs.swp"), "1").unwrap();
    thread::sleep(Duration::from_millis(500));
    assert!(!changes.have_settled());
    // Several changes at once count as one.
    fs::write(at("src/deep/main.rs"), "2").unwrap();
    fs::write(at("Cargo.toml"), "2").unwrap();
    assert!(settles(&mut changes), "a change was not seen");
    assert!(!changes.have_settled());
}

#[test]
fn a_file_may_be_written_or_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("app.elf"), "1").unwrap();
    let mut changes = Changes::of_file(&at("app.elf")).unwrap();
    fs::write(at("other.elf"), "1").unwrap();
    thread::sleep(Duration::from_millis(500));
    assert!(!changes.have_settled());
    fs::write(at("app.elf"), "2").unwrap();
    assert!(settles(&mut changes), "it was written");
    fs::rename(at("other.elf"), at("app.elf")).unwrap();
    assert!(settles(&mut changes), "it was replaced");
    let missing = Changes::of_file(&at("none.elf")).err().unwrap();
    assert!(missing.to_string().starts_with("cannot watch "), "{missing}");
}

fn ended(mut building: Building) -> Result<Built, WatchError> {
    loop {
        if let Some(built) = building.poll()? {
            return Ok(built);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_build_is_cargos_or_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("src")).unwrap();
    fs::write(at("Cargo.toml"), "[package]\nname = \"app\"\nversion = \"0.3.1\"\nedition = \"2024\"\n[workspace]\n")
        .unwrap();
    fs::write(at("src/main.rs"), "fn main() {}").unwrap();
    let [manifest, target] = [at("Cargo.toml"), at("target")].map(|path| path.display().to_string());
    let arguments = ["--offline", "--quiet", "--manifest-path", &manifest, "--target-dir", &target];
    let cargo = Build::Cargo { arguments: arguments.map(str::to_owned).to_vec(), elf: None };
    let Ok(Built::Program(app)) = ended(cargo.start().unwrap()) else { panic!("it was not built") };
    assert!(app.starts_with(at("target")) && app.is_file(), "{}", app.display());
    fs::write(at("src/main.rs"), "fn main() { nonsense }").unwrap();
    assert_eq!(ended(cargo.start().unwrap()).unwrap(), Built::Failed);
    fs::create_dir(at("src/bin")).unwrap();
    fs::write(at("src/main.rs"), "fn main() {}").unwrap();
    fs::write(at("src/bin/second.rs"), "fn main() {}").unwrap();
    let several = ended(cargo.start().unwrap()).unwrap_err();
    assert!(matches!(&several, WatchError::SeveralPrograms { names } if names.len() == 2), "{several:?}");

    let made = at("made.elf");
    let command = |line: String| Build::Command { line, elf: made.clone() }.start().unwrap();
    assert_eq!(ended(command("exit 3".to_owned())).unwrap(), Built::Failed);
    assert_eq!(ended(command(format!("echo > {}", made.display()))).unwrap(), Built::Program(made.clone()));
    assert!(Path::new(&made).exists());
}

#[test]
fn each_push_has_a_version_of_its_own() {
    let version = |minor, build| wire::Version { major: 1, minor, patch: 0, build };
    let base = Version { major: 1, minor: 2, patch: 0, build: 0 };
    let running = SlotContent::Image { version: version(1, 9), epoch: 0, digest: [0; 16] };
    let mut status = Status { slots: [running, SlotContent::Empty], ..status() };
    assert_eq!(next_version(base, &status), base);
    status.slots[1] = SlotContent::Image { version: version(2, 0), epoch: 0, digest: [0; 16] };
    assert_eq!(next_version(base, &status).build, 1);
    // One that was rejected and is gone counts, too.
    let (ending, cause) = (OutcomeEnding::NotConfirmed, ResetCause::Fault);
    status.outcome =
        Some(Outcome { ending, slot: wire::Slot::B, cause, version: version(2, 7), digest: [0; 16], fault: None });
    assert_eq!(next_version(base, &status).build, 8);
    assert_eq!(next_version(Version { build: 100, ..base }, &status).build, 100);
}
