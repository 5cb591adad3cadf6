//! Several devices at once; tokens; other settings while it runs.

use crate::fake::{Answer, Fake};
use crate::kit::{Bench, Does, id, image, run, run_until, settings, until};
use lifeboot_artifact::swu;
use lifeboot_gateway::ddi::Tokens;
use lifeboot_gateway::gateway::Gateway;
use lifeboot_gateway::settings::Secret;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

fn artifact() -> Vec<u8> {
    swu::write(&image(1), "1").unwrap()
}

#[test]
fn many_devices_share_one_download() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..12).map(|index| format!("{index:02x}")).collect();
    let devices: Vec<_> = names.iter().map(|name| (&**name, Does::Confirms)).collect();
    // A slow server, so that they all want it at the same time.
    let fake = Fake::with(|asked, _| {
        if asked.path.ends_with("/download") {
            std::thread::sleep(Duration::from_millis(300));
        }
        None
    });
    let bench = Bench::with(&devices);
    names.iter().for_each(|name| fake.offer(name, "1", &artifact()));
    run_until(&fake, &bench, &settings(&fake.url, folder.path()), || {
        names.iter().all(|name| !fake.closed(name).is_empty())
    });
    assert_eq!(fake.state().downloads, 1);
    for name in &names {
        assert_eq!((&*fake.closed(name)[0].1, bench.get(name).starts), ("success", 1));
    }
}

#[test]
fn no_more_devices_are_updated_at_once_than_the_settings_say() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["a1", "b2", "c3", "d4", "e5"];
    let (fake, bench) = (Fake::new(), Bench::with(&names.map(|name| (name, Does::Hangs))));
    names.iter().for_each(|name| fake.offer(name, "1", &artifact()));
    let mut settings = settings(&fake.url, folder.path());
    settings.parallel = 2;
    let gateway = Gateway::open(settings, Tokens::default(), &bench).unwrap();
    let acts = || names.iter().map(|name| bench.get(name).acts.len()).sum::<usize>();
    run(&gateway, |gateway| {
        until(
            || gateway.status().devices.iter().all(|device| device.run.is_some()),
            || format!("{:?}", gateway.status()),
        );
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(acts(), 2);
        names.iter().for_each(|name| bench.change(name, |device| device.does = Does::Confirms));
        until(|| names.iter().all(|name| !fake.closed(name).is_empty()), || format!("{:?}", gateway.status()));
    })
    .unwrap();
    assert_eq!(acts(), 5);
}

#[test]
fn each_device_has_its_token_and_the_gateway_one_for_all_others() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::Confirms), ("cd34", Does::Confirms)]));
    for name in ["ab12", "cd34"] {
        fake.offer(name, "1", &artifact());
    }
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("all", "for-all");
    write("own", "ab12 its-own\n");
    let mut settings = settings(&fake.url, folder.path());
    settings.gateway_token = Some(Secret::Credential("all".to_owned()));
    settings.target_tokens = Some(Secret::File(folder.path().join("own")));
    let tokens = settings.read_tokens(Some(folder.path())).unwrap();
    let gateway = Gateway::open(settings, tokens, &bench).unwrap();
    let closed = || ["ab12", "cd34"].iter().all(|name| !fake.closed(name).is_empty());
    run(&gateway, |gateway| until(closed, || format!("{:?}", gateway.status()))).unwrap();
    for asked in &fake.state().log {
        let wanted = if asked.path.contains("/ab12") { "TargetToken its-own" } else { "GatewayToken for-all" };
        assert_eq!(asked.authorization.as_deref(), Some(wanted), "{asked:?}");
    }
    // What is kept holds no secret.
    for file in std::fs::read_dir(folder.path().join("state")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("its-own") && !text.contains("for-all"), "{text}");
    }
}

#[test]
fn a_refused_token_is_shown_and_nothing_else_happens() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::with(|_, _| Some(Answer::json(401, &json!({ "detail": "strict mode" }))));
    let bench = Bench::with(&[("ab12", Does::Confirms)]);
    let tokens = Tokens::default().with_gateway(Path::new("x"), "top-secret").unwrap();
    let gateway = Gateway::open(settings(&fake.url, folder.path()), tokens, &bench).unwrap();
    run(&gateway, |gateway| {
        until(|| gateway.status().server_error.is_some(), || format!("{:?}", gateway.status()));
        let error = gateway.status().server_error.unwrap();
        assert!(error.contains("HTTP 401") && !error.contains("top-secret"), "{error}");
        assert!(gateway.metrics().text().contains("lifeboot_ddi_requests_total{code=\"401\"}"));
    })
    .unwrap();
    // It waits longer each time.
    assert!(fake.log().len() < 20, "{}", fake.log().len());
}

#[test]
fn a_reload_drops_no_push() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::Hangs)]));
    fake.offer("ab12", "1", &artifact());
    let before = settings(&fake.url, folder.path());
    let gateway = Gateway::open(before.clone(), Tokens::default(), &bench).unwrap();
    run(&gateway, |gateway| {
        until(|| bench.get("ab12").acts.len() == 1, || format!("{:?}", gateway.status()));
        let mut after = before.clone();
        after.poll = (Duration::from_millis(30), Duration::from_millis(80));
        let tokens = Tokens::default().with_gateway(Path::new("x"), "new").unwrap();
        assert_eq!(gateway.reload(after.clone(), tokens.clone()).unwrap(), None);
        after.parallel = 1;
        assert_eq!(gateway.reload(after.clone(), tokens.clone()).unwrap(), Some("parallel"));
        after.ca = Some("/none/ca.pem".into());
        assert!(gateway.reload(after, tokens).is_err());
        bench.change("ab12", |device| device.does = Does::Confirms);
        until(|| !fake.closed("ab12").is_empty(), || format!("{:?}", gateway.status()));
    })
    .unwrap();
    assert_eq!((bench.get("ab12").acts.len(), &*fake.closed("ab12")[0].1), (1, "success"));
    assert_eq!(fake.state().log.last().unwrap().authorization.as_deref(), Some("GatewayToken new"));
}

/// A server that is down hears of the end soon after it is back, and is not asked at each step of a transfer.
#[test]
fn a_server_that_is_down_is_not_pestered() {
    let folder = tempfile::tempdir().unwrap();
    let (is_down, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (down, count) = (is_down.clone(), asked.clone());
    let fake = Fake::with(move |_, _| {
        down.load(Ordering::Relaxed).then(|| {
            count.fetch_add(1, Ordering::Relaxed);
            Answer::json(503, &json!({}))
        })
    });
    let bench = Bench::with(&[("ab12", Does::Hangs)]);
    fake.offer("ab12", "1", &artifact());
    let mut settings = settings(&fake.url, folder.path());
    settings.poll = (Duration::from_millis(200), Duration::from_millis(200));
    let gateway = Gateway::open(settings, Tokens::default(), &bench).unwrap();
    run(&gateway, |gateway| {
        until(|| bench.get("ab12").acts.len() == 1, || format!("{:?}", gateway.status()));
        is_down.store(true, Ordering::Relaxed);
        bench.change("ab12", |device| device.does = Does::Confirms);
        until(|| bench.get("ab12").version == "3.1.1", || format!("{:?}", gateway.status()));
        std::thread::sleep(Duration::from_millis(300));
        let asked = asked.load(Ordering::Relaxed);
        assert!(asked <= 3, "{asked} requests to a server that is down");
        is_down.store(false, Ordering::Relaxed);
        until(|| !fake.closed("ab12").is_empty(), || format!("{:?}", gateway.status()));
    })
    .unwrap();
    assert_eq!(fake.closed("ab12")[0].1, "success");
}

/// What one server offered is not reported to another.
#[test]
fn another_server_begins_with_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (Fake::new(), Fake::new());
    let bench = Bench::with(&[("ab12", Does::Hangs)]);
    first.offer("ab12", "1", &artifact());
    run_until(&first, &bench, &settings(&first.url, folder.path()), || bench.get("ab12").acts.len() == 1);
    bench.change("ab12", |device| device.does = Does::Confirms);
    second.offer("ab12", "7", &swu::write(&image(2), "1").unwrap());
    run_until(&second, &bench, &settings(&second.url, folder.path()), || !second.closed("ab12").is_empty());
    let state = second.state();
    assert!(state.feedback.iter().all(|(_, action, _)| action == "7"), "{:?}", state.feedback);
    assert_eq!(bench.get("ab12").version, "3.1.2");
}

/// A stop in the middle of a transfer gives it up, and the next start goes on.
#[test]
fn a_stop_is_not_kept_waiting_by_a_transfer() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::Hangs)]));
    fake.offer("ab12", "1", &artifact());
    let settings = settings(&fake.url, folder.path());
    run_until(&fake, &bench, &settings, || bench.get("ab12").acts.len() == 1);
    assert!(fake.closed("ab12").is_empty(), "it has not ended");
    bench.change("ab12", |device| device.does = Does::Confirms);
    run_until(&fake, &bench, &settings, || !fake.closed("ab12").is_empty());
    assert_eq!((&*fake.closed("ab12")[0].1, bench.get("ab12").starts), ("success", 1));
}

/// A port's name is no name for a file or a path as it is.
#[test]
fn a_device_without_an_id_is_named_by_its_port() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("port:/dev/ttyACM0", Does::Confirms)]));
    let polled =
        || fake.log().iter().any(|line| line.starts_with("GET /DEFAULT/controller/v1/port%3A%2Fdev%2FttyACM0"));
    run_until(&fake, &bench, &settings(&fake.url, folder.path()), polled);
    assert_eq!(bench.get("port:/dev/ttyACM0").acts.len(), 0);
    assert_eq!(id("a").to_string(), "a");
}
