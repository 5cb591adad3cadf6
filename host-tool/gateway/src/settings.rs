//! The table `[gateway]` of `fleet.toml`. Paths in it are relative to the file; secrets are never in it.

mod folders;
mod read;
mod setting;

use crate::ddi::{Server, TokenError, Tokens};
use read::Table;
pub use setting::{SETTINGS, Secret, SettingError};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The settings of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The fleet server.
    pub server: Server,
    /// The tenant at the server.
    pub tenant: String,
    /// The token for all devices.
    pub gateway_token: Option<Secret>,
    /// The devices' own tokens.
    pub target_tokens: Option<Secret>,
    /// The certificate authority that alone is trusted.
    pub ca: Option<PathBuf>,
    /// The shortest and the longest time between two polls of a device, whatever the server wants.
    pub poll: (Duration, Duration),
    /// Devices that are polled at the same time.
    pub polls: usize,
    /// Devices that are updated at the same time.
    pub parallel: usize,
    /// The time between two looks for devices.
    pub scan: Duration,
    /// How long a restarted device may be silent until that is a failure.
    pub silent_limit: Duration,
    /// Whether consents are given or denied; `None` if others answer, such as people at the server.
    pub consent: Option<bool>,
    /// The folder of what must survive a restart.
    pub state: PathBuf,
    /// The folder of downloaded artifacts.
    pub cache: PathBuf,
    /// Bytes that the cache may hold.
    pub cache_limit: u64,
    /// Bytes that an artifact may have.
    pub artifact_limit: u64,
    /// The folder whose images the caller rolls out.
    pub inbox: Option<PathBuf>,
    /// The address of status page and metrics; `None` for none.
    pub listen: Option<SocketAddr>,
    /// The names by which others may open the status page.
    pub hosts: Vec<String>,
}

impl Settings {
    /// Parses the table `[gateway]` in the text of a file; other tables are passed over. Paths are relative to `path`.
    ///
    /// # Errors
    /// [`SettingError`]; also if there is no such table.
    pub fn parse(path: &Path, text: &str) -> Result<Settings, SettingError> {
        let table = Table::parse(path, text)?;
        let whole = |name, default: u64, range: std::ops::RangeInclusive<u64>| table.number(name, range, default);
        let seconds = |name, default, range| whole(name, default, range).map(Duration::from_secs);
        let server = table.with("server", |text| Server::parse(text).map_err(|error| error.to_string()))?;
        let server = server.ok_or_else(|| table.missing("server"))?;
        if server.is_exposed() && !table.flag("allow-plain-http")? {
            return Err(table.wrong(
                "server",
                "tokens and images would cross the network unencrypted",
                "write https://; or, where the network itself is trusted: allow-plain-http = true",
            ));
        }
        let poll = (seconds("poll-at-least", 5, 1..=86_400)?, seconds("poll-at-most", 3600, 1..=86_400)?);
        if poll.0 > poll.1 {
            return Err(table.wrong(
                "poll-at-least",
                "it is more than poll-at-most",
                "make it less, or the other more",
            ));
        }
        let listen = table.with("listen", |text| match text {
            "off" => Ok(None),
            address => address.parse().map(Some).map_err(|_| "an address and a port are wanted, or off".to_owned()),
        })?;
        let consent = table.with("consent", |text| match text {
            "give" => Ok(Some(true)),
            "deny" => Ok(Some(false)),
            "wait" => Ok(None),
            _ => Err("give, deny or wait is wanted".to_owned()),
        })?;
        let tenant = table.with("tenant", |text| match text.contains(char::is_control) || text.contains('/') {
            false => Ok(text.to_owned()),
            true => Err("a name is wanted".to_owned()),
        })?;
        let settings = Settings {
            server,
            tenant: tenant.unwrap_or_else(|| "DEFAULT".to_owned()),
            gateway_token: table.secret("gateway-token")?,
            target_tokens: table.secret("target-tokens")?,
            ca: table.path("ca")?,
            poll,
            polls: whole("polls", 8, 1..=64)? as usize,
            parallel: whole("parallel", 4, 1..=64)? as usize,
            scan: seconds("scan", 30, 1..=86_400)?,
            silent_limit: seconds("silent-limit", 600, 1..=604_800)?,
            consent: consent.flatten(),
            state: table.path("state")?.unwrap_or_else(|| "/var/lib/lifeboot-gateway".into()),
            cache: table.path("cache")?.unwrap_or_else(|| "/var/cache/lifeboot-gateway".into()),
            cache_limit: whole("cache-limit", 256 << 20, 1 << 20..=1 << 40)?,
            artifact_limit: whole("artifact-limit", 16 << 20, 1 << 10..=1 << 30)?,
            inbox: table.path("inbox")?,
            listen: listen.unwrap_or(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)))),
            hosts: table.texts("hosts")?,
        };
        folders::check(&table, &settings.state, &settings.cache, settings.inbox.as_deref())?;
        Ok(settings)
    }

    /// Reads the tokens. `credentials` is the folder that systemd names in `CREDENTIALS_DIRECTORY`, if any.
    ///
    /// # Errors
    /// [`TokenError`]
    pub fn read_tokens(&self, credentials: Option<&Path>) -> Result<Tokens, TokenError> {
        let read = |secret: &Secret| {
            let path = match (secret, credentials) {
                (Secret::File(path), _) => path.clone(),
                (Secret::Credential(name), Some(folder)) => folder.join(name),
                (Secret::Credential(name), None) => return Err(TokenError::NoCredentials { name: name.clone() }),
            };
            let text = fs::read_to_string(&path).map_err(|source| TokenError::Read { path: path.clone(), source })?;
            Ok((path, text))
        };
        let mut tokens = Tokens::default();
        if let Some(secret) = &self.gateway_token {
            let (path, text) = read(secret)?;
            tokens = tokens.with_gateway(&path, &text)?;
        }
        if let Some(secret) = &self.target_tokens {
            let (path, text) = read(secret)?;
            tokens = tokens.with_targets(&path, &text)?;
        }
        Ok(tokens)
    }

    /// Returns the first setting in which others differ and which needs a restart to change.
    pub fn needs_restart(&self, other: &Settings) -> Option<&'static str> {
        let changed = [
            ("state", self.state != other.state),
            ("cache", self.cache != other.cache || self.cache_limit != other.cache_limit),
            ("inbox", self.inbox != other.inbox),
            ("listen", self.listen != other.listen),
            ("polls", self.polls != other.polls),
            ("parallel", self.parallel != other.parallel),
        ];
        changed.into_iter().find(|(_, changed)| *changed).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests;
