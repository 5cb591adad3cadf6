//! The requests themselves.

use super::error::DdiError;
use super::feedback::{Attributes, Consent, Feedback};
use super::link::{Link, Server};
use super::offer::{Cancel, Offer, Poll};
use super::tokens::Tokens;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::Duration;
use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, RequestExt};

/// The largest answer that is read, in bytes.
const ANSWER_LIMIT: u64 = 256 * 1024;
/// How long a question and its answer may take: a request under way is what a stop of the gateway waits for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take to find the server, and again to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a download may stall; then it goes on with another request. A stop waits for it, too.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one request for a download may take; then it goes on with another one, behind what is there.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(600);
/// Redirects that a download follows.
const REDIRECTS: usize = 3;

/// Called with the status of each answer; `None` if there was none.
type Count = Box<dyn Fn(Option<u16>) + Send + Sync>;

/// A client for all devices, of one server.
pub struct Client {
    agent: Agent,
    server: Server,
    tenant: String,
    tokens: Tokens,
    artifact_limit: u64,
    count: Count,
}

/// A download.
pub struct Downloading<'a> {
    /// The device on whose behalf it is.
    pub device: &'a str,
    /// Where the artifact is.
    pub link: &'a Link,
    /// Its size in bytes; more is an error.
    pub size: u64,
    /// The bytes that are there already.
    pub from: u64,
}

impl Client {
    /// Makes a client. `ca` is the text of a PEM file, and its path: then only these certificates are trusted, otherwise those
    /// that Mozilla trusts. No artifact beyond `artifact_limit` bytes is taken.
    ///
    /// # Errors
    /// [`DdiError::Certificate`]
    pub fn new(
        server: Server,
        tenant: String,
        tokens: Tokens,
        ca: Option<(&str, &[u8])>,
        artifact_limit: u64,
        count: Count,
    ) -> Result<Client, DdiError> {
        let roots = ca.map_or(Ok(RootCerts::WebPki), |(path, pem)| certificates(path, pem))?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Redirects would lead to other hosts.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A proxy of the environment would see what is sent to a server in plain HTTP.
            .proxy(None)
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_call(Some(ANSWER_TIMEOUT))
            .max_response_header_size(32 * 1024)
            .user_agent(concat!("lifeboot/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        Ok(Client { agent: config.new_agent(), server, tenant, tokens, artifact_limit, count })
    }

    /// Returns the server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Asks what there is to do for a device.
    ///
    /// # Errors
    /// [`DdiError`]
    pub fn poll(&self, device: &str) -> Result<Poll, DdiError> {
        let what = "a poll";
        let link = self.server.controller(&self.tenant, device);
        Poll::new(&self.server, self.get(device, &link, what)?).map_err(|why| DdiError::Answer { what, why })
    }

    /// Asks for the action at a link; `None` if there is none any more.
    ///
    /// # Errors
    /// [`DdiError`]
    pub fn offer(&self, device: &str, link: &Link) -> Result<Option<Offer>, DdiError> {
        let what = "a question for an action";
        let answer = match self.get(device, link, what) {
            Err(error) if error.is_gone() => return Ok(None),
            answer => answer?,
        };
        Offer::new(&self.server, link, answer, self.artifact_limit).map_err(|why| DdiError::Answer { what, why })
    }

    /// Asks which action shall be cancelled; `None` if none is any more.
    ///
    /// # Errors
    /// [`DdiError`]
    pub fn cancel(&self, device: &str, link: &Link) -> Result<Option<Cancel>, DdiError> {
        let what = "a question for what to cancel";
        match self.get(device, link, what) {
            Err(error) if error.is_gone() => Ok(None),
            answer => Cancel::new(link, answer?).map(Some).map_err(|why| DdiError::Answer { what, why }),
        }
    }

    /// Reports on the action whose link this is, or on the request to cancel it.
    ///
    /// # Errors
    /// [`DdiError`]
    pub fn report(&self, device: &str, link: &Link, feedback: &Feedback) -> Result<(), DdiError> {
        self.send(device, "POST", &link.below("feedback"), feedback, "a feedback")
    }

    /// Answers whether an action may begin.
    ///
    /// # Errors
    /// [`DdiError`]
    pub fn consent(&self, device: &str, link: &Link, given: bool, detail: &str) -> Result<(), DdiError> {
        let confirmation = if given { "confirmed" } else { "denied" };
        let consent = Consent { confirmation, details: vec![detail.to_owned()] };
        self.send(device, "POST", &link.below("feedback"), &consent, "a consent")
    }

    /// Sends a device's attributes.
    ///
    /// # Errors
    /// [`DdiError`]
    pub fn attributes(&self, device: &str, link: &Link, data: &BTreeMap<&'static str, String>) -> Result<(), DdiError> {
        self.send(device, "PUT", link, &Attributes { mode: "merge", data }, "a device's attributes")
    }

    /// Returns where a device's attributes are sent to when the server has not asked for them.
    pub fn attributes_link(&self, device: &str) -> Link {
        self.server.controller(&self.tenant, device).below("configData")
    }

    /// Downloads from `from` on, and calls `write` with each piece and whether it begins the file anew, as servers do that
    /// know no ranges. Returns the number of bytes that are there then, which may be fewer than all.
    ///
    /// # Errors
    /// [`DdiError`]; what was written before stays valid.
    pub fn download(
        &self,
        wanted: &Downloading,
        write: &mut dyn FnMut(&[u8], bool) -> io::Result<()>,
    ) -> Result<u64, DdiError> {
        let what = "a download";
        let response = self.request_download(wanted, what)?;
        let status = response.status();
        let mut restart = status != StatusCode::PARTIAL_CONTENT;
        if !restart && !begins_at(&response, wanted.from) {
            return Err(DdiError::Answer { what, why: "another range than the one that was requested".to_owned() });
        }
        let mut there = if restart { 0 } else { wanted.from };
        let mut reader = response.into_body().into_with_config().limit(wanted.size - there + 1).reader();
        let mut buffer = vec![0; 32 * 1024];
        loop {
            let length = match reader.read(&mut buffer) {
                Ok(0) => return Ok(there),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(DdiError::Transport(error.to_string())),
            };
            there += length as u64;
            if there > wanted.size {
                let why = format!("it is longer than the {} bytes that were announced", wanted.size);
                return Err(DdiError::Answer { what, why });
            }
            write(&buffer[..length], std::mem::take(&mut restart))
                .map_err(|source| DdiError::Write { path: "the cache".to_owned(), source })?;
        }
    }

    fn request_download(&self, wanted: &Downloading, what: &'static str) -> Result<Response<Body>, DdiError> {
        let mut link = wanted.link.clone();
        for _ in 0..=REDIRECTS {
            let mut request = ureq::http::Request::get(self.server.url(&link));
            if let Some(authorization) = self.tokens.authorization(wanted.device) {
                request = request.header("Authorization", authorization);
            }
            if wanted.from > 0 {
                request = request.header("Range", format!("bytes={}-", wanted.from));
            }
            // Bytes as they are: a range of something compressed is not a range of the file.
            let request = request.header("Accept-Encoding", "identity").body(());
            let request = request.map_err(|error| DdiError::Answer { what, why: error.to_string() })?;
            let request = request.with_agent(&self.agent);
            let request =
                request.configure().timeout_per_call(Some(DOWNLOAD_TIMEOUT)).timeout_per_read(Some(READ_TIMEOUT));
            let response = self.counted(request.run())?;
            if !response.status().is_redirection() {
                self.check(response.status(), what)?;
                return Ok(response);
            }
            let target = response.headers().get("Location").and_then(|location| location.to_str().ok());
            let target = self.server.link(target.unwrap_or_default());
            link = target.map_err(|why| DdiError::Answer { what, why: format!("a redirect with {why}") })?;
        }
        Err(DdiError::Answer { what, why: "too many redirects".to_owned() })
    }

    fn get<T: DeserializeOwned + Default>(&self, device: &str, link: &Link, what: &'static str) -> Result<T, DdiError> {
        let mut request =
            self.agent.get(self.server.url(link)).header("Accept", "application/hal+json, application/json");
        if let Some(authorization) = self.tokens.authorization(device) {
            request = request.header("Authorization", authorization);
        }
        let mut response = self.counted(request.call())?;
        self.check(response.status(), what)?;
        let body = response.body_mut().with_config().limit(ANSWER_LIMIT).read_to_vec();
        let body = body.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => DdiError::Answer { what, why: "it is too long".to_owned() },
            error => DdiError::Transport(error.to_string()),
        })?;
        // Some servers answer `null` where there is nothing.
        let answer = serde_json::from_slice::<Option<T>>(&body);
        Ok(answer.map_err(|error| DdiError::Answer { what, why: error.to_string() })?.unwrap_or_default())
    }

    fn send(
        &self,
        device: &str,
        method: &str,
        link: &Link,
        body: &impl Serialize,
        what: &'static str,
    ) -> Result<(), DdiError> {
        let url = self.server.url(link);
        let mut request = if method == "PUT" { self.agent.put(url) } else { self.agent.post(url) };
        request = request.header("Content-Type", "application/json");
        if let Some(authorization) = self.tokens.authorization(device) {
            request = request.header("Authorization", authorization);
        }
        let body = serde_json::to_vec(body).map_err(|error| DdiError::Answer { what, why: error.to_string() })?;
        let mut response = self.counted(request.send(&body))?;
        self.check(response.status(), what)?;
        // Read, so that the connection can be used again.
        drop(response.body_mut().with_config().limit(ANSWER_LIMIT).read_to_vec());
        Ok(())
    }

    fn counted(&self, result: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, DdiError> {
        (self.count)(result.as_ref().ok().map(|response| response.status().as_u16()));
        result.map_err(|error| DdiError::Transport(error.to_string()))
    }

    fn check(&self, status: StatusCode, what: &'static str) -> Result<(), DdiError> {
        match status.as_u16() {
            200..=299 => Ok(()),
            code @ (401 | 403) => Err(DdiError::Token { code, what }),
            code @ (404 | 410) => Err(DdiError::Gone { code, what }),
            code => Err(DdiError::Status { code, what }),
        }
    }
}

/// Whether an answer's `Content-Range` begins where it should. Without one, the digest decides.
fn begins_at(response: &Response<Body>, from: u64) -> bool {
    let range = response.headers().get("Content-Range").and_then(|range| range.to_str().ok());
    range.is_none_or(|range| range.trim().starts_with(&format!("bytes {from}-")))
}

fn certificates(path: &str, pem: &[u8]) -> Result<RootCerts, DdiError> {
    let wrong = |why: String| DdiError::Certificate { path: path.to_owned(), why };
    let mut found: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(wrong("there is none in it".to_owned()));
    }
    Ok(RootCerts::new_with_certs(&found))
}
