//! `lifeboot gateway`

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// The gateway has ended, or has printed a file.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct GatewayReport {
    /// `stopped`; or the file's text.
    pub text: String,
}

impl Display for GatewayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
