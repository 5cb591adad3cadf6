//! What a server hears of an action.

use serde::Serialize;

/// The longest detail in characters: hawkBit refuses longer ones.
const LONGEST: usize = 500;

/// How far an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Execution {
    /// It goes on.
    Proceeding,
    /// The artifact is downloaded, and no more was wanted.
    Downloaded,
    /// It has ended.
    Closed,
    /// A request, such as to cancel, is not carried out.
    Rejected,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finished {
    /// It has not.
    None,
    /// Well.
    Success,
    /// Badly.
    Failure,
}

/// A feedback. It always has a `status.result`, without which servers refuse it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Feedback {
    id: String,
    status: Status,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Status {
    result: Outcome,
    execution: Execution,
    details: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Outcome {
    finished: Finished,
}

/// The answer to a question for consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Consent {
    pub confirmation: &'static str,
    pub details: Vec<String>,
}

/// A device's attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Attributes<'a> {
    pub mode: &'static str,
    pub data: &'a std::collections::BTreeMap<&'static str, String>,
}

impl Feedback {
    /// Makes a feedback on an action; details that are too long are cut.
    pub fn new(action: &str, execution: Execution, finished: Finished, details: &[String]) -> Feedback {
        let details = details.iter().map(|detail| detail.chars().take(LONGEST).collect()).collect();
        Feedback { id: action.to_owned(), status: Status { result: Outcome { finished }, execution, details } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feedback_always_has_a_result() {
        let long = "é".repeat(600);
        let feedback = Feedback::new("1", Execution::Proceeding, Finished::None, &["Downloaded 30%".to_owned(), long]);
        let json = serde_json::to_value(&feedback).unwrap();
        assert_eq!(json["status"]["result"]["finished"], "none");
        assert_eq!(json["status"]["execution"], "proceeding");
        assert_eq!(json["status"]["details"][1].as_str().unwrap().chars().count(), LONGEST);
    }
}
