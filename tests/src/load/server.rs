//! A fleet server that only answers, and counts what it is asked.

use anyhow::{Result, anyhow};
use lifeboot_artifact::hex;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use tiny_http::{Method, Request, Response};

/// Requests that are answered at the same time.
const THREADS: usize = 8;

/// A server at a port of this machine, until it is dropped.
pub struct Server {
    http: Arc<tiny_http::Server>,
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    url: String,
    /// The devices that have an action, and whether it is closed.
    offers: BTreeMap<String, AtomicBool>,
    artifact: Vec<u8>,
    requests: AtomicUsize,
    polls: AtomicUsize,
    downloads: AtomicUsize,
    closed: AtomicUsize,
}

impl Server {
    /// Starts it, with an artifact for these devices.
    pub fn start(offer: Option<(Vec<String>, Vec<u8>)>) -> Result<Self> {
        let http = Arc::new(tiny_http::Server::http("127.0.0.1:0").map_err(|error| anyhow!(error))?);
        let (devices, artifact) = offer.unwrap_or_default();
        let offers = devices.into_iter().map(|device| (device, AtomicBool::new(false))).collect();
        let url = format!("http://{}", http.server_addr());
        let state = Arc::new(State { url, offers, artifact, ..State::default() });
        let threads = (0..THREADS).map(|_| {
            let (http, state) = (http.clone(), state.clone());
            thread::spawn(move || {
                while let Ok(request) = http.recv() {
                    state.serve(request);
                }
            })
        });
        let threads = threads.collect();
        Ok(Server { http, state, threads })
    }

    pub fn url(&self) -> &str {
        &self.state.url
    }

    /// The address of a device's poll.
    pub fn poll_of(&self, device: &str) -> String {
        self.state.base(device)
    }

    pub fn requests(&self) -> usize {
        self.state.requests.load(Ordering::Relaxed)
    }

    pub fn polls(&self) -> usize {
        self.state.polls.load(Ordering::Relaxed)
    }

    pub fn downloads(&self) -> usize {
        self.state.downloads.load(Ordering::Relaxed)
    }

    /// How many devices have closed their action with success.
    pub fn closed(&self) -> usize {
        self.state.closed.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.threads.iter().for_each(|_| self.http.unblock());
        for thread in self.threads.drain(..) {
            // What it panicked for was printed.
            let _ = thread.join();
        }
    }
}

impl State {
    fn base(&self, device: &str) -> String {
        format!("{}/DEFAULT/controller/v1/{device}", self.url)
    }

    fn serve(&self, mut request: Request) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let path = request.url().to_owned();
        let parts: Vec<&str> = path.split('/').skip(4).collect();
        let answer = match (request.method(), &parts[..]) {
            (Method::Get, [device]) => self.poll(device),
            (Method::Get, [device, "deploymentBase", _]) => self.deployment(device),
            (Method::Get, [_, "download"]) => {
                self.downloads.fetch_add(1, Ordering::Relaxed);
                return self.send(request, Response::from_data(self.artifact.clone()));
            }
            (Method::Post, [device, "deploymentBase", _, "feedback"]) => {
                let feedback: Value = serde_json::from_reader(request.as_reader()).unwrap_or_default();
                self.feedback(device, &feedback["status"])
            }
            _ => Value::Null,
        };
        self.send(request, Response::from_data(answer.to_string()));
    }

    fn send(&self, request: Request, response: Response<impl std::io::Read>) {
        // A client that has gone needs no answer.
        let _ = request.respond(response);
    }

    fn poll(&self, device: &str) -> Value {
        self.polls.fetch_add(1, Ordering::Relaxed);
        let is_open = self.offers.get(device).is_some_and(|is_closed| !is_closed.load(Ordering::Relaxed));
        let links = match is_open {
            true => json!({ "deploymentBase": { "href": format!("{}/deploymentBase/1", self.base(device)) } }),
            false => json!({}),
        };
        json!({ "config": { "polling": { "sleep": "00:00:00" } }, "_links": links })
    }

    fn deployment(&self, device: &str) -> Value {
        let sha1 = hex(&Sha1::digest(&self.artifact));
        json!({ "id": "1", "deployment": { "download": "forced", "update": "forced", "chunks": [{
            "part": "os", "version": "2.0.0", "name": "firmware", "artifacts": [{
                "filename": "firmware.img", "hashes": { "sha1": sha1 }, "size": self.artifact.len(),
                "_links": { "download": { "href": format!("{}/download", self.base(device)) } },
            }],
        }] } })
    }

    fn feedback(&self, device: &str, status: &Value) -> Value {
        let is_success = status["execution"] == "closed" && status["result"]["finished"] == "success";
        if is_success && self.offers.get(device).is_some_and(|is_closed| !is_closed.swap(true, Ordering::Relaxed)) {
            self.closed.fetch_add(1, Ordering::Relaxed);
        }
        Value::Null
    }
}
