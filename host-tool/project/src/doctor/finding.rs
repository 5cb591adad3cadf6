//! What a look at something found.

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Fit.
    Ok,
    /// Not there.
    Missing,
    /// There, and unfit.
    Broken,
}

impl Finding {
    /// Something that is fit.
    pub fn ok(subject: impl Into<String>, text: impl Into<String>) -> Finding {
        Finding { subject: subject.into(), state: State::Ok, required: false, text: text.into(), fix: None }
    }

    /// Something that is not there, and what to do.
    pub fn missing(subject: impl Into<String>, text: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { state: State::Missing, fix: Some(fix.into()), ..Finding::ok(subject, text) }
    }

    /// Something that is unfit, and what to do.
    pub fn broken(subject: impl Into<String>, text: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { state: State::Broken, fix: Some(fix.into()), ..Finding::ok(subject, text) }
    }

    /// The same, and whether the project cannot do without it.
    pub fn required(self, required: bool) -> Finding {
        Finding { required, ..self }
    }
}
