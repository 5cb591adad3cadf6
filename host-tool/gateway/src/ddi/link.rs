//! Where a server is, and where its links lead.
//!
//! Invariant: a request goes to the scheme, host and port of the settings, and nowhere else: of a link, only path and query are
//! used. So a server behind a proxy may name itself by another port or scheme; a link to another host is refused.

use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display};
use thiserror::Error;
use ureq::http::Uri;

/// The longest link in bytes.
const LONGEST: usize = 2048;

/// A server: `https://updates.example.com`, with a path where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    origin: String,
    host: String,
    prefix: String,
    is_plain: bool,
}

/// Path and query of a request to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(String);

/// Why a text does not name a server.
#[derive(Clone, Debug, Error, Diagnostic, PartialEq, Eq)]
#[error("{what}")]
#[diagnostic(help("write it as in https://updates.example.com or https://updates.example.com:8443/hawkbit"))]
pub struct ServerError {
    what: &'static str,
}

impl Server {
    /// Reads a server's URL.
    ///
    /// # Errors
    /// [`ServerError`]; also if it holds a user name or a password, which belong into no settings.
    pub fn parse(text: &str) -> Result<Server, ServerError> {
        let wrong = |what| Err(ServerError { what });
        let Ok(uri) = text.parse::<Uri>() else { return wrong("the server is no URL") };
        let is_plain = match uri.scheme_str() {
            Some("https") => false,
            Some("http") => true,
            _ => return wrong("the server's URL begins with neither https:// nor http://"),
        };
        let Some(authority) = uri.authority() else { return wrong("the server's URL names no host") };
        if authority.as_str().contains('@') {
            return wrong("the server's URL holds a user name: tokens are given by their own settings");
        }
        if uri.query().is_some() || text.contains('#') {
            return wrong("the server's URL has a query");
        }
        let host = authority.host().to_ascii_lowercase();
        let origin = format!("{}://{}", uri.scheme_str().unwrap_or("https"), authority.as_str().to_ascii_lowercase());
        Ok(Server { origin, host, prefix: uri.path().trim_end_matches('/').to_owned(), is_plain })
    }

    /// Returns scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns whether what is sent could be read on the way: it is not encrypted, and leaves this machine.
    pub fn is_exposed(&self) -> bool {
        self.is_plain && !matches!(&*self.host, "localhost" | "127.0.0.1" | "[::1]")
    }

    /// Returns the URL of a link.
    pub fn url(&self, link: &Link) -> String {
        format!("{}{}", self.origin, link.0)
    }

    /// Returns the link that a controller polls.
    pub fn controller(&self, tenant: &str, controller: &str) -> Link {
        Link(format!("{}/{}/controller/v1/{}", self.prefix, encoded(tenant), encoded(controller)))
    }

    /// Checks a link that the server gave.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn link(&self, href: &str) -> Result<Link, &'static str> {
        if href.len() > LONGEST {
            return Err("a link of more than 2048 bytes");
        }
        let Ok(uri) = href.parse::<Uri>() else { return Err("a link that is no URL") };
        if let Some(authority) = uri.authority() {
            if !matches!(uri.scheme_str(), Some("http" | "https")) {
                return Err("a link that is not for HTTP");
            }
            if authority.as_str().contains('@') || !authority.host().eq_ignore_ascii_case(&self.host) {
                return Err("a link to another host, which must not get the token");
            }
        }
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        if !path.starts_with('/') {
            return Err("a link without a path");
        }
        Ok(Link(path.to_owned()))
    }
}

impl Link {
    /// Returns the link below this one, without this one's query.
    pub fn below(&self, name: &str) -> Link {
        Link(format!("{}/{}", self.path().trim_end_matches('/'), encoded(name)))
    }

    /// Returns the last part of its path: what DDI calls the id of an action.
    pub fn last(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    fn path(&self) -> &str {
        self.0.split('?').next().unwrap_or_default()
    }
}

impl Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One part of a path: what is not plain in URLs as `%` and two digits.
fn encoded(part: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let whole = part.bytes().map(|byte| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    // A part of dots alone would lead elsewhere.
    if part.bytes().all(|byte| byte == b'.') { part.replace('.', "%2E") } else { whole.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server::parse("https://Updates.example.com:8443/hawkbit/").unwrap()
    }

    #[test]
    fn a_controller_has_its_own_path() {
        let server = server();
        let link = server.controller("DEFAULT", "port:/dev/ttyACM0");
        assert_eq!(
            server.url(&link),
            "https://updates.example.com:8443/hawkbit/DEFAULT/controller/v1/port%3A%2Fdev%2FttyACM0"
        );
        assert_eq!(server.controller("..", "a").to_string(), "/hawkbit/%2E%2E/controller/v1/a");
    }

    #[test]
    fn links_stay_at_the_server() {
        let server = server();
        let url = |href: &str| server.link(href).map(|link| server.url(&link));
        let expected = Ok("https://updates.example.com:8443/a/b?c=-1".to_owned());
        assert_eq!(url("https://updates.example.com:8443/a/b?c=-1"), expected);
        // As servers behind a proxy write them.
        assert_eq!(url("http://updates.example.com/a/b?c=-1"), expected);
        assert_eq!(url("/a/b?c=-1"), expected);
        for elsewhere in [
            "https://other.example.com/a",
            "https://updates.example.com@other.example.com/a",
            "https://user@updates.example.com/a",
            "ftp://updates.example.com/a",
            "//other.example.com",
            "a/b",
            "",
            "https://updates.example.com/a\r\nHost: x",
        ] {
            let link = server.link(elsewhere);
            let stays =
                link.as_ref().is_ok_and(|link| server.url(link).starts_with("https://updates.example.com:8443/"));
            assert!(link.is_err() || stays, "{elsewhere:?}: {link:?}");
        }
        assert!(server.link("https://other.example.com/a").is_err());
        assert!(server.link(&format!("/{}", "a".repeat(LONGEST))).is_err());
    }

    #[test]
    fn feedback_goes_below_without_the_query() {
        let link = server().link("/a/deploymentBase/7?c=9").unwrap();
        assert_eq!((link.last(), link.below("feedback").to_string()), ("7", "/a/deploymentBase/7/feedback".to_owned()));
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for wrong in ["", "updates.example.com", "ftp://a", "https://u:p@a", "https://a/?b=c", "https:///a"] {
            assert!(Server::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Server::parse("http://a").unwrap().is_exposed());
        assert!(!Server::parse("http://127.0.0.1:80").unwrap().is_exposed());
        assert!(!server().is_exposed());
    }
}
