//! Why a command failed.

use miette::Diagnostic;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// A command that failed.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Failure {
    /// What went wrong, why, and what to do.
    pub error: FailureDetails,
}

/// What went wrong, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FailureDetails {
    /// What went wrong.
    pub message: String,
    /// The chain of underlying causes, in order; usually empty.
    pub because: Vec<String>,
    /// What to do next.
    pub help: Option<String>,
}

impl Failure {
    /// Makes the report from an error.
    pub fn new(error: &dyn Diagnostic) -> Failure {
        let mut because = Vec::new();
        let mut source = error.source();
        while let Some(error) = source {
            because.push(error.to_string());
            source = error.source();
        }
        let help = error.help().map(|help| help.to_string());
        Failure { error: FailureDetails { message: error.to_string(), because, help } }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FailureDetails { message, because, help } = &self.error;
        write!(f, "error: {message}")?;
        for reason in because {
            write!(f, "\n  because: {reason}")?;
        }
        help.iter().try_for_each(|help| write!(f, "\n  help: {help}"))
    }
}
