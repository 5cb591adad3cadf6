//! What is wrong with a board file.

use std::path::{Path, PathBuf};
use thiserror::Error;

/// An error in a board file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}:{line}: {what}", .path.display())]
pub struct BoardError {
    /// The file.
    pub path: PathBuf,
    /// The line of the value in question, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do, with the nearest legal value.
    pub help: String,
}

/// What is wrong with a value, whose place only the caller knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// Returns an error without its place.
pub fn wrong<T>(what: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { what: what.into(), help: help.into() })
}

/// The text that a board is read from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The whole file.
    pub text: &'a str,
    /// Its path, for errors.
    pub path: &'a Path,
}

impl Source<'_> {
    /// Returns the error with its place: the line of the byte at `at`.
    pub fn error(&self, at: usize, Wrong { what, help }: Wrong) -> BoardError {
        let line = self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        BoardError { path: self.path.to_owned(), line, what, help }
    }
}
