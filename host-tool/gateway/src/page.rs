//! The status page, and the metrics: read-only, for a browser on this machine unless the settings say otherwise.
//!
//! Everything that a page needs is served from here, and the browser is told to load nothing else. A request must name a host
//! that is meant: a page of another site, whose name was made to lead to this machine, gets nothing.

mod connections;
mod html;

use crate::status::Status;
use connections::{Answer, Limits};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use miette::Diagnostic;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{PoisonError, RwLock};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::Notify;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

const TEXT: &str = "text/plain; charset=utf-8";

/// What each answer says to a browser.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// The page's server.
pub(crate) struct Page {
    runtime: Runtime,
    listener: TcpListener,
    limits: Limits,
    ended: Notify,
    address: SocketAddr,
    hosts: RwLock<Vec<String>>,
}

/// Why the page cannot be shown.
#[derive(Debug, Error, Diagnostic)]
#[error("the status page cannot listen at {address}: {why}")]
#[diagnostic(help(
    "another program may have the port: give another address with listen in [gateway] of fleet.toml, or off"
))]
pub struct PageError {
    address: SocketAddr,
    why: String,
}

impl Page {
    /// Listens at an address. `hosts` are the names by which others than this machine may ask.
    pub(crate) fn open(address: SocketAddr, hosts: &[String]) -> Result<Page, PageError> {
        Page::listen(address, hosts).map_err(|error| PageError { address, why: error.to_string() })
    }

    fn listen(address: SocketAddr, hosts: &[String]) -> io::Result<Page> {
        let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let listener = runtime.block_on(TcpListener::bind(address))?;
        let address = listener.local_addr()?;
        let (limits, ended) = (Limits::default(), Notify::new());
        Ok(Page { runtime, listener, limits, ended, address, hosts: RwLock::new(hosts.to_vec()) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set_hosts(&self, hosts: &[String]) {
        *self.hosts.write().unwrap_or_else(PoisonError::into_inner) = hosts.to_vec();
    }

    /// Answers until it is closed.
    pub(crate) fn serve(&self, status: &dyn Fn() -> Status, metrics: &dyn Fn() -> String) {
        let answer = |request: &Request<Incoming>| self.answer(request, status, metrics);
        self.runtime.block_on(connections::serve(&self.listener, self.limits, &self.ended, &answer));
    }

    /// Ends [`serve`](Self::serve).
    pub(crate) fn close(&self) {
        self.ended.notify_one();
    }

    fn answer<B>(&self, request: &Request<B>, status: &dyn Fn() -> Status, metrics: &dyn Fn() -> String) -> Answer {
        if !self.is_meant(request) {
            let text = "this host name is not among hosts in [gateway] of fleet.toml\n";
            return answer(StatusCode::MISDIRECTED_REQUEST, TEXT, text.to_owned());
        }
        // hyper leaves out the body of an answer to HEAD.
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "nothing can be changed here\n".to_owned());
        }
        match request.uri().path() {
            "/" => answer(StatusCode::OK, "text/html; charset=utf-8", html::page(&status())),
            "/page.css" => answer(StatusCode::OK, "text/css; charset=utf-8", STYLE.to_owned()),
            "/page.js" => answer(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT.to_owned()),
            "/status.json" => match serde_json::to_string(&status()) {
                Ok(json) => answer(StatusCode::OK, "application/json; charset=utf-8", json),
                Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
            },
            "/metrics" => {
                answer(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", metrics())
            }
            _ => answer(StatusCode::NOT_FOUND, TEXT, "there is / and /metrics\n".to_owned()),
        }
    }

    /// Returns whether a request names this machine, the address that is listened at, or one of the settings' hosts.
    fn is_meant<B>(&self, request: &Request<B>) -> bool {
        let mut hosts = request.headers().get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        // A request that names a host besides is one for a proxy.
        if request.uri().authority().is_some() {
            return false;
        }
        let Some(name) = host.to_str().ok().and_then(|host| host_of(host, self.address.port())) else { return false };
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_this = |address: IpAddr| address.is_loopback() || address == self.address.ip();
        name.eq_ignore_ascii_case("localhost")
            || address.is_ok_and(is_this)
            || self
                .hosts
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The name in `NAME:PORT`; `None` if the port is another one. A proxy may leave the port out.
fn host_of(host: &str, port: u16) -> Option<&str> {
    match host.rsplit_once(':') {
        Some((name, digits)) if !digits.contains(']') => (digits.parse() == Ok(port)).then_some(name),
        _ => Some(host),
    }
}

fn answer(code: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Answer::new(Full::from(body));
    *answer.status_mut() = code;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    answer
}

#[cfg(test)]
mod tests;
