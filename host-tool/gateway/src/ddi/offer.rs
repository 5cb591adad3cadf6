//! What a server wants of a device, checked: links that stay at the server, digests that are some, sizes within a limit.

use super::answers::{self, Href};
use super::link::{Link, Server};
use crate::digest::{Algorithm, Digest};
use std::time::Duration;

/// The longest id or file name, in characters; what is longer is cut for people, and refused as an id.
const LONGEST: usize = 128;

/// The answer to a poll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Poll {
    /// How long the server wants to wait until the next one; `None` if it does not say.
    pub sleep: Option<Duration>,
    /// Where the device's attributes are wanted.
    pub config_data: Option<Link>,
    /// An action for the device.
    pub deployment: Option<Link>,
    /// An action that waits for a consent.
    pub confirmation: Option<Link>,
    /// An action that shall be cancelled.
    pub cancel: Option<Link>,
}

/// An action: the artifact that a device shall run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The action's id.
    pub action: String,
    /// Where its link leads.
    pub link: Link,
    /// The version, as reported by the server.
    pub version: Option<String>,
    /// The artifact; or why none can be used.
    pub artifact: Result<Artifact, String>,
    /// Whether it must not wait for others that need not hurry.
    pub is_forced: bool,
    /// Whether the artifact may be downloaded now.
    pub may_download: bool,
    /// Whether the device may be updated now: it is no download alone, and any maintenance window is open.
    pub may_update: bool,
    /// Whether the artifact shall only be downloaded.
    pub is_download_only: bool,
}

/// A file at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its name.
    pub name: String,
    /// Its strongest digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Where it is.
    pub link: Link,
}

/// A request to cancel an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// The id that the answer names.
    pub id: String,
    /// The action.
    pub action: String,
    /// Where its link leads.
    pub link: Link,
}

impl Poll {
    pub(super) fn new(server: &Server, answer: answers::Controller) -> Result<Poll, String> {
        let links = answer.links.unwrap_or_default();
        let link = |href: Option<Href>| href.map(|href| server.link(&href.href)).transpose();
        let sleep = answer.config.and_then(|config| config.polling?.sleep);
        Ok(Poll {
            sleep: sleep.as_deref().and_then(duration),
            config_data: link(links.config_data)?,
            deployment: link(links.deployment_base)?,
            confirmation: link(links.confirmation_base)?,
            cancel: link(links.cancel_action)?,
        })
    }
}

impl Offer {
    /// `None` if the server has no action at the link after all.
    pub(super) fn new(
        server: &Server,
        link: &Link,
        answer: answers::Action,
        limit: u64,
    ) -> Result<Option<Offer>, String> {
        let Some(deployment) = answer.deployment.or(answer.confirmation) else { return Ok(None) };
        let action = id(answer.id, link)?;
        let mode = |mode: Option<String>| mode.unwrap_or_else(|| "forced".to_owned()).to_ascii_lowercase();
        let (download, update) = (mode(deployment.download), mode(deployment.update));
        let window = deployment.maintenance_window.map(|window| window.eq_ignore_ascii_case("available"));
        let chunks = deployment.chunks.unwrap_or_default();
        let version = chunks.iter().find_map(|chunk| chunk.version.clone());
        Ok(Some(Offer {
            action,
            link: link.clone(),
            version: version.map(|version| version.chars().take(LONGEST).collect()),
            artifact: artifact(server, chunks, limit),
            is_forced: update == "forced",
            may_download: download != "skip",
            may_update: update != "skip" && window != Some(false),
            is_download_only: update == "skip" && window.is_none(),
        }))
    }
}

impl Cancel {
    pub(super) fn new(link: &Link, answer: answers::CancelAction) -> Result<Cancel, String> {
        let id = id(answer.id, link)?;
        let action = answer.cancel_action.and_then(|cancel| cancel.stop_id).unwrap_or_else(|| id.clone());
        Ok(Cancel { id, action, link: link.clone() })
    }
}

fn id(id: Option<String>, link: &Link) -> Result<String, String> {
    let id = id.unwrap_or_else(|| link.last().to_owned());
    let is_id = !id.is_empty() && id.chars().count() <= LONGEST && !id.contains(char::is_control);
    if is_id { Ok(id) } else { Err("the action's id is empty, too long or no text".to_owned()) }
}

/// The artifact that is meant: the first `.img` or `.swu`, or the only one that there is.
fn artifact(server: &Server, chunks: Vec<answers::Chunk>, limit: u64) -> Result<Artifact, String> {
    let mut all: Vec<_> = chunks.into_iter().flat_map(|chunk| chunk.artifacts.unwrap_or_default()).collect();
    let is_image = |artifact: &answers::Artifact| {
        let name = artifact.filename.as_deref().unwrap_or_default().to_ascii_lowercase();
        name.ends_with(".img") || name.ends_with(".swu")
    };
    let only = all.len() == 1;
    let index = all.iter().position(is_image).or(only.then_some(0));
    let index = index.ok_or_else(|| format!("none of the action's {} artifacts is a .img or a .swu", all.len()))?;
    let artifact = all.swap_remove(index);
    let name: String = artifact.filename.unwrap_or_default().chars().take(LONGEST).collect();
    let hashes = artifact.hashes.unwrap_or_default();
    let offered = [(Algorithm::Sha256, hashes.sha256), (Algorithm::Sha1, hashes.sha1), (Algorithm::Md5, hashes.md5)];
    let digest = offered.into_iter().find_map(|(algorithm, digits)| Digest::new(algorithm, &digits?));
    let digest = digest.ok_or_else(|| format!("the server gives no digest of {name}"))?;
    let size = artifact.size.ok_or_else(|| format!("the server does not say how large {name} is"))?;
    if size == 0 || size > limit {
        return Err(format!("{name} has {size} bytes, and artifact-limit is {limit}"));
    }
    let links = artifact.links.unwrap_or_default();
    let href = links.download.or(links.download_http).ok_or_else(|| format!("the server has no link to {name}"))?;
    let link = server.link(&href.href).map_err(|what| format!("{what}: {name}"))?;
    Ok(Artifact { name, digest, size, link })
}

/// Reads `HH:MM:SS`.
fn duration(text: &str) -> Option<Duration> {
    let mut parts = text.split(':').map(|part| part.parse::<u32>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    parts
        .next()
        .is_none()
        .then(|| Duration::from_secs(u64::from(hours) * 3600 + u64::from(minutes) * 60 + u64::from(seconds)))
}

#[cfg(test)]
mod tests;
