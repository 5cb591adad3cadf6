//! One of two kinds of report.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// One of two kinds of report of the same command.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Either<A, B> {
    /// The first kind.
    One(A),
    /// The second kind.
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
