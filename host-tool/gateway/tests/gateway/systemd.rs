//! What systemd hears, by a socket of the test's own; and the unit.

use crate::fake::Fake;
use crate::kit::{Bench, Does, SOON, settings, until};
use lifeboot_gateway::ddi::Tokens;
use lifeboot_gateway::gateway::Gateway;
use lifeboot_gateway::stop::Stop;
use lifeboot_gateway::{signals, systemd};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::thread;

const CHILD: &str = "systemd::a_gateway_runs_with_systemd_and_without";

/// Runs a gateway: until it is told to stop by a signal if systemd is there, which for this test is the one below; without it,
/// until it has polled.
#[test]
fn a_gateway_runs_with_systemd_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::Confirms)]));
    let settings = settings(&fake.url, folder.path());
    let gateway = Gateway::open(settings.clone(), Tokens::default(), &bench).unwrap();
    let stop = Stop::default();
    let has_systemd = std::env::var_os("NOTIFY_SOCKET").is_some();
    thread::scope(|scope| {
        let watching = has_systemd.then(|| {
            signals::watch(scope, &stop, || {
                assert_eq!(gateway.reload(settings.clone(), Tokens::default()).unwrap(), None);
            })
            .unwrap()
        });
        let running = scope.spawn(|| gateway.run(&stop));
        if !has_systemd {
            until(|| !fake.log().is_empty(), || "no poll".to_owned());
            stop.request();
        }
        running.join().unwrap().unwrap();
        drop(watching);
    });
    assert!(!fake.log().is_empty());
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It has ended, or the test has failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn systemd_hears_of_readiness_life_reload_and_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    let receive = || {
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).expect("a notification");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    let wait_for = |wanted: &str| loop {
        let message = receive();
        if message.lines().any(|line| line.starts_with(wanted)) {
            return message;
        }
        // What was not wanted yet must not come either.
        assert!(message.starts_with("WATCHDOG=1") || message.starts_with("STATUS="), "{message} instead of {wanted}");
    };
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD])
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "1000000")
        .env_remove("WATCHDOG_PID")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Killed(child);
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &child.0.id().to_string()]).status().expect("the command kill");
        assert!(sent.success());
    };
    wait_for("READY=1");
    wait_for("WATCHDOG=1");
    wait_for("STATUS=");
    signal("-HUP");
    let reloading = wait_for("RELOADING=1");
    let time = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).expect("the time of the reload");
    assert!(time.parse::<u64>().unwrap() > 0);
    wait_for("READY=1");
    wait_for("WATCHDOG=1");
    signal("-TERM");
    wait_for("STOPPING=1");
    assert!(child.0.wait().unwrap().success());
}

#[test]
fn the_unit_is_hardened_and_holds_no_secret() {
    let lines: Vec<&str> = systemd::UNIT.lines().collect();
    for line in [
        "Type=notify",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "WatchdogSec=60",
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "LoadCredential=gateway-token:/etc/lifeboot/gateway-token",
        "StateDirectory=lifeboot-gateway",
    ] {
        assert!(lines.contains(&line), "{line}");
    }
    // cargo install puts the program where the unit cannot read it.
    let program = lines.iter().find_map(|line| line.strip_prefix("ExecStart=")?.split(' ').next()).unwrap();
    let install = format!("#   sudo install -m 755 \"$(command -v lifeboot)\" {program}");
    assert!(lines.contains(&"ProtectHome=yes") && lines.contains(&&*install), "{install}");
    // systemd 252 passes over what it does not know, and then waits for nothing.
    assert!(!systemd::UNIT.contains("notify-reload") && !systemd::UNIT.contains("Environment="));
    assert!(
        systemd::UNIT.contains("StateDirectory=lifeboot-gateway")
            && systemd::UNIT.contains("CacheDirectory=lifeboot-gateway")
    );
}

#[test]
fn the_dashboard_shows_the_metrics_that_there_are() {
    let dashboard: serde_json::Value = serde_json::from_str(systemd::DASHBOARD).unwrap();
    let text = dashboard.to_string();
    for name in [
        "lifeboot_device_info",
        "lifeboot_device_up",
        "lifeboot_updates_total",
        "lifeboot_update_duration_seconds",
        "lifeboot_sent_bytes_total",
        "lifeboot_rollout_devices",
        "lifeboot_ddi_requests_total",
    ] {
        assert!(text.contains(name), "{name}");
    }
}
