//! A stop does not wait long for a server that hangs, or that is slow: systemd kills what takes its time.

use crate::fake::Fake;
use crate::kit::{Bench, Does, image, run, settings, until};
use lifeboot_artifact::swu;
use lifeboot_gateway::ddi::Tokens;
use lifeboot_gateway::gateway::Gateway;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Runs a gateway until the server has been asked what it hangs at or is slow with; returns how long the stop takes.
fn stopping(fake: &Fake, is_asked: impl Fn() -> bool) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::with(&[("ab12", Does::Confirms)]);
    let gateway = Gateway::open(settings(&fake.url, folder.path()), Tokens::default(), &bench).unwrap();
    let began = run(&gateway, |gateway| {
        until(is_asked, || format!("{:?}", gateway.status()));
        Instant::now()
    });
    assert!(bench.get("ab12").acts.is_empty());
    began.unwrap().elapsed()
}

fn stops_although_it_hangs(at: &'static str) {
    let (asked, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let fake = Fake::with({
        let (asked, ended) = (asked.clone(), ended.clone());
        move |request, _| {
            while request.path.ends_with(at) && !ended.load(Ordering::Relaxed) {
                asked.store(true, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(10));
            }
            None
        }
    });
    fake.offer("ab12", "1", &swu::write(&image(1), "1").unwrap());
    let took = stopping(&fake, || asked.load(Ordering::Relaxed));
    ended.store(true, Ordering::Relaxed);
    assert!(took < Duration::from_secs(13), "{took:?} at {at}");
}

#[test]
fn a_server_that_does_not_answer_a_poll_holds_up_no_stop() {
    stops_although_it_hangs("/ab12");
}

#[test]
fn a_server_that_does_not_begin_a_download_holds_up_no_stop() {
    stops_although_it_hangs("/download");
}

#[test]
fn a_download_that_is_slow_holds_up_no_stop() {
    let fake = Fake::new();
    fake.offer("ab12", "1", &swu::write(&image(1), "1").unwrap());
    fake.state().downloads_are_slow = true;
    let took = stopping(&fake, || fake.state().downloads > 0);
    assert!(took < Duration::from_secs(10), "{took:?}");
}
