//! The pages of this repository, compared with what they describe: commands and options, tests, files, links, flash
//! maps, and the formats, which are rendered from the sources.

mod commands;
mod flash_maps;
mod formats;
mod gateway;
mod links;
mod markdown;
mod messages;
mod rustdoc;
mod security;

use lifeboot_tests::product;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes the pages that are rendered, instead of comparing them.
const BLESS: &str = "LIFEBOOT_BLESS";

/// The text of a page, by its path in the repository.
fn page(name: &str) -> String {
    read(&product::root().join(name))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page of the repository, by its path in it.
fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    markdown_files(product::root(), &mut found);
    found.sort();
    assert!(found.len() > 10, "only these pages were found: {found:?}");
    found
}

fn markdown_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            markdown_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path.strip_prefix(product::root()).unwrap().to_owned());
        }
    }
}

/// The README must be short enough to be read to the end.
#[test]
fn the_readme_is_short() {
    let lines = page("README.md").lines().count();
    assert!(lines <= 150, "the README has {lines} lines: move what not everybody needs to docs/");
}

/// Compares a page with its rendering, or writes it if `LIFEBOOT_BLESS` is set.
fn is_rendered(name: &str, rendered: &str) {
    if std::env::var_os(BLESS).is_some() {
        // Atomically, as other tests read the pages meanwhile.
        let path = product::root().join(name);
        fs::write(path.with_extension("new"), rendered).unwrap();
        fs::rename(path.with_extension("new"), path).unwrap();
    }
    let written = page(name);
    let remedy = format!("{BLESS}=1 cargo test -p lifeboot-tests pages writes {name} again");
    for (written, rendered) in written.lines().zip(rendered.lines()) {
        assert_eq!(written, rendered, "{remedy}");
    }
    assert_eq!(written, rendered, "{remedy}");
}
