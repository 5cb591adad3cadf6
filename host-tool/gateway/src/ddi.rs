//! hawkBit's Direct Device Integration API, as a client: what is asked of a server, and what its answers mean.
//!
//! Servers differ from the specification and from each other. What is missing or unknown is passed over; what is needed and
//! wrong is an error that says what was wrong. Nothing that a server says can lead a token to another host, and no answer is
//! read beyond a limit.

mod answers;
mod client;
mod error;
mod feedback;
mod link;
mod offer;
mod tokens;

pub use client::{Client, Downloading};
pub use error::DdiError;
pub use feedback::{Execution, Feedback, Finished};
pub use link::{Link, Server, ServerError};
pub use offer::{Artifact, Cancel, Offer, Poll};
pub use tokens::{TokenError, Tokens};
