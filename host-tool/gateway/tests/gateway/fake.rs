//! A fleet server that does what the recording of one shows, and what is worse.

use lifeboot_artifact::hex;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tiny_http::{Header, Response, Server};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
    pub range: Option<u64>,
    pub body: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub code: u16,
    pub body: Vec<u8>,
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub fn json(code: u16, value: &Value) -> Answer {
        Answer { code, body: value.to_string().into_bytes(), headers: Vec::new() }
    }
}

type Quirk = Box<dyn FnMut(&Asked, &mut State) -> Option<Answer> + Send>;

#[derive(Default)]
pub struct State {
    /// The action that each device has, and its artifact.
    pub offers: BTreeMap<String, (String, Vec<u8>)>,
    /// What else the deployments of actions say.
    pub deployment: Value,
    /// Whether downloads take half a minute, a few bytes at a time.
    pub downloads_are_slow: bool,
    /// Whether attributes are wanted.
    pub wants_attributes: bool,
    pub attributes: Vec<(String, Value)>,
    /// Device, action and the status of each feedback.
    pub feedback: Vec<(String, String, Value)>,
    pub log: Vec<Asked>,
    pub downloads: u32,
    quirk: Option<Quirk>,
}

/// A server at this machine, until it is dropped.
pub struct Fake {
    pub url: String,
    server: Arc<Server>,
    state: Arc<Mutex<State>>,
    threads: Vec<JoinHandle<()>>,
}

impl Fake {
    pub fn new() -> Fake {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let url = format!("http://{}", server.server_addr());
        let state = Arc::new(Mutex::new(State::default()));
        let threads = (0..4).map(|_| {
            let (server, state, url) = (server.clone(), state.clone(), url.clone());
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    serve(request, &state, &url);
                }
            })
        });
        let threads = threads.collect();
        Fake { url, threads, server, state }
    }

    /// Answers some requests in another way.
    pub fn with(quirk: impl FnMut(&Asked, &mut State) -> Option<Answer> + Send + 'static) -> Fake {
        let fake = Fake::new();
        fake.state().quirk = Some(Box::new(quirk));
        fake
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn offer(&self, device: &str, action: &str, artifact: &[u8]) {
        self.state().offers.insert(device.to_owned(), (action.to_owned(), artifact.to_vec()));
    }

    pub fn log(&self) -> Vec<String> {
        self.state().log.iter().map(|asked| format!("{} {} {}", asked.method, asked.path, asked.body)).collect()
    }

    /// How a device's actions ended: action, `success` or `failure`, details.
    pub fn closed(&self, device: &str) -> Vec<(String, String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let state = self.state();
        let closed = state.feedback.iter().filter(|(of, _, status)| of == device && status["execution"] == "closed");
        closed
            .map(|(_, action, status)| {
                let details = status["details"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join("; ");
                (action.clone(), text(&status["result"]["finished"]), details)
            })
            .collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        for _ in &self.threads {
            self.server.unblock();
        }
        for thread in self.threads.drain(..) {
            // What it panicked for has failed the test already.
            let _ = thread.join();
        }
    }
}

fn serve(mut request: tiny_http::Request, state: &Mutex<State>, url: &str) {
    let mut body = String::new();
    request.as_reader().read_to_string(&mut body).unwrap();
    let header = |name: &'static str| {
        let found = request.headers().iter().find(|header| header.field.equiv(name));
        found.map(|header| header.value.to_string())
    };
    let range = header("Range").map(|range| range["bytes=".len()..].trim_end_matches('-').parse().unwrap());
    let (method, path) = (request.method().to_string(), request.url().to_owned());
    let is_download = path.ends_with("/download");
    let asked = Asked { method, path, authorization: header("Authorization"), range, body };
    let (answer, is_slow) = {
        let mut state = state.lock().unwrap();
        state.log.push(asked.clone());
        let mut quirk = state.quirk.take();
        let answer = quirk.as_mut().and_then(|quirk| quirk(&asked, &mut state));
        state.quirk = quirk;
        (answer.unwrap_or_else(|| usual(&asked, &mut state, url)), is_download && state.downloads_are_slow)
    };
    let length = answer.body.len();
    let body = Body { left: Cursor::new(answer.body), is_slow };
    let mut response = Response::new(answer.code.into(), Vec::new(), body, Some(length), None);
    for (name, value) in answer.headers {
        response.add_header(Header::from_bytes(name, value).unwrap());
    }
    // The client may have gone, as a killed one does.
    let _ = request.respond(response);
}

/// The body of an answer.
struct Body {
    left: Cursor<Vec<u8>>,
    is_slow: bool,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.is_slow {
            return self.left.read(buffer);
        }
        thread::sleep(Duration::from_millis(100));
        let length = buffer.len().min(64);
        self.left.read(&mut buffer[..length])
    }
}

fn usual(asked: &Asked, state: &mut State, url: &str) -> Answer {
    let missing = Answer::json(404, &json!({ "detail": "Not Found" }));
    let parts: Vec<&str> = asked.path.split('/').collect();
    let ["", "DEFAULT", "controller", "v1", device, rest @ ..] = &parts[..] else { return missing };
    let base = format!("{url}/DEFAULT/controller/v1/{device}");
    match (&*asked.method, rest) {
        ("GET", []) => {
            let mut links = json!({});
            if let Some((action, _)) = state.offers.get(*device) {
                links["deploymentBase"] = json!({ "href": format!("{base}/deploymentBase/{action}") });
            }
            if state.wants_attributes {
                links["configData"] = json!({ "href": format!("{base}/configData") });
            }
            Answer::json(200, &json!({ "config": { "polling": { "sleep": "00:00:05" } }, "_links": links }))
        }
        ("PUT", ["configData"]) => {
            state.wants_attributes = false;
            state.attributes.push(((*device).to_owned(), serde_json::from_str(&asked.body).unwrap()));
            Answer::json(200, &json!({ "success": true }))
        }
        ("GET", ["deploymentBase", action]) => match state.offers.get(*device) {
            Some((offered, artifact)) if offered == action => {
                Answer::json(200, &deployment(action, artifact, &base, &state.deployment))
            }
            // As goosebit answers.
            _ => Answer::json(200, &Value::Null),
        },
        ("GET", ["download"]) => {
            let Some((_, artifact)) = state.offers.get(*device) else { return missing };
            state.downloads += 1;
            let Some(from) = asked.range else {
                return Answer { code: 200, body: artifact.clone(), headers: Vec::new() };
            };
            let range = format!("bytes {from}-{}/{}", artifact.len() - 1, artifact.len());
            Answer { code: 206, body: artifact[from as usize..].to_vec(), headers: vec![("Content-Range", range)] }
        }
        ("POST", ["deploymentBase", action, "feedback"]) => {
            let feedback: Value = serde_json::from_str(&asked.body).unwrap();
            assert_eq!(feedback["id"], **action);
            if feedback["status"]["result"]["finished"].is_null() {
                return Answer::json(422, &json!({ "detail": [{ "type": "missing" }] }));
            }
            let is_of = |(offered, _): &(String, Vec<u8>)| offered == action;
            if feedback["status"]["execution"] == "closed" && state.offers.get(*device).is_some_and(is_of) {
                state.offers.remove(*device);
            }
            state.feedback.push(((*device).to_owned(), (*action).to_owned(), feedback["status"].clone()));
            Answer::json(200, &json!({ "id": action }))
        }
        _ => missing,
    }
}

fn deployment(action: &str, artifact: &[u8], base: &str, more: &Value) -> Value {
    let sha1 = hex(&Sha1::digest(artifact));
    let mut deployment = json!({
        "download": "forced", "update": "forced",
        "chunks": [{ "part": "os", "version": "3.1.0", "name": "fw.swu", "artifacts": [{
            "filename": "fw.swu", "hashes": { "sha1": sha1 }, "size": artifact.len(),
            "_links": { "download": { "href": format!("{base}/download") } },
        }] }],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        deployment[name] = value.clone();
    }
    json!({ "id": action, "deployment": deployment })
}
