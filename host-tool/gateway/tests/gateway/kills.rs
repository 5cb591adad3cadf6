//! Kills and restarts: before and after each event is kept, and what must hold then.
//!
//! A kill is the failure of the log: nothing more is done after it, as nothing would be after a real one.

use crate::fake::Fake;
use crate::kit::{Bench, Does, image, run, run_until, settings, until};
use lifeboot_artifact::swu;
use lifeboot_fleet::device::DeviceId;
use lifeboot_gateway::controller::Event;
use lifeboot_gateway::ddi::Tokens;
use lifeboot_gateway::gateway::{Gateway, GatewayError};
use lifeboot_gateway::settings::Settings;
use lifeboot_gateway::store::{Folder, Store, StoreError};
use std::sync::Mutex;

/// A log that fails at an event: before it is kept, or after.
struct Killing {
    folder: Folder,
    /// Events until then, and whether the last one is kept.
    left: Mutex<(usize, bool)>,
}

impl Store for Killing {
    fn load(&self) -> Result<Vec<(DeviceId, Vec<Event>)>, StoreError> {
        self.folder.load()
    }

    fn append(&self, device: &DeviceId, event: &Event) -> Result<(), StoreError> {
        let mut left = self.left.lock().unwrap();
        let killed = || StoreError::File { path: "killed".into(), source: std::io::Error::other("killed") };
        match left.0 {
            0 if left.1 => {
                left.1 = false;
                self.folder.append(device, event)?;
                Err(killed())
            }
            0 => Err(killed()),
            _ => {
                left.0 -= 1;
                self.folder.append(device, event)
            }
        }
    }
}

/// Runs until the kill, or until nothing is left to be killed. Returns whether it was killed.
fn run_killed(fake: &Fake, bench: &Bench, settings: &Settings, at: usize, is_kept: bool) -> bool {
    let folder = Folder::open(&settings.state).unwrap();
    let store = Killing { folder, left: Mutex::new((at, is_kept)) };
    let gateway = Gateway::with_store(settings.clone(), Tokens::default(), bench, Box::new(store)).unwrap();
    let stop = lifeboot_gateway::stop::Stop::default();
    let ended = std::thread::scope(|scope| {
        let running = scope.spawn(|| gateway.run(&stop));
        until(|| running.is_finished() || is_settled(fake), || format!("{:?}", fake.log()));
        stop.request();
        running.join().unwrap()
    });
    match ended {
        Ok(()) => false,
        Err(GatewayError::Store(_)) => true,
        Err(error) => panic!("{error}"),
    }
}

/// Whether all is closed, and the gateway has noticed that nothing is offered any more.
fn is_settled(fake: &Fake) -> bool {
    let polls = fake.log().iter().rev().take_while(|line| !line.contains("feedback")).count();
    !fake.closed("ab12").is_empty() && fake.state().offers.is_empty() && polls > 3
}

fn killed_everywhere(does: &Does, finished: &str, version: &str) -> usize {
    let mut kills = 0;
    for is_kept in [false, true] {
        for at in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", does.clone())]));
            let settings = settings(&fake.url, folder.path());
            fake.offer("ab12", "1", &swu::write(&image(1), "1").unwrap());
            let was_killed = run_killed(&fake, &bench, &settings, at, is_kept);
            // What has been told must be true already.
            for (_, told, _) in fake.closed("ab12") {
                assert_eq!(
                    (&*told, &*bench.get("ab12").version),
                    (finished, version),
                    "killed at {at}, kept: {is_kept}"
                );
            }
            run_until(&fake, &bench, &settings, || is_settled(&fake));
            let closed = fake.closed("ab12");
            assert!(
                !closed.is_empty() && closed.iter().all(|(action, told, _)| action == "1" && told == finished),
                "{closed:?}"
            );
            let device = bench.get("ab12");
            assert_eq!((&*device.version, device.starts), (version, 1), "killed at {at}, kept: {is_kept}");
            assert_eq!(fake.state().downloads, 1, "killed at {at}, kept: {is_kept}");
            if !was_killed {
                break;
            }
            kills += 1;
        }
    }
    kills
}

#[test]
fn a_good_image_is_confirmed_and_reported_wherever_the_gateway_is_killed() {
    let kills = killed_everywhere(&Does::Confirms, "success", "3.1.1");
    assert!(kills >= 10, "only {kills} kills");
}

#[test]
fn a_bad_image_is_reported_as_such_wherever_the_gateway_is_killed() {
    let kills = killed_everywhere(&Does::RollsBack, "failure", "3.0.0");
    assert!(kills >= 10, "only {kills} kills");
}

/// The first success was taken, and its event lost: it is repeated, but never for the image that came next.
#[test]
fn a_success_is_never_told_of_another_image() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::Confirms)]));
    let settings = settings(&fake.url, folder.path());
    fake.offer("ab12", "1", &swu::write(&image(1), "1").unwrap());
    // Offered, begun, ended are kept; closed is not.
    assert!(run_killed(&fake, &bench, &settings, 3, false));
    assert_eq!(fake.closed("ab12").len(), 1);
    bench.change("ab12", |device| device.does = Does::RollsBack);
    fake.offer("ab12", "2", &swu::write(&image(2), "1").unwrap());
    run_until(&fake, &bench, &settings, || fake.closed("ab12").iter().any(|(action, ..)| action == "2"));
    let ends: Vec<_> = fake.closed("ab12").into_iter().map(|(action, finished, _)| (action, finished)).collect();
    let end = |action: &str, finished: &str| (action.to_owned(), finished.to_owned());
    assert_eq!(ends.first(), Some(&end("1", "success")));
    assert!(ends.iter().all(|(action, finished)| (finished == "success") == (action == "1")), "{ends:?}");
    assert_eq!(ends.last(), Some(&end("2", "failure")));
}

/// A device that was unplugged in the middle is not forgotten, and its artifact is fetched again if the cache was emptied.
#[test]
fn what_has_begun_is_ended_when_the_device_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::Confirms)]));
    let settings = settings(&fake.url, folder.path());
    fake.offer("ab12", "1", &swu::write(&image(1), "1").unwrap());
    // Begun is kept, and nothing was done.
    assert!(run_killed(&fake, &bench, &settings, 1, true));
    assert_eq!(bench.get("ab12").acts.len(), 0);
    bench.change("ab12", |device| device.is_away = true);
    std::fs::remove_dir_all(&settings.cache).unwrap();
    let gateway = Gateway::open(settings.clone(), Tokens::default(), &bench).unwrap();
    run(&gateway, |gateway| {
        let polls = || fake.log().len();
        let before = polls();
        until(|| polls() > before + 3, || format!("{:?}", gateway.status()));
        assert!(!gateway.status().devices[0].is_up);
        bench.change("ab12", |device| device.is_away = false);
        until(|| !fake.closed("ab12").is_empty(), || format!("{:?}", gateway.status()));
    })
    .unwrap();
    assert_eq!(fake.closed("ab12")[0].1, "success");
    assert_eq!(fake.state().downloads, 2);
}
