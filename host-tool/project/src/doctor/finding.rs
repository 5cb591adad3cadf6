//! What a look at something found.

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// What it is.
    pub subject: String,
    /// How it is.
    pub state: State,
    /// Whether the project cannot do without it.
    pub required: bool,
    /// What was seen.
    pub text: String,
    /// The command that mends it, or what else to do; `null` where all is well.
    pub mend: Option<String>,
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

impl Checkup {
    /// Something that is fit.
    pub fn ok(subject: impl Into<String>, text: impl Into<String>) -> Checkup {
        Checkup { subject: subject.into(), state: State::Ok, required: false, text: text.into(), mend: None }
    }

    /// Something that is not there, and what to do.
    pub fn missing(subject: impl Into<String>, text: impl Into<String>, mend: impl Into<String>) -> Checkup {
        Checkup { state: State::Missing, mend: Some(mend.into()), ..Checkup::ok(subject, text) }
    }

    /// Something that is unfit, and what to do.
    pub fn broken(subject: impl Into<String>, text: impl Into<String>, mend: impl Into<String>) -> Checkup {
        Checkup { state: State::Broken, mend: Some(mend.into()), ..Checkup::ok(subject, text) }
    }

    /// The same, and whether the project cannot do without it.
    pub fn required(self, required: bool) -> Checkup {
        Checkup { required, ..self }
    }
}
