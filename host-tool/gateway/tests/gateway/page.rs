//! The status page and the metrics, as a client of HTTP sees them.

use crate::fake::Fake;
use crate::kit::{Bench, Does, SOON, image, run, settings, until};
use lifeboot_artifact::swu;
use lifeboot_gateway::ddi::Tokens;
use lifeboot_gateway::gateway::Gateway;
use lifeboot_gateway::status::{RolloutStatus, WaveStatus};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use ureq::http::Response;

fn get(url: &str, host: &str) -> (Response<ureq::Body>, String) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut response = agent.get(url).header("Host", host).call().unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    (response, text)
}

#[test]
fn devices_outcomes_and_rollouts_are_shown_and_nothing_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::RollsBack), ("<b>&\"", Does::Confirms)]));
    fake.offer("ab12", "1", &swu::write(&image(1), "1").unwrap());
    let mut settings = settings(&fake.url, folder.path());
    settings.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    settings.hosts = vec!["gateway.example.com".to_owned()];
    let gateway = Gateway::open(settings, Tokens::default(), &bench).unwrap();
    let address = gateway.address().unwrap();
    run(&gateway, |gateway| {
        let waves = vec![WaveStatus { name: "canary".to_owned(), states: vec![("confirmed".to_owned(), 2)] }];
        gateway.show_rollouts(vec![RolloutStatus { name: "3.1.1".to_owned(), text: "goes on".to_owned(), waves }]);
        until(|| !fake.closed("ab12").is_empty(), || format!("{:?}", gateway.status()));
        let url = |path: &str| format!("http://{address}{path}");
        let here = address.to_string();

        let (response, page) = get(&url("/"), &here);
        assert_eq!(response.status(), 200);
        let policy = response.headers()["Content-Security-Policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert!(
            page.contains("rolled back: it did not confirm in time; reset cause: watchdog; pc: 0x00001234"),
            "{page}"
        );
        assert!(page.contains("&lt;b&gt;&amp;&quot;") && !page.contains("<b>"), "{page}");
        assert!(page.contains("canary: 2 confirmed"), "{page}");
        assert!(!page.contains("http://") || page.matches("http://").count() == 1, "nothing from elsewhere: {page}");

        let (_, json) = get(&url("/status.json?x=1"), &here);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&json["devices"][1]["id"], &json["devices"][1]["last"]["cause"]),
            (&"ab12".into(), &"watchdog".into())
        );

        let (response, metrics) = get(&url("/metrics"), &here);
        assert!(response.headers()["Content-Type"].to_str().unwrap().starts_with("application/openmetrics-text"));
        for line in [
            "lifeboot_device_up{device=\"ab12\"} 1",
            "lifeboot_updates_total{outcome=\"failure\",cause=\"watchdog\"} 1",
            "lifeboot_update_duration_seconds_count 1",
            "lifeboot_rollout_devices{rollout=\"3.1.1\",wave=\"canary\",state=\"confirmed\"} 2",
        ] {
            assert!(metrics.contains(line), "{line} in {metrics}");
        }
        assert!(metrics.contains("lifeboot_ddi_requests_total{code=\"200\"} "), "{metrics}");
        let sent = metrics.lines().find(|line| line.starts_with("lifeboot_sent_bytes_total{kind=\"image\"} ")).unwrap();
        assert_eq!(sent.rsplit(' ').next().unwrap().parse::<usize>().unwrap(), image(1).to_bytes().len());

        for (path, kind) in [("/page.js", "text/javascript"), ("/page.css", "text/css")] {
            assert!(get(&url(path), &here).0.headers()["Content-Type"].to_str().unwrap().starts_with(kind));
        }
        assert_eq!(get(&url("/../secret"), &here).0.status(), 404);
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        assert_eq!(agent.post(url("/")).send("x").unwrap().status(), 405);
        assert_eq!(agent.delete(url("/")).call().unwrap().status(), 405);
        let head = agent.head(url("/")).call().unwrap();
        assert_eq!(head.status(), 200);
        assert!(head.headers()["Content-Type"].to_str().unwrap().starts_with("text/html"));
    })
    .unwrap();
}

/// Sends a text, and returns what is answered until the connection ends.
fn send(address: SocketAddr, text: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    // The connection may end before all of it is sent, and then the answer may be lost.
    let _ = stream.write_all(text);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// What a request announces takes no memory, and what it sends only so much.
#[test]
fn what_a_request_announces_or_sends_without_end_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::default());
    let mut settings = settings(&fake.url, folder.path());
    settings.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let gateway = Gateway::open(settings, Tokens::default(), &bench).unwrap();
    let address = gateway.address().unwrap();
    run(&gateway, |_| {
        let is_served = || assert_eq!(get(&format!("http://{address}/metrics"), "localhost").0.status(), 200);
        for (host, code) in [("evil.example", "421"), ("localhost", "200")] {
            let head = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100000000000\r\n\r\n");
            assert!(send(address, head.as_bytes()).starts_with(&format!("HTTP/1.1 {code} ")), "{host}");
            is_served();
        }
        let many = "X: y\r\n".repeat(1000);
        for headers in [format!("X: {}", "y".repeat(1 << 20)), many] {
            let head = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n");
            let answer = send(address, head.as_bytes());
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
            is_served();
        }
    })
    .unwrap();
}

/// A name of another site that leads here must not open the page.
#[test]
fn other_host_names_get_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::default());
    let mut settings = settings(&fake.url, folder.path());
    settings.listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    settings.hosts = vec!["gateway.example.com".to_owned()];
    let gateway = Gateway::open(settings, Tokens::default(), &bench).unwrap();
    let address = gateway.address().unwrap();
    run(&gateway, |_| {
        let port = address.port();
        let status = |host: &str| get(&format!("http://{address}/status.json"), host).0.status().as_u16();
        for host in [&*format!("localhost:{port}"), &format!("127.0.0.1:{port}"), "GATEWAY.example.com", "localhost"] {
            assert_eq!(status(host), 200, "{host}");
        }
        for host in
            ["evil.example.com", &format!("evil.example.com:{port}"), "localhost:1", "127.0.0.1.example.com", ""]
        {
            assert_eq!(status(host), 421, "{host}");
        }
    })
    .unwrap();
}

#[test]
fn an_address_that_is_taken_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (taken, bench) = (std::net::TcpListener::bind("127.0.0.1:0").unwrap(), Bench::default());
    let mut settings = settings("http://127.0.0.1:1", folder.path());
    settings.listen = Some(taken.local_addr().unwrap());
    let error = Gateway::open(settings, Tokens::default(), &bench).err().unwrap();
    let help = miette::Diagnostic::help(&error).unwrap().to_string();
    assert!(help.contains("listen in [gateway]"), "{help}");
}
