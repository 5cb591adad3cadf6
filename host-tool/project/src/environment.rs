//! Environment variables.

use std::ffi::OsString;

/// Returns an environment variable; `None` if it is not set, or empty: `NAME=` is how scripts take a variable back.
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
