//! The structure of the repository, held against what `ARCHITECTURE.md` says of it: which crate may use which, that no file
//! imports one that imports it, and that the words of the project's list are used; and that each seeded bug has its place in the
//! sources, so that a change which moves it fails long before the seeded bugs run.

#[expect(dead_code, reason = "it is run elsewhere")]
#[path = "../mutants/bug.rs"]
mod bug;
#[path = "../mutants/bugs/mod.rs"]
mod bugs;
mod circles;
mod crates;
mod imports;
mod modules;
#[expect(dead_code, reason = "it is run elsewhere")]
#[path = "../mutants/suite.rs"]
mod suite;
mod words;

use std::path::Path;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in a folder of the repository")
}

#[test]
fn each_seeded_bug_has_its_place() {
    let misplaced: Vec<_> = bugs::bugs()
        .filter_map(|bug| bug.place(&std::fs::read_to_string(root().join(bug.file)).unwrap()).err())
        .map(|error| error.to_string())
        .collect();
    assert!(misplaced.is_empty(), "{}", misplaced.join("\n"));
}
