//! What is wrong with a `fleet.toml`.

use crate::definition::DefinitionError;
use miette::Diagnostic;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a fleet cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum FleetError {
    /// Its file has an error.
    #[error("{}:{line}: {what}", .path.display())]
    #[diagnostic(help("{help}"))]
    File {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
        /// What to do, with the nearest legal value.
        help: String,
    },
    /// Its rollout contradicts itself.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Definition(#[from] DefinitionError),
}

/// What is wrong with a value, whose place only the caller knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub what: String,
    pub help: String,
}

/// Returns an error without its place.
pub fn wrong<T>(what: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { what: what.into(), help: help.into() })
}

/// The text that a fleet is read from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub path: &'a Path,
    /// Where its lines begin.
    pub starts: &'a [usize],
}

/// Returns where the lines of a text begin.
pub fn starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

impl Source<'_> {
    /// Returns the line of the byte at `at`, counted from 1.
    pub fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// Returns the error with its place.
    pub fn error(&self, at: usize, Wrong { what, help }: Wrong) -> FleetError {
        FleetError::File { path: self.path.to_owned(), line: self.line(at), what, help }
    }
}
