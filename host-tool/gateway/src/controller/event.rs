//! What happens to a device's run: the lines of its log. Append-only: fields and variants are added, never changed.

use crate::ddi::{Artifact, Link, Offer};
use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// Something that happened, or that is about to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The server offers an action.
    Offered(Offered),
    /// The act is about to begin.
    Begun(Begun),
    /// The server wants the run cancelled.
    CancelWanted {
        /// The id that the answer names.
        id: String,
        /// Where the answer goes.
        link: Link,
    },
    /// The run was given up; the device runs what it ran before.
    Cancelled,
    /// The server has taken the answer to its request to cancel.
    CancelAnswered,
    /// The act has ended.
    Ended(Ended),
    /// The server has taken the report, or has no such action any more.
    Closed,
    /// The server does not offer the action any more.
    Gone,
}

/// An action as it was offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// Scheme, host and port of the server.
    pub server: String,
    /// The action's id. It may come again: some servers name the software by it.
    pub action: String,
    /// Where its link leads.
    pub link: Link,
    /// The artifact's name.
    pub name: String,
    /// The artifact's digest.
    pub digest: Digest,
    /// The artifact's size in bytes.
    pub size: u64,
    /// Where the artifact is.
    pub download: Link,
    /// The version, as reported by the server.
    pub version: Option<String>,
    /// Whether it must not wait for others.
    pub forced: bool,
}

/// An act that was to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The image's version.
    pub version: String,
    /// The image's own digest, in hexadecimal digits.
    pub image: String,
}

/// How an act ended, and for which action and artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The action's id.
    pub action: String,
    /// The artifact's digest.
    pub digest: Digest,
    /// What the server is to hear.
    pub report: Report,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whether the device has confirmed the image.
    pub success: bool,
    /// The reason in a word, such as `watchdog`; `none` for a success.
    pub cause: String,
    /// What happened, for people.
    pub details: Vec<String>,
}

impl Offered {
    /// Makes it from what a server at `server` offers.
    pub fn new(server: &str, offer: &Offer, artifact: &Artifact) -> Offered {
        Offered {
            server: server.to_owned(),
            action: offer.action.clone(),
            link: offer.link.clone(),
            name: artifact.name.clone(),
            digest: artifact.digest.clone(),
            size: artifact.size,
            download: artifact.link.clone(),
            version: offer.version.clone(),
            forced: offer.is_forced,
        }
    }

    /// Returns the end of this run.
    pub fn ended(&self, report: Report) -> Event {
        Event::Ended(Ended { action: self.action.clone(), digest: self.digest.clone(), report })
    }
}

impl Ended {
    /// Returns whether it is the end of this run.
    pub fn is_of(&self, offered: &Offered) -> bool {
        self.action == offered.action && self.digest == offered.digest
    }
}

impl Report {
    /// Makes a failure.
    pub fn failure(cause: &str, details: Vec<String>) -> Report {
        Report { success: false, cause: cause.to_owned(), details }
    }

    /// Makes a success.
    pub fn success(detail: String) -> Report {
        Report { success: true, cause: "none".to_owned(), details: vec![detail] }
    }
}
