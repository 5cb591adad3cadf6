//! `lifeboot doctor`: what of a machine and a project is fit to work with, and what is not.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Diagnosis {
    /// Whether all that the project requires is there, and in order.
    pub healthy: bool,
    /// Each thing that was looked at.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Finding {
    /// What it is.
    pub subject: String,
    /// How it is.
    pub state: State,
    /// Whether the project cannot do without it.
    pub required: bool,
    /// What was seen.
    pub text: String,
    /// The command that fixes it, or what else to do; `null` if all is well.
    pub fix: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Fit.
    Ok,
    /// Not there.
    Missing,
    /// There, and unfit.
    Broken,
}

impl Diagnosis {
    /// What was found, and what follows from it.
    pub fn new(findings: Vec<Finding>) -> Diagnosis {
        Diagnosis { healthy: findings.iter().all(|finding| !finding.is_needed()), findings }
    }
}

impl Finding {
    fn is_needed(&self) -> bool {
        self.required && self.state != State::Ok
    }
}

impl Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Ok => "ok",
            State::Missing => "missing",
            State::Broken => "broken",
        })
    }
}

impl Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { subject, state, text, fix, .. } in &self.findings {
            writeln!(f, "{state:<8} {subject}: {text}")?;
            fix.iter().try_for_each(|fix| writeln!(f, "{:<9}-> {fix}", ""))?;
        }
        match self.findings.iter().filter(|finding| finding.is_needed()).count() {
            0 => f.write_str("This project has all that it requires."),
            1 => f.write_str("1 thing that this project requires is missing or broken."),
            count => write!(f, "{count} things that this project requires are missing or broken."),
        }
    }
}
