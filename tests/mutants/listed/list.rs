//! The mutants that cargo-mutants lists.

use crate::build::source;
use anyhow::{Context, Result, ensure};
use lifeboot_tests::{product, setup};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::process::{Command, Stdio};

/// The packages whose mutants are tried.
const PACKAGES: [&str; 3] = ["lifeboot-core", "lifeboot-updater", "lifeboot-wire"];

/// What is built with the compact verifier only, which has tests of its own.
const NOT_BUILT: &str = "bootloader/core/src/signature/compact.rs";

/// A mutant.
#[derive(Debug)]
pub struct Mutant {
    /// The file, from the root.
    pub file: String,
    /// What is changed, and in which function.
    pub what: String,
    /// The line as it then reads; empty if more than a line is changed.
    pub line: String,
    /// The function; `None` if it is in none.
    pub function: Option<Function>,
    /// What is replaced, in bytes of the file.
    pub place: Range<usize>,
    /// By what.
    pub to: String,
}

/// A function that has mutants.
#[derive(Debug, Deserialize)]
pub struct Function {
    /// Its name, behind that of its type.
    #[serde(rename = "function_name")]
    pub name: String,
    /// What it returns, with the arrow before it; empty if nothing.
    #[serde(rename = "return_type")]
    pub returns: String,
}

/// A mutant, as cargo-mutants prints it.
#[derive(Deserialize)]
struct Printed {
    file: String,
    /// Begins with the file, the line and the column.
    name: String,
    function: Option<Function>,
    replacement: String,
    span: Span,
}

#[derive(Deserialize)]
struct Span {
    start: Position,
    end: Position,
}

/// A place in a file; both count from 1, columns in characters.
#[derive(Deserialize)]
struct Position {
    line: usize,
    column: usize,
}

/// Lists the mutants of the sources as they are.
pub fn mutants() -> Result<Vec<Mutant>> {
    let mut program = Command::new(setup::cargo_mutants()?);
    program.args(["mutants", "--list", "--json", "--no-config"]).current_dir(product::root());
    program.args(["--exclude", NOT_BUILT]);
    program.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    let output = program.stdin(Stdio::null()).output().context("cannot run cargo-mutants")?;
    ensure!(output.status.success(), "cargo-mutants failed:\n{}", String::from_utf8_lossy(&output.stderr));
    let printed: Vec<Printed> = serde_json::from_slice(&output.stdout)?;
    let mut sources = BTreeMap::new();
    let mut mutants = Vec::new();
    for Printed { file, name, function, replacement: to, span } in printed {
        if !sources.contains_key(&file) {
            sources.insert(file.clone(), source(&file)?);
        }
        let text = &sources[&file];
        let place = offset(text, &span.start)?..offset(text, &span.end)?;
        let (_, what) = name.split_once(": ").with_context(|| format!("cannot read the name {name}"))?;
        let line = line(text, &place, &to);
        mutants.push(Mutant { what: what.to_owned(), file, line, function, place, to });
    }
    Ok(mutants)
}

/// A place in bytes.
fn offset(text: &str, position: &Position) -> Result<usize> {
    let before: usize = text.split_inclusive('\n').take(position.line - 1).map(str::len).sum();
    let mut ends = text[before..].char_indices().map(|(at, _)| at).chain([text.len() - before]);
    Ok(before + ends.nth(position.column - 1).context("cargo-mutants names a place behind the file's end")?)
}

/// The line of a text that has a part replaced, as it then reads; empty if the part is more than a line.
fn line(text: &str, place: &Range<usize>, to: &str) -> String {
    let start = text[..place.start].rfind('\n').map_or(0, |end| end + 1);
    let end = text[place.end..].find('\n').map_or(text.len(), |length| place.end + length);
    if text[place.clone()].contains('\n') {
        return String::new();
    }
    [&text[start..place.start], to, &text[place.end..end]].concat().trim().to_owned()
}
