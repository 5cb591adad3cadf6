//! What servers answer, as JSON: everything may be missing, and what is not known is passed over.

use serde::{Deserialize, Deserializer};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Controller {
    pub config: Option<Config>,
    #[serde(rename = "_links")]
    pub links: Option<Links>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    pub polling: Option<Polling>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Polling {
    /// `HH:MM:SS`.
    pub sleep: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Links {
    pub config_data: Option<Href>,
    pub deployment_base: Option<Href>,
    pub confirmation_base: Option<Href>,
    pub cancel_action: Option<Href>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Href {
    pub href: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Action {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    pub deployment: Option<Deployment>,
    pub confirmation: Option<Deployment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Deployment {
    /// `skip`, `attempt` or `forced`.
    pub download: Option<String>,
    /// The same.
    pub update: Option<String>,
    /// `available` or `unavailable`.
    pub maintenance_window: Option<String>,
    pub chunks: Option<Vec<Chunk>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    pub version: Option<String>,
    pub artifacts: Option<Vec<Artifact>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Artifact {
    pub filename: Option<String>,
    pub hashes: Option<Hashes>,
    pub size: Option<u64>,
    #[serde(rename = "_links")]
    pub links: Option<ArtifactLinks>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Hashes {
    pub sha256: Option<String>,
    pub sha1: Option<String>,
    pub md5: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct ArtifactLinks {
    pub download: Option<Href>,
    pub download_http: Option<Href>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CancelAction {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    pub cancel_action: Option<StopId>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct StopId {
    #[serde(deserialize_with = "text")]
    pub stop_id: Option<String>,
}

/// An id, which some servers write as a number.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Number(u64),
    }
    Ok(Option::<Id>::deserialize(deserializer)?.map(|id| match id {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    }))
}
