//! The structure of the repository, held against what `ARCHITECTURE.md` says of it: which crate may use which, that no file
//! imports one that imports it, and that the words of the project's list are used.

mod circles;
mod crates;
mod imports;
mod modules;
mod words;

use std::path::Path;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in a folder of the repository")
}
