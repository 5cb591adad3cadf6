//! A real fleet server: goosebit from PyPI, at a port of this machine, with its database in a folder. It speaks hawkBit's DDI to
//! devices; what a person does at its pages is done by its own interface here.
//!
//! It ends with the process that started it, and when it is dropped.

use crate::setup;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const SERVE: &str = include_str!("goosebit/serve.py");

/// How long it takes to answer after its start, at most.
const START: Duration = Duration::from_secs(120);

/// The server.
pub struct Goosebit {
    python: PathBuf,
    folder: PathBuf,
    child: Child,
    port: u16,
    token: String,
}

impl Goosebit {
    /// Starts a server with an empty database in this folder, at any port.
    ///
    /// # Errors
    /// If it cannot be installed or does not start.
    pub fn start(folder: &Path) -> Result<Self> {
        let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/goosebit/requirements.txt");
        let python = setup::python("goosebit", &requirements)?;
        prepare(&python, folder)?;
        let (child, port) = serve(&python, folder, 0)?;
        let mut server = Goosebit { python, folder: folder.to_owned(), child, port, token: String::new() };
        server.token = server.sign_in("/setup")?;
        Ok(server)
    }

    /// Kills the server.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again after [`kill`](Self::kill), at the same port with the same database.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&mut self) -> Result<()> {
        (self.child, _) = serve(&self.python, &self.folder, self.port)?;
        self.token = self.sign_in("/login")?;
        Ok(())
    }

    /// The server's address, as a gateway is given it.
    pub fn url(&self) -> String {
        url(self.port, "")
    }

    /// Uploads a container of software. Returns its number.
    ///
    /// # Errors
    /// What the server says.
    pub fn upload(&self, container: &[u8]) -> Result<u64> {
        let start = "--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"fw.swu\"\r\n\r\n";
        let body = [start.as_bytes(), container, b"\r\n--limit--\r\n"].concat();
        let answer = self.request("PUT", "/api/v1/software", "multipart/form-data; boundary=limit", &body)?;
        answer["id"].as_u64().with_context(|| answer.to_string())
    }

    /// Rolls software out to all devices that it is for.
    ///
    /// # Errors
    /// What the server says.
    pub fn roll_out(&self, name: &str, software: u64) -> Result<()> {
        let rollout = json!({ "name": name, "feed": "default", "software_id": software });
        self.json("PUT", "/api/v1/rollouts", &rollout).map(drop)
    }

    /// How often a rollout has succeeded and failed.
    ///
    /// # Errors
    /// What the server says.
    pub fn counts(&self, name: &str) -> Result<(u64, u64)> {
        let rollouts = self.json("GET", "/api/v1/rollouts", &json!({}))?;
        let found = rollouts["rollouts"].as_array().and_then(|all| all.iter().find(|one| one["name"] == name));
        let found = found.with_context(|| rollouts.to_string())?;
        let count = |what: &str| found[what].as_u64().with_context(|| found.to_string());
        Ok((count("success_count")?, count("failure_count")?))
    }

    /// Offers a device the software of its rollout again.
    ///
    /// # Errors
    /// What the server says.
    pub fn force(&self, device: &str) -> Result<()> {
        self.json("PATCH", "/api/v1/devices", &json!({ "devices": [device], "force_update": true })).map(drop)
    }

    /// What the server knows of a device; null if nothing.
    ///
    /// # Errors
    /// What the server says.
    pub fn device(&self, id: &str) -> Result<Value> {
        let devices = self.json("GET", "/api/v1/devices", &json!({}))?;
        let found = devices["devices"].as_array().and_then(|all| all.iter().find(|device| device["id"] == id));
        Ok(found.cloned().unwrap_or_default())
    }

    /// What a device has reported of its update.
    ///
    /// # Errors
    /// What the server says.
    pub fn log(&self, device: &str) -> Result<String> {
        let log = self.json("GET", &format!("/api/v1/devices/{device}/log"), &json!({}))?;
        Ok(log["log"].as_str().unwrap_or_default().to_owned())
    }

    /// Signs in, the first time as the first user. Returns the token.
    fn sign_in(&self, path: &str) -> Result<String> {
        let form = "username=admin@example.com&password=pw";
        let request = agent().post(url(self.port, path)).content_type("application/x-www-form-urlencoded");
        let text = request.send(form)?.body_mut().read_to_string()?;
        let answer: Value = serde_json::from_str(&text)?;
        answer["access_token"].as_str().map(str::to_owned).context(text)
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.request(method, path, "application/json", body.to_string().as_bytes())
    }

    fn request(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Value> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(url(self.port, path))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", kind)
            .body(body)?;
        let mut response = agent().run(request)?;
        let text = response.body_mut().read_to_string()?;
        ensure!(response.status().is_success(), "{method} {path}: {} {text}", response.status());
        Ok(serde_json::from_str(&text)?)
    }
}

impl Drop for Goosebit {
    fn drop(&mut self) {
        // It has ended, or ends now.
        let _ = self.kill();
    }
}

fn url(port: u16, path: &str) -> String {
    format!("http://127.0.0.1:{port}{path}")
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    config.timeout_global(Some(Duration::from_secs(60))).build().new_agent()
}

/// Writes the server's settings into a folder, and makes an empty database there.
fn prepare(python: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let code = "import goosebit, pathlib; print(pathlib.Path(goosebit.__file__).parent / 'db' / 'migrations')";
    let migrations = Command::new(python).args(["-c", code]).current_dir(folder).output()?;
    let migrations = String::from_utf8(migrations.stdout)?;
    let project = format!(
        "[tool.aerich]\ntortoise_orm = \"goosebit.db.config.TORTOISE_CONF\"\nlocation = \"{}\"\nsrc_folder = \"./.\"\n",
        migrations.trim()
    );
    fs::write(folder.join("pyproject.toml"), project)?;
    let settings = format!(
        "poll_time: 00:00:05\ntenant: DEFAULT\ndevice_auth:\n  enable: true\n  mode: setup\ndb_uri: sqlite://{0}/db.sqlite3\n\
         artifacts_dir: {0}/artifacts\n",
        folder.display()
    );
    fs::write(folder.join("goosebit.yaml"), settings)?;
    let upgrade = ["-m", "aerich", "upgrade"];
    let upgraded =
        Command::new(python).args(upgrade).current_dir(folder).env(SETTINGS, settings_of(folder)).output()?;
    ensure!(upgraded.status.success(), "{}", String::from_utf8_lossy(&upgraded.stderr));
    Ok(())
}

/// The variable of the environment that names the server's settings.
const SETTINGS: &str = "GOOSEBIT_SETTINGS";

fn settings_of(folder: &Path) -> PathBuf {
    folder.join("goosebit.yaml")
}

/// Starts the server at a port, 0 for any, and waits until it answers.
fn serve(python: &Path, folder: &Path, port: u16) -> Result<(Child, u16)> {
    let mut child = Command::new(python)
        .args(["-c", SERVE, &port.to_string()])
        .current_dir(folder)
        .env(SETTINGS, settings_of(folder))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut line)?;
    let port = line.trim().parse().context("goosebit does not say its port")?;
    let began = Instant::now();
    while agent().get(url(port, "/")).call().is_err() {
        ensure!(began.elapsed() < START, "goosebit does not answer");
        thread::sleep(Duration::from_millis(100));
    }
    Ok((child, port))
}
