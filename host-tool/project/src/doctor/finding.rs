//! The result of a check.

/// The result of checking one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub subject: String,
    /// The state that it is in.
    pub state: State,
    /// Whether the project requires it.
    pub required: bool,
    /// What was found.
    pub text: String,
    /// The command that fixes it, or what else to do; `None` if it is in order.
    pub fix: Option<String>,
}

/// The state of something that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In order.
    Ok,
    /// Not found.
    Missing,
    /// Found, but unusable.
    Broken,
}

impl Finding {
    /// Makes a finding for something that is in order.
    pub fn ok(subject: impl Into<String>, text: impl Into<String>) -> Finding {
        Finding { subject: subject.into(), state: State::Ok, required: false, text: text.into(), fix: None }
    }

    /// Makes a finding for something missing, with the fix.
    pub fn missing(subject: impl Into<String>, text: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { state: State::Missing, fix: Some(fix.into()), ..Finding::ok(subject, text) }
    }

    /// Makes a finding for something unusable, with the fix.
    pub fn broken(subject: impl Into<String>, text: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { state: State::Broken, fix: Some(fix.into()), ..Finding::ok(subject, text) }
    }

    /// Sets whether the project requires what was checked.
    pub fn required(self, required: bool) -> Finding {
        Finding { required, ..self }
    }
}
