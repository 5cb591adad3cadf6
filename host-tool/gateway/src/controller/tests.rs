use super::*;
use crate::ddi::{Artifact, Cancel, Offer, Poll, Server};
use crate::digest::{Algorithm, Digest};
use std::time::Duration;

const NOW: Duration = Duration::from_secs(1000);
const LATER: Duration = Duration::from_secs(2000);

fn link(path: &str) -> Link {
    Server::parse("http://127.0.0.1").unwrap().link(path).unwrap()
}

fn offer(action: &str, digit: &str) -> Offer {
    let digest = Digest::new(Algorithm::Md5, &digit.repeat(32)).unwrap();
    Offer {
        action: action.to_owned(),
        link: link("/d/deploymentBase/1"),
        version: None,
        artifact: Ok(Artifact { name: "fw.img".to_owned(), digest, size: 9, link: link("/download") }),
        is_forced: true,
        may_download: true,
        may_update: true,
        is_download_only: false,
    }
}

fn offered(action: &str, digit: &str) -> Offered {
    let offer = offer(action, digit);
    Offered::new("here", &offer, offer.artifact.as_ref().unwrap())
}

fn begun() -> Event {
    Event::Begun(Begun { version: "1.2.3".to_owned(), image: "aa".to_owned() })
}

fn ended(action: &str, digit: &str, success: bool) -> Event {
    let report =
        if success { Report::success("confirmed".to_owned()) } else { Report::failure("watchdog", Vec::new()) };
    offered(action, digit).ended(report)
}

/// A turn in which the server was asked, and offers this.
fn facts(offer: Option<Offer>) -> Facts {
    let deployment = offer.as_ref().map(|offer| offer.link.clone());
    Facts {
        server: "here".to_owned(),
        poll: Some(Poll { deployment, ..Poll::default() }),
        offer: Some(offer),
        is_present: true,
        poll_at: LATER,
        ..Facts::default()
    }
}

fn next(events: &[Event], facts: &Facts) -> Next {
    decide(&State::of(events), facts, NOW)
}

#[test]
fn the_main_path_in_its_order() {
    let mut facts = Facts { poll: None, offer: None, poll_at: NOW, ..facts(None) };
    assert_eq!(next(&[], &facts), Next::Poll);
    facts.poll =
        Some(Poll { config_data: Some(link("/c")), deployment: Some(link("/d/deploymentBase/1")), ..Poll::default() });
    facts.poll_at = LATER;
    assert_eq!(next(&[], &facts), Next::SendAttributes(Some(link("/c"))));
    facts.attributes_were_sent = true;
    assert_eq!(next(&[], &facts), Next::AskOffer(link("/d/deploymentBase/1")));
    facts.offer = Some(Some(offer("1", "a")));
    let mut events = vec![Event::Offered(offered("1", "a"))];
    assert_eq!(next(&[], &facts), Next::Note(events[0].clone()));
    assert_eq!(next(&events, &facts), Next::Download);
    facts.is_cached = true;
    assert_eq!(next(&events, &facts), Next::Begin);
    facts.is_pushing = true;
    assert_eq!(next(&events, &facts), Next::Wait(LATER), "it is queued");
    facts.is_pushing = false;
    events.push(begun());
    assert_eq!(next(&events, &facts), Next::Push);
    facts.is_pushing = true;
    assert_eq!(next(&events, &facts), Next::Wait(LATER));
    facts.progress = Some("Downloaded 30%".to_owned());
    assert_eq!(next(&events, &facts), Next::Proceed("Downloaded 30%".to_owned()));
    (facts.progress, facts.is_pushing) = (None, false);
    events.push(ended("1", "a", true));
    assert_eq!(next(&events, &facts), Next::Close(Report::success("confirmed".to_owned())));
    events.push(Event::Closed);
    facts.closed_at = NOW;
    assert_eq!(next(&events, &facts), Next::Wait(LATER), "what is still offered is not done twice");
    facts.poll = Some(Poll::default());
    assert_eq!(next(&events, &facts), Next::Note(Event::Gone));
    events.push(Event::Gone);
    assert_eq!(next(&events, &facts), Next::Wait(LATER));
}

/// After a crash at any event, what is done next follows from the log alone.
#[test]
fn after_a_restart_the_log_says_what_is_next() {
    let started = Facts { is_cached: true, ..Facts { poll: None, offer: None, ..facts(None) } };
    let events = [Event::Offered(offered("1", "a")), begun(), ended("1", "a", false), Event::Closed, Event::Gone];
    let report = Report::failure("watchdog", Vec::new());
    let wanted =
        [Next::Wait(LATER), Next::Wait(LATER), Next::Push, Next::Close(report), Next::Wait(LATER), Next::Wait(LATER)];
    for (length, wanted) in wanted.into_iter().enumerate() {
        assert_eq!(next(&events[..length], &started), wanted, "{length}");
    }
}

#[test]
fn an_end_counts_for_its_own_run_only_and_only_once_begun() {
    let run = |events: &[Event]| State::of(events).run.unwrap().phase;
    let first = Event::Offered(offered("1", "a"));
    for other in [ended("2", "a", true), ended("1", "b", true), ended("2", "b", true)] {
        assert!(matches!(run(&[first.clone(), begun(), other]), Phase::Begun(_)));
    }
    assert_eq!(
        run(&[first.clone(), ended("1", "a", true)]),
        Phase::Offered,
        "nothing was done that could have succeeded"
    );
    assert!(matches!(run(&[first.clone(), ended("1", "a", false)]), Phase::Ended(_)));
    // A success stays what it is, and another offer waits until it is reported.
    let success = [first, begun(), ended("1", "a", true), ended("1", "a", false), Event::Offered(offered("2", "b"))];
    assert!(matches!(run(&success), Phase::Ended(report) if report.success));
}

#[test]
fn what_has_begun_goes_on_whatever_the_server_offers() {
    let events = [Event::Offered(offered("1", "a")), begun()];
    for offer in [None, Some(offer("2", "b"))] {
        let facts = Facts { is_pushing: true, ..facts(offer) };
        assert_eq!(next(&events, &facts), Next::Wait(LATER));
    }
    let gone = facts(None);
    assert_eq!(next(&events[..1], &gone), Next::Note(Event::Gone), "what has not begun is dropped");
}

#[test]
fn cancelling() {
    let cancel = Cancel { id: "9".to_owned(), action: "1".to_owned(), link: link("/d/cancelAction/9") };
    let mut facts = facts(None);
    facts.poll = Some(Poll { cancel: Some(cancel.link.clone()), ..Poll::default() });
    assert_eq!(next(&[], &facts), Next::AskCancel(cancel.link.clone()));
    facts.cancel = Some(Some(cancel.clone()));
    let answer = |granted| Next::AnswerCancel { id: "9".to_owned(), link: cancel.link.clone(), granted };
    let wanted = Event::CancelWanted { id: "9".to_owned(), link: cancel.link.clone() };
    assert_eq!(next(&[], &facts), answer(true), "of what never came");

    let mut before = vec![Event::Offered(offered("1", "a"))];
    assert_eq!(next(&before, &facts), Next::Note(wanted.clone()));
    before.push(wanted.clone());
    assert_eq!(next(&before, &facts), Next::Note(Event::Cancelled));
    before.push(Event::Cancelled);
    assert_eq!(next(&before, &facts), answer(true));
    before.push(Event::CancelAnswered);
    assert_eq!(State::of(&before).run, None);

    let mut during = vec![Event::Offered(offered("1", "a")), begun(), wanted];
    facts.is_pushing = true;
    assert_eq!(next(&during, &facts), Next::Wait(LATER), "the act is given up, or ends");
    during.push(ended("1", "a", true));
    facts.is_pushing = false;
    assert_eq!(next(&during, &facts), answer(false), "too late");
    during.push(Event::CancelAnswered);
    assert!(matches!(next(&during, &facts), Next::Close(report) if report.success), "and it is still reported");
    during.push(Event::Closed);
    assert_eq!(next(&during, &facts), answer(false));

    // Another action than the one that runs.
    facts.cancel = Some(Some(Cancel { action: "7".to_owned(), ..cancel.clone() }));
    assert_eq!(next(&during[..2], &Facts { is_pushing: true, ..facts.clone() }), answer(true));
    facts.cancel = Some(None);
    assert_eq!(next(&[], &facts), Next::Wait(LATER));
}

#[test]
fn a_cancel_is_not_believed_without_a_request() {
    let events = [Event::Offered(offered("1", "a")), begun(), Event::Cancelled];
    assert!(matches!(State::of(&events).run.unwrap().phase, Phase::Begun(_)));
}

#[test]
fn windows_and_downloads() {
    let events = [Event::Offered(offered("1", "a"))];
    let closed = Offer { may_update: false, ..offer("1", "a") };
    let facts_of = |offer: &Offer, is_cached| Facts { is_cached, ..facts(Some(offer.clone())) };
    assert_eq!(next(&events, &facts_of(&closed, false)), Next::Download, "ahead of the window");
    assert_eq!(next(&events, &facts_of(&closed, true)), Next::Wait(LATER));
    let skip = Offer { may_download: false, ..closed.clone() };
    assert_eq!(next(&events, &facts_of(&skip, false)), Next::Wait(LATER));
    let only = Offer { is_download_only: true, ..closed };
    let mut facts = facts_of(&only, true);
    assert_eq!(next(&events, &facts), Next::ReportDownloaded(offered("1", "a")));
    facts.download_was_reported = true;
    assert_eq!(next(&events, &facts), Next::Wait(LATER));
}

#[test]
fn consents_are_given_denied_or_left_to_others() {
    let mut facts = facts(None);
    facts.poll = Some(Poll { confirmation: Some(link("/c/1")), ..Poll::default() });
    assert_eq!(next(&[], &facts), Next::Wait(LATER));
    facts.consent = Some(true);
    assert_eq!(next(&[], &facts), Next::AskConfirmation(link("/c/1")));
    let asked = Offer { link: link("/c/1"), ..offer("1", "a") };
    facts.confirmation = Some(Some(asked.clone()));
    assert_eq!(next(&[], &facts), Next::Consent(link("/c/1"), true));
    facts.confirmation = Some(Some(Offer { artifact: Err("too large".to_owned()), ..asked }));
    assert_eq!(next(&[], &facts), Next::Consent(link("/c/1"), false), "to what cannot be used");
    facts.consent = Some(false);
    assert_eq!(next(&[], &facts), Next::Consent(link("/c/1"), false));
}

#[test]
fn the_same_action_may_come_again() {
    let events = [Event::Offered(offered("1", "a")), begun(), ended("1", "a", false), Event::Closed];
    let mut facts = Facts { closed_at: NOW, is_cached: true, ..facts(Some(offer("1", "a"))) };
    assert_eq!(next(&events, &facts), Next::Wait(LATER), "it was not gone in between");
    facts.offer = Some(Some(offer("1", "b")));
    assert_eq!(next(&events, &facts), Next::Note(Event::Offered(offered("1", "b"))), "but this is another artifact");
    facts.offer = Some(Some(offer("1", "a")));
    facts.closed_at = Duration::ZERO;
    assert_eq!(next(&events, &facts), Next::Note(Event::Gone), "nor for a long time");
    let again = [&events[..], &[Event::Gone]].concat();
    assert_eq!(next(&again, &facts), Next::Note(Event::Offered(offered("1", "a"))));
}

#[test]
fn an_artifact_that_cannot_be_used_is_reported_once() {
    let offer = Offer { artifact: Err("too large".to_owned()), ..offer("1", "a") };
    let mut facts = Facts { closed_at: NOW, ..facts(Some(offer)) };
    let mut events = Vec::new();
    for _ in 0..2 {
        let Next::Note(event) = next(&events, &facts) else { panic!("{events:?}") };
        events.push(event);
    }
    assert_eq!(next(&events, &facts), Next::Close(Report::failure("artifact", vec!["too large".to_owned()])));
    events.push(Event::Closed);
    assert_eq!(next(&events, &facts), Next::Wait(LATER));
    facts.closed_at = Duration::ZERO;
    assert_eq!(next(&events, &facts), Next::Note(Event::Gone));
}

#[test]
fn nobody_speaks_for_a_device_that_is_away_unless_something_is_unfinished() {
    let away = Facts { is_present: false, poll: None, poll_at: NOW, ..facts(None) };
    assert_eq!(next(&[], &away), Next::Wait(Duration::MAX));
    let events = [Event::Offered(offered("1", "a")), begun()];
    assert_eq!(next(&events[..1], &away), Next::Wait(Duration::MAX));
    assert_eq!(next(&events, &away), Next::Poll, "it may be cancelled");
    let ended = [&events[..], &[ended("1", "a", false)]].concat();
    assert!(matches!(next(&ended, &away), Next::Close(_)));
}

/// A server that was not reached is left alone, however often the device's state changes; the device is not.
#[test]
fn a_server_that_was_not_reached_is_left_alone() {
    let facts = Facts { server_at: NOW * 3, progress: Some("Downloaded 30%".to_owned()), ..facts(None) };
    let away = Facts { poll: None, poll_at: Duration::ZERO, is_cached: true, ..facts };
    let later = Next::Wait(NOW * 3);
    let mut events = vec![Event::Offered(offered("1", "a")), begun()];
    assert_eq!(next(&events, &Facts { is_pushing: true, ..away.clone() }), later);
    assert_eq!(next(&events, &away), Next::Push);
    assert_eq!(next(&events, &Facts { retry_at: LATER, ..away.clone() }), Next::Wait(LATER));
    events.push(ended("1", "a", true));
    assert_eq!(next(&events, &away), later);
    assert_eq!(decide(&State::of(&events), &away, NOW * 3), Next::Close(Report::success("confirmed".to_owned())));
}

/// Lines of logs that were written once must be read for ever.
#[test]
fn events_keep_their_form() {
    let lines = [
        (
            Event::Offered(offered("1", "a")),
            r#"{"event":"offered","server":"here","action":"1","link":"/d/deploymentBase/1","name":"fw.img","digest":{"algorithm":"md5","digits":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"size":9,"download":"/download","version":null,"forced":true}"#,
        ),
        (begun(), r#"{"event":"begun","version":"1.2.3","image":"aa"}"#),
        (
            Event::CancelWanted { id: "9".to_owned(), link: link("/c") },
            r#"{"event":"cancel-wanted","id":"9","link":"/c"}"#,
        ),
        (Event::Cancelled, r#"{"event":"cancelled"}"#),
        (Event::CancelAnswered, r#"{"event":"cancel-answered"}"#),
        (
            ended("1", "a", false),
            r#"{"event":"ended","action":"1","digest":{"algorithm":"md5","digits":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"report":{"success":false,"cause":"watchdog","details":[]}}"#,
        ),
        (Event::Closed, r#"{"event":"closed"}"#),
        (Event::Gone, r#"{"event":"gone"}"#),
    ];
    for (event, line) in lines {
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
        assert_eq!(serde_json::from_str::<Event>(line).unwrap(), event);
    }
}
