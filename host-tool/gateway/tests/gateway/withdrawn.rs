//! Actions that the server withdraws or replaces before they have begun at the device.

use crate::fake::{Answer, Asked, Fake, State};
use crate::kit::{Bench, Does, image, run, settings, until};
use lifeboot_artifact::hex;
use lifeboot_artifact::swu;
use lifeboot_gateway::ddi::Tokens;
use lifeboot_gateway::gateway::Gateway;
use lifeboot_gateway::settings::Settings;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

fn artifact(patch: u32) -> Vec<u8> {
    swu::write(&image(patch), "1").unwrap()
}

/// Polls are five seconds apart, as the fake server wants it; all else goes on sooner.
fn seldom(fake: &Fake, folder: &Path) -> Settings {
    let mut settings = settings(&fake.url, folder);
    settings.poll.1 = Duration::from_secs(5);
    settings
}

/// Does something at the first download, and answers it; later ones get the artifact of the action that was asked for last.
fn at_first_download(mut first: impl FnMut(&mut State) -> Answer + Send + 'static) -> Fake {
    let (mut was, mut offers) = (false, Vec::new());
    Fake::with(move |asked: &Asked, state| {
        offers.extend(state.offers.get("ab12").cloned().filter(|offer| !offers.contains(offer)));
        if asked.method != "GET" || !asked.path.ends_with("/download") {
            return None;
        }
        if !std::mem::replace(&mut was, true) {
            return Some(first(state));
        }
        state.downloads += 1;
        let is_asked = |action: &str| {
            state.log.iter().rposition(|asked| asked.path.ends_with(&format!("/deploymentBase/{action}")))
        };
        let (_, artifact) = offers.iter().max_by_key(|(action, _)| is_asked(action))?;
        Some(Answer { code: 200, body: artifact.clone(), headers: Vec::new() })
    })
}

/// Runs a device through an offer that is withdrawn at the first download; nothing must happen to it.
fn never_touched(first: impl FnMut(&mut State) -> Answer + Send + 'static) {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (at_first_download(first), Bench::with(&[("ab12", Does::Confirms)]));
    fake.offer("ab12", "25", &artifact(1));
    let gateway = Gateway::open(seldom(&fake, folder.path()), Tokens::default(), &bench).unwrap();
    run(&gateway, |gateway| {
        let state = || format!("{:?} {:#?}", gateway.status(), fake.log());
        until(|| fake.state().offers.is_empty(), state);
        until(|| bench.get("ab12").starts > 0 || gateway.status().devices[0].run.is_none(), state);
    })
    .unwrap();
    assert!(bench.get("ab12").acts.is_empty(), "{:#?}", fake.log());
    assert!(fake.state().feedback.is_empty(), "{:?}", fake.state().feedback);
}

#[test]
fn an_action_that_is_withdrawn_after_its_download_failed_is_dropped() {
    never_touched(|state| {
        state.offers.clear();
        Answer::json(500, &json!({}))
    });
}

#[test]
fn an_action_that_is_withdrawn_while_it_is_downloaded_is_dropped() {
    never_touched(|state| {
        state.offers.clear();
        std::thread::sleep(Duration::from_millis(200));
        Answer { code: 200, body: artifact(1), headers: Vec::new() }
    });
}

#[test]
fn of_an_action_and_the_one_that_replaces_it_only_the_latter_is_pushed() {
    for breaks in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let fake = at_first_download(move |state| {
            state.offers.insert("ab12".to_owned(), ("29".to_owned(), artifact(2)));
            std::thread::sleep(Duration::from_millis(200));
            if breaks {
                return Answer::json(500, &json!({}));
            }
            Answer { code: 200, body: artifact(1), headers: Vec::new() }
        });
        let bench = Bench::with(&[("ab12", Does::Confirms)]);
        fake.offer("ab12", "25", &artifact(1));
        let gateway = Gateway::open(seldom(&fake, folder.path()), Tokens::default(), &bench).unwrap();
        run(&gateway, |gateway| {
            until(|| !fake.closed("ab12").is_empty(), || format!("{:?} {:#?}", gateway.status(), fake.log()));
        })
        .unwrap();
        let closed = fake.closed("ab12");
        assert!(closed.iter().all(|(action, finished, _)| (&**action, &**finished) == ("29", "success")), "{closed:?}");
        assert_eq!(bench.get("ab12").acts, [hex(&image(2).header().digest[..8])], "breaks: {breaks}");
    }
}

/// A device that waits for others may wait for hours.
#[test]
fn an_action_that_is_withdrawn_while_others_are_updated_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["a1", "b2"];
    let (fake, bench) = (Fake::new(), Bench::with(&names.map(|name| (name, Does::Hangs))));
    names.iter().for_each(|name| fake.offer(name, "25", &artifact(1)));
    let settings = Settings { parallel: 1, ..seldom(&fake, folder.path()) };
    let gateway = Gateway::open(settings, Tokens::default(), &bench).unwrap();
    run(&gateway, |gateway| {
        let state = || format!("{:?} {:#?}", gateway.status(), fake.log());
        let of = |index: usize| gateway.status().devices.get(index).cloned().unwrap_or_default();
        let acts = |name: &str| bench.get(name).acts.len();
        until(|| names.iter().any(|name| acts(name) == 1) && (0..2).all(|index| of(index).run.is_some()), state);
        // Long enough for the other one to be queued.
        std::thread::sleep(Duration::from_millis(300));
        let at_work = names.iter().position(|name| acts(name) == 1).unwrap();
        let waits = 1 - at_work;
        assert_eq!(acts(names[waits]), 0);
        fake.state().offers.remove(names[waits]);
        names.iter().for_each(|name| bench.change(name, |device| device.does = Does::Confirms));
        until(|| !fake.closed(names[at_work]).is_empty(), state);
        until(|| acts(names[waits]) > 0 || of(waits).run.is_none(), state);
        assert_eq!(acts(names[waits]), 0, "{}", state());
        assert!(fake.closed(names[waits]).is_empty());
    })
    .unwrap();
}
