//! Why a server could not be asked.

use miette::Diagnostic;
use std::io;
use thiserror::Error;

/// Why a server could not be asked, or its answer cannot be used. It never holds a token.
#[derive(Debug, Error, Diagnostic)]
pub enum DdiError {
    /// The server was not reached, or the connection broke.
    #[error("the fleet server was not reached: {0}")]
    #[diagnostic(help("check server in [gateway] of fleet.toml, and the network; it is tried again by itself"))]
    Transport(String),
    /// The server does not know the token, or wants another kind.
    #[error("the fleet server refuses the token (HTTP {code}) for {what}")]
    #[diagnostic(help(
        "give the device's own token in target-tokens, or gateway-token if the server takes one for all devices"
    ))]
    Token {
        /// The status: 401 or 403.
        code: u16,
        /// What was requested.
        what: &'static str,
    },
    /// What was requested is not there, or not any more.
    #[error("the fleet server does not have {what} (HTTP {code})")]
    #[diagnostic(help("check tenant in [gateway] of fleet.toml; an action may have been deleted at the server"))]
    Gone {
        /// The status: 404 or 410.
        code: u16,
        /// What was requested.
        what: &'static str,
    },
    /// Any other status that is no success.
    #[error("the fleet server answers HTTP {code} to {what}")]
    #[diagnostic(help("look into the server's log; it is tried again by itself"))]
    Status {
        /// The status.
        code: u16,
        /// What was requested.
        what: &'static str,
    },
    /// The answer is not what it should be.
    #[error("the fleet server's answer to {what} cannot be used: {why}")]
    #[diagnostic(help("check that the server speaks hawkBit's DDI, and that no proxy answers instead of it"))]
    Answer {
        /// What was requested.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate file that cannot be used.
    #[error("{path} holds no certificate: {why}")]
    #[diagnostic(help("give the certificate authority's certificate as PEM: ca in [gateway] of fleet.toml"))]
    Certificate {
        /// The file.
        path: String,
        /// The reason.
        why: String,
    },
    /// What is downloaded cannot be written.
    #[error("cannot write {path}")]
    #[diagnostic(help("check cache in [gateway] of fleet.toml: room on the disk, and who may write there"))]
    Write {
        /// The file.
        path: String,
        /// The reason.
        source: io::Error,
    },
}

impl DdiError {
    /// Returns whether what was requested does not exist, so that asking again changes nothing.
    pub fn is_gone(&self) -> bool {
        matches!(self, DdiError::Gone { .. })
    }
}
