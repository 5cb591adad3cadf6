//! `lifeboot doctor`: what is in order on a machine and in a project, and what is not.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// The result of a diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Diagnosis {
    /// Whether everything that the project requires is in order.
    pub healthy: bool,
    /// The findings, one for each thing that was checked.
    pub findings: Vec<Finding>,
}

/// A finding about one thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Finding {
    /// What was checked.
    pub subject: String,
    /// The state that it is in.
    pub state: State,
    /// Whether the project requires it.
    pub required: bool,
    /// What was found.
    pub text: String,
    /// The command that fixes it, or what else to do; `null` if it is in order.
    pub fix: Option<String>,
}

/// The state of something that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// In order.
    Ok,
    /// Not found.
    Missing,
    /// Found, but unusable.
    Broken,
}

impl Diagnosis {
    /// Makes the report from the findings.
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
