//! Reports for the shell and for man: `completions`, `man`.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// `lifeboot completions`: a script that completes commands and arguments.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Completions {
    /// The shell.
    pub shell: String,
    /// The script.
    pub script: String,
}

impl Display for Completions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.script.trim_end())
    }
}

/// `lifeboot man`: a manual page.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ManPage {
    /// The page, in the format of man(7).
    pub page: String,
}

impl Display for ManPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.page.trim_end())
    }
}

/// `lifeboot man --out`: manual pages were written.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ManFiles {
    /// The files that were written.
    pub files: Vec<String>,
}

impl Display for ManFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.files.iter().map(|file| format!("wrote {file}")).collect::<Vec<_>>().join("\n"))
    }
}
