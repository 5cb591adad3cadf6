//! The settings by name, and what can be wrong with them.

use miette::Diagnostic;
use std::path::PathBuf;
use thiserror::Error;

/// What each setting is: its name, what it sets, and an example.
pub const SETTINGS: [(&str, &str, &str); 20] = [
    ("server", "the fleet server's URL", "\"https://updates.example.com\""),
    ("tenant", "the tenant at the server", "\"DEFAULT\""),
    ("gateway-token", "the token for all devices: a file, or a credential of the unit", "{ credential = \"gateway\" }"),
    ("target-tokens", "the devices' own tokens, in lines DEVICE TOKEN", "{ file = \"/etc/lifeboot/tokens\" }"),
    ("ca", "the certificate authority that alone is trusted, a PEM file", "\"ca.pem\""),
    ("allow-plain-http", "whether tokens may cross a network unencrypted", "false"),
    ("poll-at-least", "seconds between two polls of a device, at least", "5"),
    ("poll-at-most", "seconds between two polls of a device, at most", "3600"),
    ("polls", "devices that are polled at the same time", "8"),
    ("parallel", "devices that are updated at the same time", "4"),
    ("scan", "seconds between two looks for devices", "30"),
    ("silent-limit", "seconds that a restarted device may be silent until that is a failure", "600"),
    ("consent", "what is said to actions that wait for a consent: give, deny, wait", "\"wait\""),
    ("state", "the folder of what must survive a restart", "\"/var/lib/lifeboot-gateway\""),
    ("cache", "the folder of downloaded artifacts", "\"/var/cache/lifeboot-gateway\""),
    ("cache-limit", "bytes that the cache may hold", "268435456"),
    ("artifact-limit", "bytes that an artifact may have", "16777216"),
    ("inbox", "the folder whose images are rolled out", "\"/var/lib/lifeboot-gateway/inbox\""),
    ("listen", "the address of status page and metrics; or off", "\"127.0.0.1:9464\""),
    ("hosts", "the names by which others may open the status page", "[\"gateway.example.com\"]"),
];

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// In a file.
    File(PathBuf),
    /// Where systemd puts the unit's credentials, by this name.
    Credential(String),
}

/// An error in the file.
#[derive(Clone, Debug, Error, Diagnostic, PartialEq, Eq)]
#[error("{}:{line}: {what}", .path.display())]
#[diagnostic(help("{help}"))]
pub struct SettingError {
    /// The file.
    pub path: PathBuf,
    /// The line of the error, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}
