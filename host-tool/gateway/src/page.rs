//! The status page, and the metrics: read-only, for a browser on this machine unless the settings say otherwise.
//!
//! Everything that a page needs is served from here, and the browser is told to load nothing else. A request must name a host
//! that is meant: a page of another site, whose name was made to lead to this machine, gets nothing.

mod html;

use crate::status::Status;
use miette::Diagnostic;
use std::io::{self, Cursor};
use std::net::{IpAddr, SocketAddr};
use std::sync::{PoisonError, RwLock};
use thiserror::Error;
use tiny_http::{Header, Method, Request, Response, Server};
use tracing::debug;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// What each answer says to a browser.
const HEADERS: [(&str, &str); 5] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
];

/// The page's server.
pub(crate) struct Page {
    server: Server,
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
        let wrong = |why: String| PageError { address, why };
        let server = Server::http(address).map_err(|error| wrong(error.to_string()))?;
        let bound = server.server_addr().to_ip().ok_or_else(|| wrong("it is no address of the internet".to_owned()))?;
        Ok(Page { server, address: bound, hosts: RwLock::new(hosts.to_vec()) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set_hosts(&self, hosts: &[String]) {
        *self.hosts.write().unwrap_or_else(PoisonError::into_inner) = hosts.to_vec();
    }

    /// Answers until it is closed.
    pub(crate) fn serve(&self, status: &dyn Fn() -> Status, metrics: &dyn Fn() -> String) {
        for request in self.server.incoming_requests() {
            let response = self.answer(&request, status, metrics);
            let head = *request.method() == Method::Head;
            let sent = if head { request.respond(without_body(response)) } else { request.respond(response) };
            if let Err(error) = sent {
                debug!(%error, "the browser has gone");
            }
        }
    }

    /// Ends [`serve`](Self::serve).
    pub(crate) fn close(&self) {
        self.server.unblock();
    }

    fn answer(
        &self,
        request: &Request,
        status: &dyn Fn() -> Status,
        metrics: &dyn Fn() -> String,
    ) -> Response<Cursor<Vec<u8>>> {
        if !self.is_meant(request) {
            return answer(
                421,
                "text/plain",
                "this host name is not among hosts in [gateway] of fleet.toml\n".to_owned(),
            );
        }
        if !matches!(request.method(), Method::Get | Method::Head) {
            return answer(405, "text/plain", "nothing can be changed here\n".to_owned());
        }
        match request.url().split('?').next().unwrap_or_default() {
            "/" => answer(200, "text/html", html::page(&status())),
            "/page.css" => answer(200, "text/css", STYLE.to_owned()),
            "/page.js" => answer(200, "text/javascript", SCRIPT.to_owned()),
            "/status.json" => match serde_json::to_string(&status()) {
                Ok(json) => answer(200, "application/json", json),
                Err(error) => answer(500, "text/plain", format!("{error}\n")),
            },
            "/metrics" => answer(200, "application/openmetrics-text; version=1.0.0", metrics()),
            _ => answer(404, "text/plain", "there is / and /metrics\n".to_owned()),
        }
    }

    /// Returns whether a request names this machine, the address that is listened at, or one of the settings' hosts.
    fn is_meant(&self, request: &Request) -> bool {
        let mut names = request.headers().iter().filter(|header| header.field.equiv("Host"));
        let (Some(host), None) = (names.next(), names.next()) else { return false };
        let Some(name) = host_of(host.value.as_str(), self.address.port()) else { return false };
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

fn answer(code: u16, kind: &str, body: String) -> Response<Cursor<Vec<u8>>> {
    let kind = format!("{kind}; charset=utf-8");
    let mut response = Response::from_data(body.into_bytes()).with_status_code(code);
    for (name, value) in HEADERS.into_iter().chain([("Content-Type", &*kind)]) {
        // They are all plain text.
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    response
}

fn without_body(response: Response<Cursor<Vec<u8>>>) -> Response<io::Empty> {
    let length = response.data_length();
    response.with_data(io::empty(), length.map(|_| 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_this_port_or_none() {
        assert_eq!(host_of("localhost:9464", 9464), Some("localhost"));
        assert_eq!(host_of("[::1]:9464", 9464), Some("[::1]"));
        assert_eq!(host_of("[::1]", 9464), Some("[::1]"));
        assert_eq!(host_of("gateway.example.com", 9464), Some("gateway.example.com"));
        assert_eq!(host_of("localhost:80", 9464), None);
        assert_eq!(host_of("localhost:", 9464), None);
    }
}
