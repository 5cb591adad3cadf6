//! A whole rollout with a real fleet server: goosebit from PyPI, in a virtual environment of the target folder.

use crate::kit::{Bench, Does, image, run, settings};
use lifeboot_artifact::swu;
use lifeboot_gateway::ddi::Tokens;
use lifeboot_gateway::gateway::Gateway;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const VERSION: &str = "0.2.12";
const SERVE: &str = include_str!("goosebit/serve.py");

/// The folder of the virtual environment, which is made once.
fn environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("goosebit-{VERSION}"));
    let done = folder.join("done");
    if !done.exists() {
        let (python, pip) = (folder.join("bin/python"), format!("goosebit=={VERSION}"));
        let make = format!("python3 -m venv --clear {}", folder.display());
        let install = format!("{} -m pip install --quiet {pip}", python.display());
        let help = "goosebit needs Python 3.11 or later with venv: sudo apt-get install python3-venv";
        for command in [make, install] {
            let ended = Command::new("sh").args(["-c", &command]).status().expect("a shell");
            assert!(ended.success(), "this failed: {command}\n{help}");
        }
        fs::write(done, "").unwrap();
    }
    folder
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts it in a folder, at a port, 0 for any.
    fn start(environment: &Path, folder: &Path, port: u16) -> Server {
        let mut child = Command::new(environment.join("bin/python"))
            .args(["-c", SERVE, &port.to_string()])
            .current_dir(folder)
            .env("GOOSEBIT_SETTINGS", folder.join("goosebit.yaml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let server = Server { child, port: line.trim().parse().expect("the port") };
        let began = Instant::now();
        while server.agent().get(server.url("/")).call().is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "goosebit does not answer");
            thread::sleep(Duration::from_millis(100));
        }
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn agent(&self) -> ureq::Agent {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        config.timeout_global(Some(Duration::from_secs(30))).build().new_agent()
    }

    /// Signs in, the first time as the first user; returns the token.
    fn sign_in(&self, path: &str) -> String {
        let form = "username=admin@example.com&password=pw";
        let request = self.agent().post(self.url(path)).content_type("application/x-www-form-urlencoded");
        let text = request.send(form).unwrap().body_mut().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{text}")).to_owned()
    }

    fn manage(&self, token: &str, method: &str, path: &str, kind: &str, body: &[u8]) -> Value {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(self.url(path))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", kind)
            .body(body)
            .unwrap();
        let mut response = self.agent().run(request).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        assert!(response.status().is_success(), "{method} {path}: {} {text}", response.status());
        serde_json::from_str(&text).unwrap()
    }

    fn json(&self, token: &str, method: &str, path: &str, body: &Value) -> Value {
        self.manage(token, method, path, "application/json", body.to_string().as_bytes())
    }

    fn upload(&self, token: &str, bytes: &[u8]) -> Value {
        let start = "--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"fw.swu\"\r\n\r\n";
        let body = [start.as_bytes(), bytes, b"\r\n--limit--\r\n"].concat();
        self.manage(token, "PUT", "/api/v1/software", "multipart/form-data; boundary=limit", &body)
    }

    fn device(&self, token: &str, name: &str) -> Value {
        let devices = self.json(token, "GET", "/api/v1/devices", &json!({}));
        let found = devices["devices"].as_array().unwrap().iter().find(|device| device["id"] == name);
        found.cloned().unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with the server's settings and an empty database.
fn prepare(environment: &Path, folder: &Path) {
    let python = environment.join("bin/python");
    let code = "import goosebit, pathlib; print(pathlib.Path(goosebit.__file__).parent / 'db' / 'migrations')";
    let migrations = Command::new(python).args(["-c", code]).current_dir(folder).output().unwrap();
    let migrations = String::from_utf8(migrations.stdout).unwrap();
    fs::write(
        folder.join("pyproject.toml"),
        format!(
            "[tool.aerich]\ntortoise_orm = \"goosebit.db.config.TORTOISE_CONF\"\nlocation = \"{}\"\nsrc_folder = \"./.\"\n",
            migrations.trim()
        ),
    )
    .unwrap();
    fs::write(
        folder.join("goosebit.yaml"),
        format!(
            "poll_time: 00:00:05\ntenant: DEFAULT\ndevice_auth:\n  enable: true\n  mode: setup\n\
             db_uri: sqlite://{0}/db.sqlite3\nartifacts_dir: {0}/artifacts\n",
            folder.display()
        ),
    )
    .unwrap();
    let upgraded = Command::new(environment.join("bin/aerich"))
        .arg("upgrade")
        .current_dir(folder)
        .env("GOOSEBIT_SETTINGS", folder.join("goosebit.yaml"))
        .output()
        .unwrap();
    assert!(upgraded.status.success(), "{}", String::from_utf8_lossy(&upgraded.stderr));
}

/// Waits longer than other tests do: the server takes its time.
fn until(holds: impl Fn() -> bool, state: impl Fn() -> String) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(90), "it did not happen in time: {}", state());
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_rollout_with_a_good_device_a_bad_one_and_a_restart_of_the_server() {
    let environment = environment();
    let folder = tempfile::tempdir().unwrap();
    prepare(&environment, folder.path());
    let mut server = Server::start(&environment, folder.path(), 0);
    let port = server.port;
    let mut token = server.sign_in("/setup");
    let software = server.upload(&token, &swu::write(&image(1), "1").unwrap());

    let bench = Bench::with(&[("ab12", Does::Hangs), ("cd34", Does::RollsBack)]);
    let mut settings = settings(&server.url(""), folder.path());
    settings.poll = (Duration::from_millis(200), Duration::from_millis(500));
    // goosebit 0.2.12 writes its hardware "default" several times if its first devices come at once, and fails on that later.
    settings.polls = 1;
    let tokens = Tokens::default().with_targets(Path::new("x"), "ab12 secret1\ncd34 secret2\n").unwrap();
    let gateway = Gateway::open(settings, tokens, &bench).unwrap();
    run(&gateway, |gateway| {
        let state = || format!("{:#?}", gateway.status());
        until(|| ["ab12", "cd34"].iter().all(|name| server.device(&token, name)["sw_version"] == "3.0.0"), state);
        let rollout = json!({ "name": "r1", "feed": "default", "software_id": software["id"] });
        server.json(&token, "PUT", "/api/v1/rollouts", &rollout);

        // The bad image: reported with its reason, cause and pc.
        until(|| server.device(&token, "cd34")["last_state"] == "Error", state);
        let log = server.json(&token, "GET", "/api/v1/devices/cd34/log", &json!({}));
        let log = log["log"].as_str().unwrap();
        assert!(log.contains("rolled back: it did not confirm in time"), "{log}");
        assert!(log.contains("reset cause: watchdog") && log.contains("pc: 0x00001234"), "{log}");
        assert_eq!(bench.get("cd34").version, "3.0.0");

        // The good one: the server is down when it confirms, and hears of it once it is back.
        until(|| server.device(&token, "ab12")["last_state"] == "Running", state);
        drop(std::mem::replace(&mut server.child, Command::new("true").spawn().unwrap()).kill());
        thread::sleep(Duration::from_millis(500));
        bench.change("ab12", |device| device.does = Does::Confirms);
        until(|| bench.get("ab12").version == "3.1.1" && gateway.status().server_error.is_some(), state);
        server = Server::start(&environment, folder.path(), port);
        token = server.sign_in("/login");
        until(|| server.device(&token, "ab12")["last_state"] == "Finished", state);
        assert_eq!(server.device(&token, "ab12")["sw_version"], "3.1.1");

        // After a failure nothing is offered until an operator wants it; then the device says what it said before.
        let counts = || {
            let rollouts = server.json(&token, "GET", "/api/v1/rollouts", &json!({}));
            let count = |name: &str| rollouts["rollouts"][0][name].as_u64().unwrap();
            (count("success_count"), count("failure_count"))
        };
        assert_eq!(counts(), (1, 1));
        let acts = bench.get("cd34").acts.len();
        server.json(&token, "PATCH", "/api/v1/devices", &json!({ "devices": ["cd34"], "force_update": true }));
        until(|| counts() == (1, 2), state);
        assert_eq!((bench.get("cd34").acts.len(), bench.get("cd34").starts), (acts + 1, 1));
    })
    .unwrap();
    let downloads = fs::read_dir(folder.path().join("cache")).unwrap().count();
    assert_eq!(downloads, 1);
}
