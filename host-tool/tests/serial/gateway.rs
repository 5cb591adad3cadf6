//! The command `lifeboot gateway` as a service: the inbox, a reload, the page, a crash, and its end by a signal. Its fleet server is
//! away all the time, which must not matter to any of that.

use crate::device::Firmware;
use crate::fleets::device;
use crate::line::Wire;
use crate::ports::{carry, command, listener};
use crate::pushes::recipe;
use lifeboot_example_boards::MICROBIT;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything here may take.
const SOON: Duration = Duration::from_secs(60);

/// Two devices at TCP lines, of which the first is the canary, and a gateway's folders.
struct Site {
    folder: tempfile::TempDir,
    devices: [Wire; 2],
    ports: [String; 2],
}

impl Site {
    fn new() -> Site {
        let devices = [1, 2].map(|id| {
            let mut device = device(&MICROBIT, id);
            device.firmware_does(2, Firmware::Hangs);
            Wire::to(device)
        });
        let ports = devices.each_ref().map(|wire| {
            let (listener, port) = listener();
            let mut wire = wire.clone();
            // Until this process ends.
            thread::spawn(move || {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
                    carry(&mut wire, &mut stream);
                }
            });
            port
        });
        let site = Site { folder: tempfile::tempdir().unwrap(), devices, ports };
        fs::create_dir(site.path("inbox")).unwrap();
        site.write_fleet("");
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the fleet's file, with more in its table.
    fn write_fleet(&self, more: &str) {
        let [a, b] = &self.ports;
        let text = format!(
            "[gateway]\nserver = \"http://127.0.0.1:9\"\nlisten = \"127.0.0.1:0\"\nscan = 1\ninbox = \"inbox\"\nstate = \"state\"\n\
             cache = \"cache\"\n{more}\n[[device]]\nid = \"de01\"\nport = \"{a}\"\nlabels = {{ role = \"canary\" }}\n\n[[device]]\n\
             id = \"de02\"\nport = \"{b}\"\n\n[[wave]]\nname = \"canary\"\nlabels = {{ role = \"canary\" }}\n\n[[wave]]\n\
             name = \"rest\"\nrest = true\n"
        );
        fs::write(self.path("fleet.toml"), text).unwrap();
    }

    /// Moves an image of version 1.`minor`.0 into the inbox, under a name that it is not taken under before it is whole.
    fn put(&self, minor: u16, length: u32) {
        let file = self.path("inbox").join(format!("{minor}.img.part"));
        fs::write(&file, recipe(&MICROBIT, minor, length).image().to_bytes()).unwrap();
        fs::rename(&file, self.path("inbox").join(format!("{minor}.img"))).unwrap();
    }

    /// The version that a device runs, by its flash.
    fn starts(&self, device: usize) -> u32 {
        self.devices[device].bench().device.starts
    }

    /// What `lifeboot rollout` says of the gateway's rollouts.
    fn rollout(&self, arguments: &[&str]) -> Value {
        let state = self.path("state");
        let output = command(&[&["rollout"], arguments, &["--json", "--state", state.to_str().unwrap()]].concat());
        let output = { output }.current_dir(&self.folder).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(text.lines().last().unwrap_or("null")).unwrap()
    }

    /// How the rollout of a version stands: its phase, and how many devices are in each state.
    fn rollout_of(&self, version: &str) -> (String, Value) {
        let listed = self.rollout(&["list"]);
        let found = listed["rollouts"].as_array().and_then(|all| all.iter().find(|one| one["version"] == version));
        found.map_or_else(Default::default, |one| {
            (one["phase"].as_str().unwrap_or_default().to_owned(), one["counts"].clone())
        })
    }

    fn wait(&self, gateway: &Gateway, what: &str, holds: impl Fn() -> bool) {
        let began = Instant::now();
        while !holds() {
            let state = || format!("{what}:\n{}\n{:#}", gateway.log(), self.rollout(&["list"]));
            assert!(began.elapsed() < SOON, "{}", state());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The command.
struct Gateway {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Gateway {
    /// Starts it, and waits until it is ready.
    fn start(site: &Site) -> Gateway {
        let mut command = command(&["gateway", "--log-json"]);
        let mut child =
            command.current_dir(&site.folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let written = log.clone();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *written.lock().unwrap() += &format!("{line}\n");
            }
        });
        let gateway = Gateway { child, log };
        site.wait(&gateway, "it is not ready", || gateway.has_logged("ready").is_some());
        gateway
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Returns the fields of the last line of its log with this message.
    fn has_logged(&self, message: &str) -> Option<Value> {
        let log = self.log();
        let mut lines = log.lines().rev().map(|line| serde_json::from_str::<Value>(line).expect("lines of JSON"));
        lines.find(|line| line["fields"]["message"] == message).map(|line| line["fields"].clone())
    }

    /// Reads a page of its own.
    fn get(&self, path: &str) -> String {
        let address = self.has_logged("ready").unwrap()["page"].as_str().unwrap().to_owned();
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
        text
    }

    fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It has ended, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn holds_image(folder: &Path, name: &str) -> bool {
    folder.join("inbox/done").join(name).exists()
}

#[test]
fn the_service_rolls_out_its_inbox_reloads_outlives_a_crash_and_ends_in_good_order() {
    let site = Site::new();
    let mut gateway = Gateway::start(&site);

    // It finds the devices, though no server answers.
    let up = |device: &str| gateway.get("/metrics").contains(&format!("lifeboot_device_up{{device=\"{device}\"}} 1"));
    site.wait(&gateway, "the devices are not found", || up("de01") && up("de02"));
    assert!(gateway.get("/").contains("de02"));

    // A good image goes through both waves, while the file is read again, once with a fault in it.
    site.put(1, 60_000);
    site.wait(&gateway, "nothing begins", || !site.rollout_of("1.1.0").0.is_empty());
    site.write_fleet("scan = 2\n");
    gateway.signal("-HUP");
    site.wait(&gateway, "no fault is found", || {
        gateway.has_logged("fleet.toml is not taken over: it stays as it was").is_some()
    });
    site.write_fleet("parallel = 2\n");
    gateway.signal("-HUP");
    site.wait(&gateway, "it is not reloaded", || gateway.has_logged("reloaded").is_some());
    site.wait(&gateway, "1.1.0 does not get through", || site.rollout_of("1.1.0").1["confirmed"] == 2);
    site.wait(&gateway, "the rollout does not end", || site.rollout_of("1.1.0").0 == "done");
    assert!(holds_image(site.folder.path(), "1.img"));
    assert_eq!([site.starts(0), site.starts(1)], [2, 2]);

    // A bad one stops at the canary.
    site.put(2, 5000);
    site.wait(&gateway, "1.2.0 does not stop", || site.rollout_of("1.2.0").0 == "stopped");
    let (_, counts) = site.rollout_of("1.2.0");
    assert_eq!((&counts["rolled_back"], &counts["waiting"]), (&1.into(), &1.into()), "{counts}");
    assert_eq!(site.starts(1), 2, "a device behind the canary was touched");
    let metrics = gateway.get("/metrics");
    let is_counted = |line: &str| {
        line.starts_with("lifeboot_rollout_devices{rollout=\"1.2.0")
            && line.contains("wave=\"canary\",state=\"rolled_back\"")
            && line.ends_with(" 1")
    };
    assert!(metrics.lines().any(is_counted), "{metrics}");
    // The next image waits for its devices: the rollout that has stopped is not over.
    site.put(3, 60_000);
    site.wait(&gateway, "1.3.0 does not wait", || gateway.has_logged("waits in the inbox").is_some());
    assert!(site.path("inbox/3.img").exists() && site.rollout_of("1.3.0").0.is_empty());
    // A person ends that, by the command, while the service drives it.
    let stopped =
        site.rollout(&["list"])["rollouts"].as_array().unwrap().iter().find(|one| one["version"] == "1.2.0").cloned();
    let aborted = site.rollout(&["abort", stopped.unwrap()["rollout"].as_str().unwrap()]);
    assert_eq!(aborted["phase"], "aborted", "{aborted}");

    // A crash while an image is on its way: the next one goes on.
    site.wait(&gateway, "1.3.0 does not begin", || site.rollout_of("1.3.0").1["updating"] == 1);
    gateway.child.kill().unwrap();
    gateway.child.wait().unwrap();
    assert_ne!(site.rollout_of("1.3.0").1["confirmed"], 2);
    gateway = Gateway::start(&site);
    site.wait(&gateway, "1.3.0 does not get through", || site.rollout_of("1.3.0").1["confirmed"] == 2);

    gateway.signal("-TERM");
    let mut text = String::new();
    gateway.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!((gateway.child.wait().unwrap().code(), text.as_str()), (Some(0), "stopped\n"), "{}", gateway.log());
}

#[test]
fn what_it_cannot_begin_with_is_said_before_anything_is_done() {
    let site = Site::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text = fs::read_to_string(site.path("fleet.toml")).unwrap();
    fs::write(site.path("fleet.toml"), text.replace("127.0.0.1:0\"", &format!("{address}\""))).unwrap();
    let output = command(&["gateway"]).current_dir(&site.folder).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&address.to_string()) && said.contains("another program may have the port"), "{said}");
}
