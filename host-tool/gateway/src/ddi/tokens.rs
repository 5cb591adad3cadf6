//! The secrets by which a server knows devices. They are never printed: neither in logs nor in errors.

use miette::Diagnostic;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The tokens of the devices, and that of the gateway. A device's own goes first.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    gateway: Option<String>,
    targets: BTreeMap<String, String>,
}

/// Why a file of tokens cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("cannot read the tokens in {}", path.display())]
    #[diagnostic(help(
        "check that it is there and readable by this user; with systemd: LoadCredential=NAME:FILE in the unit"
    ))]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A credential is named, and systemd gave none.
    #[error("the credential {name} is not there: this process was given none by systemd")]
    #[diagnostic(help("add LoadCredential={name}:FILE to the unit, or give a file: {{ file = \"FILE\" }}"))]
    NoCredentials {
        /// Its name.
        name: String,
    },
    /// A line that is not a token.
    #[error("{}:{line}: {what}", path.display())]
    #[diagnostic(help(
        "a token is printable ASCII without spaces; a file for several devices has lines of the form DEVICE TOKEN"
    ))]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong; never the line itself.
        what: &'static str,
    },
}

impl Tokens {
    /// Adds the token that stands for all devices, from the text of a file.
    ///
    /// # Errors
    /// [`TokenError::Line`]
    pub fn with_gateway(mut self, path: &Path, text: &str) -> Result<Tokens, TokenError> {
        let token = text.trim();
        if !is_token(token) {
            return Err(TokenError::Line { path: path.to_owned(), line: 1, what: "this is no token" });
        }
        self.gateway = Some(token.to_owned());
        Ok(self)
    }

    /// Adds the devices' own tokens, from the text of a file: a line each of device and token; `#` begins a comment.
    ///
    /// # Errors
    /// [`TokenError::Line`]
    pub fn with_targets(mut self, path: &Path, text: &str) -> Result<Tokens, TokenError> {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what| TokenError::Line { path: path.to_owned(), line: index + 1, what };
            let (device, token) =
                line.split_once(char::is_whitespace).ok_or_else(|| wrong("a device without a token"))?;
            if !is_token(token.trim()) {
                return Err(wrong("this is no token"));
            }
            if self.targets.insert(device.to_owned(), token.trim().to_owned()).is_some() {
                return Err(wrong("the device has a token already"));
            }
        }
        Ok(self)
    }

    /// Returns the header `Authorization` for a device; `None` if there is no token for it.
    pub(super) fn authorization(&self, device: &str) -> Option<String> {
        let target = self.targets.get(device).map(|token| format!("TargetToken {token}"));
        target.or_else(|| self.gateway.as_ref().map(|token| format!("GatewayToken {token}")))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens {{ gateway: {}, targets: {} }}", self.gateway.is_some(), self.targets.len())
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4096 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_devices_own_token_goes_first() {
        let path = Path::new("tokens");
        let tokens = Tokens::default().with_targets(path, "# devices\n\nab12  one\n port:/dev/tty two \n").unwrap();
        assert_eq!(tokens.authorization("ab12").unwrap(), "TargetToken one");
        assert_eq!(tokens.authorization("other"), None);
        let tokens = tokens.with_gateway(path, "all\n").unwrap();
        assert_eq!(tokens.authorization("port:/dev/tty").unwrap(), "TargetToken two");
        assert_eq!(tokens.authorization("other").unwrap(), "GatewayToken all");
    }

    #[test]
    fn secrets_are_in_no_error_and_no_debug_output() {
        let path = Path::new("tokens");
        let tokens = Tokens::default().with_gateway(path, "topsecret").unwrap();
        assert!(!format!("{tokens:?}").contains("topsecret"));
        for text in ["topsecret", "a topsecret\na topsecret", "a topsecret\u{7f}"] {
            let error = Tokens::default().with_targets(path, text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("topsecret"), "{error:?}");
        }
        assert!(Tokens::default().with_gateway(path, "a b").is_err());
        assert!(Tokens::default().with_gateway(path, " \n").is_err());
    }
}
