//! One of two reports.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// One of two reports of the same command.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Either<A, B> {
    /// The one.
    One(A),
    /// The other.
    Other(B),
}

impl<A: Display, B: Display> Display for Either<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Either::One(report) => report.fmt(f),
            Either::Other(report) => report.fmt(f),
        }
    }
}
