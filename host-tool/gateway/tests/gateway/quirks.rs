//! What real servers do, each quirk a test; the first ones are those of a recorded goosebit.

use crate::fake::{Answer, Asked, Fake, State};
use crate::kit::{Bench, Does, image, run_until, settings};
use lifeboot_artifact::swu;
use serde_json::{Value, json};

/// Runs a device through an action against a server, until that has ended; returns the end.
fn end(fake: &Fake, does: Does, artifact: &[u8]) -> (Bench, (String, String, String)) {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::with(&[("ab12", does)]);
    fake.offer("ab12", "1", artifact);
    run_until(fake, &bench, &settings(&fake.url, folder.path()), || !fake.closed("ab12").is_empty());
    let closed = fake.closed("ab12");
    assert_eq!(closed.len(), 1, "{closed:?}");
    (bench, closed[0].clone())
}

fn confirmed(fake: &Fake) -> Bench {
    let (bench, (action, finished, details)) = end(fake, Does::Confirms, &swu_bytes());
    assert_eq!((&*action, &*finished, &*details), ("1", "success", "confirmed 3.1.1"));
    assert_eq!((bench.get("ab12").version, bench.get("ab12").starts), ("3.1.1".to_owned(), 1));
    bench
}

fn swu_bytes() -> Vec<u8> {
    swu::write(&image(1), "1").unwrap()
}

fn once(mut answer: impl FnMut(&Asked, &mut State) -> Option<Answer> + Send + 'static) -> Fake {
    let mut was = false;
    Fake::with(move |asked, state| {
        let answer = if was { None } else { answer(asked, state) };
        was |= answer.is_some();
        answer
    })
}

#[test]
fn sha1_alone_no_md5_and_only_a_download_link() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::Confirms)]));
    fake.state().wants_attributes = true;
    fake.offer("ab12", "1", &swu_bytes());
    let is_known = || fake.state().attributes.last().is_some_and(|(_, sent)| sent["data"]["sw_version"] == "3.1.1");
    run_until(&fake, &bench, &settings(&fake.url, folder.path()), || !fake.closed("ab12").is_empty() && is_known());
    let state = fake.state();
    let attributes = &state.attributes[0].1;
    assert_eq!(attributes["mode"], "merge");
    assert_eq!(
        (&attributes["data"]["hw_boardname"], &attributes["data"]["sw_version"]),
        (&json!("microbit"), &json!("3.0.0"))
    );
    assert_eq!(state.downloads, 1);
    // In between, only what the server understands.
    let executions: Vec<_> = state.feedback.iter().map(|(.., status)| status["execution"].clone()).collect();
    assert!(executions.iter().all(|execution| *execution == "proceeding" || *execution == "closed"), "{executions:?}");
    assert!(
        state.feedback.iter().any(|(.., status)| status["details"][0].as_str().unwrap().starts_with("Downloaded "))
    );
}

#[test]
fn a_raw_image_will_do_where_a_server_takes_it() {
    let (_, (_, finished, _)) = end(&Fake::new(), Does::Confirms, &image(1).to_bytes());
    assert_eq!(finished, "success");
}

#[test]
fn a_failure_has_reason_cause_and_pc() {
    let (bench, (_, finished, details)) = end(&Fake::new(), Does::RollsBack, &swu_bytes());
    assert_eq!(finished, "failure");
    assert_eq!(details, "rolled back: it did not confirm in time; reset cause: watchdog; pc: 0x00001234");
    assert_eq!((bench.get("ab12").version, bench.get("ab12").starts), ("3.0.0".to_owned(), 1));
}

#[test]
fn a_refusal_is_a_failure_and_no_byte_is_sent() {
    let (bench, (_, finished, details)) = end(&Fake::new(), Does::Refuses, &swu_bytes());
    assert_eq!((&*finished, &*details), ("failure", "the epoch is too low"));
    assert!(bench.get("ab12").acts.is_empty());
}

#[test]
fn no_image_is_a_failure() {
    let (bench, (_, finished, details)) = end(&Fake::new(), Does::Confirms, b"some other file");
    assert_eq!(finished, "failure");
    assert!(details.contains("not an image file"), "{details}");
    assert!(bench.get("ab12").acts.is_empty());
}

#[test]
fn a_line_that_breaks_off_and_a_silent_device_are_tried_again() {
    for does in [Does::BreaksOff(2), Does::IsSilent(2)] {
        let (bench, (_, finished, _)) = end(&Fake::new(), does, &swu_bytes());
        assert_eq!((&*finished, bench.get("ab12").starts), ("success", 1));
        assert!(bench.get("ab12").acts.len() >= 3);
    }
}

#[test]
fn a_device_that_stays_silent_is_a_failure_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::IsSilent(u32::MAX))]));
    fake.offer("ab12", "1", &swu_bytes());
    let mut settings = settings(&fake.url, folder.path());
    settings.silent_limit = std::time::Duration::from_millis(300);
    run_until(&fake, &bench, &settings, || !fake.closed("ab12").is_empty());
    let (_, finished, details) = fake.closed("ab12").remove(0);
    assert_eq!((&*finished, &*details), ("failure", "does not answer since it was restarted: on trial"));
}

/// Unless they are taken for the end, a pause makes the link vanish in the middle.
#[test]
fn a_link_that_vanishes_in_the_middle_ends_nothing() {
    let fake = Fake::with(|asked, state| {
        let has_begun = state.feedback.iter().any(|(.., status)| status["details"][0] == "Downloaded 30%");
        let is_poll = asked.method == "GET" && asked.path.ends_with("/ab12");
        (has_begun && is_poll).then(|| Answer::json(200, &json!({ "config": {}, "_links": {} })))
    });
    confirmed(&fake);
}

#[test]
fn null_instead_of_a_deployment_is_no_action() {
    let mut nulls = 3;
    let fake = Fake::with(move |asked, _| {
        let is_asked = asked.method == "GET" && asked.path.ends_with("/deploymentBase/1") && nulls > 0;
        is_asked.then(|| {
            nulls -= 1;
            Answer::json(200, &Value::Null)
        })
    });
    confirmed(&fake);
}

#[test]
fn a_cancel_action_that_is_not_there_is_none() {
    let fake = once(|asked, state| {
        let is_poll = asked.method == "GET" && asked.path.ends_with("/ab12");
        let links = json!({ "cancelAction": { "href": "/DEFAULT/controller/v1/ab12/cancelAction/1" } });
        let _ = &state;
        is_poll.then(|| Answer::json(200, &json!({ "_links": links })))
    });
    confirmed(&fake);
    assert!(fake.log().iter().any(|line| line.starts_with("GET /DEFAULT/controller/v1/ab12/cancelAction/1")));
}

#[test]
fn the_same_id_is_offered_again_after_a_failure_by_force() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::RollsBack)]));
    let settings = settings(&fake.url, folder.path());
    fake.offer("ab12", "1", &swu_bytes());
    run_until(&fake, &bench, &settings, || {
        let closed = fake.closed("ab12");
        let polls = fake.log().iter().rev().take_while(|line| !line.contains("feedback")).count();
        if closed.len() == 1 && polls > 2 && bench.get("ab12").does == Does::RollsBack {
            // Another image under the same id: goosebit's ids are those of the software.
            bench.change("ab12", |device| device.does = Does::Confirms);
            fake.offer("ab12", "1", &swu::write(&image(2), "1").unwrap());
        }
        closed.len() == 2
    });
    let ends: Vec<_> = fake.closed("ab12").into_iter().map(|(_, finished, _)| finished).collect();
    assert_eq!(ends, ["failure", "success"]);
    assert_eq!(bench.get("ab12").version, "3.1.2");
}

/// `closed` with `none` counts as a success at servers: so it is never sent.
#[test]
fn what_is_closed_is_success_or_failure() {
    for does in [Does::Confirms, Does::RollsBack, Does::Refuses] {
        let (_, (_, finished, _)) = end(&Fake::new(), does, &swu_bytes());
        assert!(finished == "success" || finished == "failure");
    }
}

#[test]
fn a_feedback_is_repeated_until_it_is_taken() {
    let mut refusals = vec![500, 503, 422, 401];
    let fake = Fake::with(move |asked, _| {
        let is_end = asked.path.ends_with("/feedback") && asked.body.contains("closed");
        if is_end { refusals.pop().map(|code| Answer::json(code, &json!({}))) } else { None }
    });
    confirmed(&fake);
    let ends = fake.log().iter().filter(|line| line.contains("closed")).count();
    assert_eq!(ends, 5);
}

#[test]
fn an_action_that_was_deleted_needs_no_feedback() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::with(|asked, state| {
        let is_end = asked.path.ends_with("/feedback") && asked.body.contains("closed");
        is_end.then(|| {
            state.offers.clear();
            Answer::json(410, &json!({}))
        })
    });
    let bench = Bench::with(&[("ab12", Does::Confirms)]);
    fake.offer("ab12", "1", &swu_bytes());
    let polls_after = || fake.log().iter().rev().take_while(|line| !line.contains("closed")).count();
    run_until(&fake, &bench, &settings(&fake.url, folder.path()), || {
        fake.log().iter().any(|line| line.contains("closed")) && polls_after() > 5
    });
    assert_eq!(fake.log().iter().filter(|line| line.contains("closed")).count(), 1);
}

#[test]
fn a_download_goes_on_after_it_broke_off() {
    let fake = once(|asked, state| {
        let is_download = asked.method == "GET" && asked.path.ends_with("/download");
        is_download.then(|| {
            // The length of all, and half of it.
            let (_, artifact) = &state.offers["ab12"];
            let range = format!("bytes 0-{}/{}", artifact.len() / 2 - 1, artifact.len());
            Answer { code: 200, body: artifact[..artifact.len() / 2].to_vec(), headers: vec![("Content-Range", range)] }
        })
    });
    confirmed(&fake);
    let ranges: Vec<_> = fake.state().log.iter().filter(|a| a.path.ends_with("/download")).map(|a| a.range).collect();
    assert_eq!(ranges, [None, Some(swu_bytes().len() as u64 / 2)]);
}

#[test]
fn another_artifact_than_announced_is_never_pushed() {
    let fake = Fake::with(|asked, _| {
        let is_download = asked.method == "GET" && asked.path.ends_with("/download");
        is_download.then(|| {
            let mut other = swu_bytes();
            let length = other.len();
            other[length / 2] ^= 1;
            Answer { code: 200, body: other, headers: Vec::new() }
        })
    });
    let (bench, (_, finished, details)) = end(&fake, Does::Confirms, &swu_bytes());
    assert_eq!(finished, "failure");
    assert!(details.contains("does not have the digest sha1-"), "{details}");
    assert!(bench.get("ab12").acts.is_empty());
}

#[test]
fn more_bytes_than_announced_are_not_read() {
    let fake = Fake::with(|asked, _| {
        let is_download = asked.method == "GET" && asked.path.ends_with("/download");
        is_download.then(|| Answer { code: 200, body: vec![0; 4_000_000], headers: Vec::new() })
    });
    let (_, (_, finished, details)) = end(&fake, Does::Confirms, &swu_bytes());
    assert_eq!(finished, "failure");
    assert!(details.contains("longer than the"), "{details}");
}

#[test]
fn a_redirect_at_the_server_is_followed() {
    let fake = Fake::with(|asked, _| {
        let is_old = asked.path == "/DEFAULT/controller/v1/ab12/download" && !asked.path.contains('?');
        let mut answer = Answer::json(302, &json!({}));
        answer.headers.push(("Location", "/DEFAULT/controller/v1/cd34/download".to_owned()));
        is_old.then_some(answer)
    });
    fake.offer("cd34", "1", &swu_bytes());
    confirmed(&fake);
}

/// A token must not reach another host.
#[test]
fn a_redirect_to_another_host_is_refused() {
    let other = Fake::new();
    // The same machine by another name is another host.
    let target = other.url.replace("127.0.0.1", "localhost");
    let fake = Fake::with(move |asked, _| {
        let mut answer = Answer::json(302, &json!({}));
        answer.headers.push(("Location", format!("{target}/secret")));
        asked.path.ends_with("/download").then_some(answer)
    });
    let (_, (_, finished, details)) = end(&fake, Does::Confirms, &swu_bytes());
    assert_eq!(finished, "failure");
    assert!(details.contains("another host"), "{details}");
    assert!(other.log().is_empty());
}

#[test]
fn an_artifact_that_is_too_large_is_refused_before_it_is_downloaded() {
    let folder = tempfile::tempdir().unwrap();
    let (fake, bench) = (Fake::new(), Bench::with(&[("ab12", Does::Confirms)]));
    fake.offer("ab12", "1", &swu_bytes());
    let mut settings = settings(&fake.url, folder.path());
    settings.artifact_limit = 5000;
    run_until(&fake, &bench, &settings, || !fake.closed("ab12").is_empty());
    let (_, finished, details) = fake.closed("ab12").remove(0);
    assert_eq!(finished, "failure");
    assert!(details.contains("artifact-limit is 5000"), "{details}");
    assert_eq!(fake.state().downloads, 0);
}

#[test]
fn answers_that_are_none_are_survived() {
    let mut worse: Vec<Answer> = vec![
        Answer { code: 200, body: vec![b'['; 300_000], headers: Vec::new() },
        Answer { code: 200, body: b"<html>proxy</html>".to_vec(), headers: Vec::new() },
        Answer { code: 200, body: vec![b' '; 1_000_000], headers: Vec::new() },
        Answer { code: 302, body: Vec::new(), headers: vec![("Location", "http://example.com/".to_owned())] },
        Answer { code: 502, body: b"bad gateway".to_vec(), headers: Vec::new() },
        Answer::json(200, &json!({ "_links": { "deploymentBase": { "href": "http://example.com/a" } } })),
        Answer::json(200, &json!({ "_links": { "deploymentBase": "text" } })),
        Answer::json(200, &json!({ "config": { "polling": { "sleep": "99:99:99:99" } }, "_links": null })),
    ];
    let fake = Fake::with(move |asked, _| {
        let is_poll = asked.method == "GET" && asked.path.ends_with("/ab12");
        if is_poll { worse.pop() } else { None }
    });
    confirmed(&fake);
}
