//! Single situations, told one by one.

use crate::random::Random;
use lifeboot_fleet::definition::{AbsentRule, Definition, Flow, ImageName, Limit, RolloutId, Rules, Wave};
use lifeboot_fleet::device::{Act, DeviceId, Ending};
use lifeboot_fleet::rollout::{DeviceState, Event, EventError, Phase, Stamped, State, Step, WaitsFor, decide};
use lifeboot_fleet::time::Time;
use lifeboot_fleet::window::{Window, Zone};
use std::time::Duration;

const SOAK: u64 = 60_000;

fn wave(name: &str, devices: &[&str], parallel: u32) -> Wave {
    Wave {
        name: name.to_owned(),
        devices: devices.iter().map(|device| DeviceId((*device).to_owned())).collect(),
        parallel,
        max_failures: Limit::Count(0),
        min_finished: 1,
        soak: Duration::from_millis(SOAK),
        approve: false,
    }
}

fn definition() -> Definition {
    let image = ImageName { version: "1.2.3".to_owned(), digest: "00".to_owned(), board: "acme".to_owned(), map: 1 };
    Definition {
        rollout: RolloutId::new("r").unwrap(),
        images: vec![image],
        flow: Flow::Update,
        waves: vec![wave("canary", &["a"], 1), wave("rest", &["b", "c", "d"], 2)],
        rules: Rules { silent_after: Duration::from_secs(100), absent: AbsentRule::Skip, window: None },
    }
}

/// A rollout that is played by hand.
struct Play {
    state: State,
    now: u64,
}

impl Play {
    fn new(definition: Definition) -> Play {
        let event = Event::Started { definition: Box::new(definition) };
        Play { state: State::first(&Stamped { at: Time(1000), event }).unwrap(), now: 1000 }
    }

    fn tried(&mut self, event: Event) -> Result<(), EventError> {
        self.now += 1;
        self.state.apply(&Stamped { at: Time(self.now), event })
    }

    fn happens(&mut self, event: Event) -> &mut Self {
        self.tried(event.clone()).unwrap_or_else(|error| panic!("{event:?}: {error}"));
        self
    }

    /// What is to be begun, as `act device`, in the order of the decision.
    fn begins(&self) -> Vec<String> {
        let begin = decide(&self.state, Time(self.now)).begin;
        begin.iter().map(|intent| format!("{:?} {}", intent.act, intent.device)).collect()
    }

    fn waits_for(&self) -> Vec<WaitsFor> {
        decide(&self.state, Time(self.now)).waits_for
    }

    fn begin(&mut self) -> &mut Self {
        for intent in decide(&self.state, Time(self.now)).begin {
            self.happens(Event::Begun { device: intent.device, act: intent.act, attempt: intent.attempt });
        }
        self
    }

    fn ends(&mut self, device: &str, ending: Ending) -> &mut Self {
        let device = DeviceId(device.to_owned());
        let act = self.state.device(&device).unwrap().in_flight().expect("it is in flight");
        self.happens(Event::Ended { device, act, ending })
    }

    fn waits(&mut self, millis: u64) -> &mut Self {
        self.now += millis;
        self
    }

    fn is(&self, device: &str) -> DeviceState {
        self.state.device(&DeviceId(device.to_owned())).unwrap().state()
    }

    /// The canary is confirmed, and has stayed so.
    fn after_the_canary(definition: Definition) -> Play {
        let mut play = Play::new(definition);
        play.begin().ends("a", Ending::Confirmed).waits(SOAK).begin().ends("a", Ending::Confirmed);
        play
    }
}

fn absent() -> Ending {
    Ending::Absent { reason: String::new() }
}

fn interrupted() -> Ending {
    Ending::Interrupted { reason: String::new() }
}

fn rolled_back() -> Ending {
    Ending::RolledBack { reason: "not confirmed".to_owned(), cause: Some("watchdog".to_owned()), pc: Some(0x8000) }
}

#[test]
fn a_rollout_goes_from_wave_to_wave_and_asks_again_after_each_soak() {
    let mut play = Play::new(definition());
    assert_eq!(play.begins(), ["Update a"]);
    play.begin();
    assert_eq!((play.begins().len(), play.waits_for()), (0, vec![WaitsFor::Acts { count: 1 }]));
    play.ends("a", Ending::Confirmed);
    let until = Time(play.now + SOAK);
    assert_eq!(play.waits_for(), [WaitsFor::Soak { wave: 0, until }]);
    assert_eq!(decide(&play.state, Time(play.now)).look_again, Some(until));
    play.waits(SOAK);
    assert_eq!(play.begins(), ["Check a"]);
    play.begin().ends("a", Ending::Confirmed);
    assert_eq!(play.begins(), ["Update b", "Update c"]);
    play.begin().ends("c", Ending::Confirmed);
    assert_eq!(play.begins(), ["Update d"]);
    play.begin().ends("b", Ending::Confirmed).ends("d", Ending::Confirmed).waits(SOAK).begin();
    play.ends("b", Ending::Confirmed).begin().ends("c", Ending::Confirmed).ends("d", Ending::Confirmed);
    assert_eq!(play.state.phase(), Phase::Done);
    assert_eq!(play.state.summary(Time(play.now)).counts.confirmed, 4);
}

/// What no device of a canary has tried does not go to all others.
#[test]
fn an_image_that_nobody_has_confirmed_goes_to_no_other_wave() {
    let mut play = Play::new(definition());
    play.begin().ends("a", absent());
    assert_eq!((play.begins().len(), play.waits_for()), (0, vec![WaitsFor::Untried { wave: 1 }]));
    assert_eq!(play.state.phase(), Phase::Untried);
    let refused = play.tried(Event::Resumed { accept_failures: false });
    assert_eq!(refused, Err(EventError::NobodyConfirmed { wave: "rest".to_owned() }));
    // It is there again.
    let mut again = Play { state: play.state.clone(), now: play.now };
    again.happens(Event::Retried);
    assert_eq!(again.begins(), ["Update a"]);
    again.begin().ends("a", Ending::Confirmed).waits(SOAK).begin().ends("a", Ending::Confirmed);
    assert_eq!(again.begins(), ["Update b", "Update c"]);
    // A person takes the risk.
    play.happens(Event::Resumed { accept_failures: true });
    assert_eq!(play.begins(), ["Update b", "Update c"]);
    // The last wave is followed by none.
    play.begin().ends("b", absent()).ends("c", absent()).begin().ends("d", absent());
    assert_eq!(play.state.phase(), Phase::DoneWithFailures);
}

/// It was silent, and is found to run the image when it is tried again: that is this rollout's work.
#[test]
fn a_device_that_is_retried_may_run_the_image_already() {
    let mut play = Play::new(definition());
    play.begin().ends("a", Ending::Silent { last: "on trial".to_owned() });
    assert_eq!(play.state.phase(), Phase::Stopped);
    play.happens(Event::Retried);
    assert_eq!(play.begins(), ["Update a"]);
    play.happens(Event::Already { device: DeviceId("a".to_owned()) });
    assert_eq!(play.is("a"), DeviceState::Confirmed);
    assert_eq!(play.state.waves()[0].judged(), (1, 0));
    play.waits(SOAK).begin().ends("a", Ending::Confirmed);
    // So it is rolled back with the others.
    play.happens(Event::Aborted { rollback: true });
    assert_eq!(play.begins(), ["Rollback a"]);
}

#[test]
fn a_device_that_falls_back_in_the_soak_counts() {
    let mut play = Play::new(definition());
    play.begin().ends("a", Ending::Confirmed).waits(SOAK).begin().ends("a", rolled_back());
    assert_eq!(play.waits_for(), [WaitsFor::Failures]);
    let summary = play.state.summary(Time(play.now));
    assert_eq!((summary.phase, summary.counts.rolled_back), (Phase::Stopped, 1));
    let DeviceState::RolledBack { cause, pc, .. } = play.is("a") else { panic!() };
    assert_eq!((cause.as_deref(), pc), (Some("watchdog"), Some(0x8000)));
}

#[test]
fn going_on_after_failures_takes_a_person_who_accepts_them() {
    let mut play = Play::after_the_canary(definition());
    play.begin().ends("b", rolled_back());
    assert!(play.begins().is_empty());
    play.ends("c", Ending::Confirmed);
    assert!(matches!(
        play.tried(Event::Resumed { accept_failures: false }),
        Err(EventError::FailuresNotAccepted { .. })
    ));
    play.happens(Event::Resumed { accept_failures: true });
    assert_eq!(play.begins(), ["Update d"]);
    play.begin().ends("d", rolled_back());
    assert_eq!(play.waits_for(), [WaitsFor::Failures], "one more is one too many again");
    play.happens(Event::Retried);
    assert_eq!(play.begins(), ["Update b", "Update d"]);
}

#[test]
fn a_retry_opens_a_wave_that_has_passed_before_the_next_goes_on() {
    let mut definition = definition();
    definition.waves[0].max_failures = Limit::Count(1);
    let mut play = Play::new(definition);
    play.begin().ends("a", rolled_back());
    assert_eq!(play.waits_for(), [WaitsFor::Untried { wave: 1 }], "one failure is allowed, but nobody runs it");
    play.happens(Event::Resumed { accept_failures: true });
    assert_eq!(play.begins(), ["Update b", "Update c"]);
    play.begin().happens(Event::Retried);
    assert_eq!(play.begins(), ["Update a"]);
    play.begin().ends("a", Ending::Confirmed).ends("b", Ending::Confirmed).waits(SOAK);
    assert_eq!(play.begins(), ["Check a"]);
    play.begin().ends("a", Ending::Confirmed);
    assert_eq!(play.begins(), ["Update d"]);
}

#[test]
fn a_failed_line_is_tried_again_with_growing_waits_and_holds_its_place() {
    let mut play = Play::after_the_canary(definition());
    play.begin().ends("b", interrupted());
    assert!(play.begins().is_empty(), "d must wait: what became of b is not known");
    let mut waits = Vec::new();
    while play.is("b") == (DeviceState::Updating { act: Act::Update }) {
        let Time(at) = decide(&play.state, Time(play.now)).look_again.unwrap();
        waits.push(at - play.now);
        play.now = at;
        assert_eq!(play.begins(), ["Update b"]);
        play.begin().ends("b", interrupted());
    }
    assert_eq!(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000]);
    assert!(matches!(play.is("b"), DeviceState::Silent { .. }), "after silent-after");
}

#[test]
fn absent_is_silent_where_the_image_may_have_been_started() {
    let mut play = Play::after_the_canary(definition());
    play.begin().ends("b", absent());
    assert!(matches!(play.is("b"), DeviceState::Absent { .. }));
    play.happens(Event::TakenOver);
    assert_eq!(play.begins(), ["Update c", "Update d"], "c was cut off");
    play.begin().ends("c", absent());
    assert_eq!(play.is("c"), DeviceState::Updating { act: Act::Update }, "not absent: it is asked again");
}

#[test]
fn what_is_absent_is_skipped_waited_for_or_a_failure() {
    let with = |absent_rule| {
        let mut definition = definition();
        definition.rules.absent = absent_rule;
        let mut play = Play::new(definition);
        play.begin().ends("a", absent());
        play
    };
    let mut skipped = with(AbsentRule::Skip);
    skipped.happens(Event::Resumed { accept_failures: true });
    assert_eq!(skipped.begins(), ["Update b", "Update c"]);
    assert_eq!(with(AbsentRule::Fail).waits_for(), [WaitsFor::Failures]);
    let mut waiting = with(AbsentRule::Wait);
    let at = Time(waiting.now + 60_000);
    assert_eq!(waiting.waits_for(), [WaitsFor::Devices { wave: 0, count: 1, at }]);
    assert_eq!(waiting.waits(60_000).begins(), ["Update a"]);
}

#[test]
fn an_abort_lets_end_what_is_in_flight_and_rolls_back_what_it_updated() {
    let mut play = Play::new(definition());
    play.happens(Event::Already { device: DeviceId("d".to_owned()) });
    play.begin().ends("a", Ending::Confirmed).waits(SOAK).begin().ends("a", Ending::Confirmed).begin();
    play.ends("b", interrupted()).happens(Event::Aborted { rollback: true });
    assert_eq!(play.begins(), ["Rollback a"]);
    play.begin().waits(1000);
    assert_eq!(play.begins(), ["Check b"], "it may have started the image");
    play.begin().ends("b", Ending::Restored).ends("a", Ending::Restored).ends("c", Ending::Confirmed);
    assert_eq!(play.is("b"), DeviceState::Cancelled);
    assert_eq!(play.begins(), ["Rollback c"], "d ran the image before");
    play.begin().ends("c", Ending::Refused { reason: "no other image".to_owned() });
    assert_eq!(play.state.phase(), Phase::Aborted);
    assert_eq!(play.state.device(&DeviceId("c".to_owned())).unwrap().failed_rollback(), Some("no other image"));
    assert_eq!([play.is("a"), play.is("d")], [DeviceState::Restored, DeviceState::Confirmed]);
}

#[test]
fn a_rollout_that_has_ended_can_be_rolled_back() {
    let mut definition = definition();
    definition.waves.pop();
    let mut play = Play::after_the_canary(definition);
    assert_eq!(play.state.phase(), Phase::Done);
    assert_eq!(play.tried(Event::Aborted { rollback: false }), Err(EventError::HasEnded));
    play.happens(Event::Aborted { rollback: true });
    assert_eq!(play.begins(), ["Rollback a"]);
}

#[test]
fn a_pause_lets_end_what_is_in_flight_and_begins_nothing_not_even_what_was_cut_off() {
    let mut play = Play::after_the_canary(definition());
    play.begin().happens(Event::Paused { reason: "lunch".to_owned() }).happens(Event::TakenOver);
    assert_eq!((play.begins().len(), play.waits_for()), (0, vec![WaitsFor::Resume]));
    play.happens(Event::Resumed { accept_failures: false });
    assert_eq!(play.begins(), ["Update b", "Update c"]);
}

#[test]
fn a_wave_that_needs_an_approval_waits_for_it() {
    let mut definition = definition();
    definition.waves[1].approve = true;
    let mut play = Play::new(definition.clone());
    assert!(matches!(play.tried(Event::Approved { wave: 1 }), Err(EventError::NoApprovalNeeded(_))), "not its turn");
    let mut play = Play::after_the_canary(definition);
    assert_eq!(play.waits_for(), [WaitsFor::Approval { wave: 1 }]);
    assert_eq!(play.happens(Event::Approved { wave: 1 }).begins(), ["Update b", "Update c"]);
}

#[test]
fn nothing_is_activated_before_all_are_staged() {
    let mut definition = definition();
    (definition.flow, definition.waves[1].approve) = (Flow::StageFirst, true);
    let mut play = Play::new(definition);
    assert_eq!(play.begins(), ["Stage a"]);
    play.begin().ends("a", Ending::Staged);
    assert_eq!(play.begins(), ["Stage b", "Stage c"], "to stage risks nothing, and needs no approval");
    play.begin().ends("b", Ending::Staged).ends("c", Ending::Staged).begin();
    assert_eq!(play.begins().len(), 0);
    play.ends("d", Ending::Staged);
    assert_eq!(play.begins(), ["Activate a"]);
    play.begin().ends("a", Ending::Confirmed).waits(SOAK).begin().ends("a", Ending::Confirmed);
    assert_eq!(play.waits_for(), [WaitsFor::Approval { wave: 1 }]);
    assert_eq!(play.happens(Event::Approved { wave: 1 }).begins(), ["Activate b", "Activate c"]);
}

#[test]
fn a_window_in_local_time_needs_the_hosts_offset() {
    let mut definition = definition();
    definition.rules.window = Some(Window { days: [true; 7], opens: 60, minutes: 60, zone: Zone::Local });
    let mut play = Play::new(definition);
    assert_eq!(play.waits_for(), [WaitsFor::LocalOffset]);
    play.happens(Event::LocalOffset { minutes: 0 });
    assert_eq!(play.waits_for(), [WaitsFor::Window { opens: Time(3_600_000) }]);
    let begun = Event::Begun { device: DeviceId("a".to_owned()), act: Act::Update, attempt: 1 };
    assert!(matches!(play.tried(begun), Err(EventError::NotDue { .. })));
    assert_eq!(play.happens(Event::LocalOffset { minutes: 60 }).begins(), ["Update a"]);
}

#[test]
fn a_clock_that_is_set_back_starts_waits_again_and_does_not_freeze_them() {
    let mut play = Play::new(definition());
    play.now = 1_000_000_000_000;
    play.begin().ends("a", Ending::Confirmed);
    play.now = 5000;
    assert_eq!(decide(&play.state, Time(5000)).look_again, Some(Time(5000 + SOAK)));
    play.happens(Event::TakenOver);
    assert_eq!(play.state.waves()[0].step(), Step::Soaking { since: Time(play.now) });
    assert_eq!(play.waits(SOAK).begins(), ["Check a"]);
}

#[test]
fn no_sequence_of_events_makes_the_fold_panic_and_what_is_refused_changes_nothing() {
    let mut random = Random::new(7);
    let (mut applied, mut refused) = (0, 0);
    for round in 0..300 {
        let mut definition = definition();
        definition.flow = random.one_of(&[Flow::Update, Flow::StageFirst]);
        definition.rules.absent = random.one_of(&[AbsentRule::Skip, AbsentRule::Wait, AbsentRule::Fail]);
        definition.waves[1].approve = round % 2 == 0;
        let mut play = Play::new(definition);
        for _ in 0..150 {
            let event = any_event(&play, &mut random);
            let at = Time(play.now.saturating_add(random.within(0, 40_000)).saturating_sub(random.within(0, 20_000)));
            play.now = at.0;
            let before = play.state.clone();
            match play.state.apply(&Stamped { at, event }) {
                Ok(()) => applied += 1,
                Err(_) => {
                    refused += 1;
                    assert_eq!(play.state, before);
                }
            }
            let decision = decide(&play.state, at);
            assert!(play.state.has_ended() || !decision.begin.is_empty() || !decision.waits_for.is_empty());
            assert!(decision.begin.iter().all(|intent| {
                let event = Event::Begun { device: intent.device.clone(), act: intent.act, attempt: intent.attempt };
                play.state.clone().apply(&Stamped { at, event }).is_ok()
            }));
            assert!(play.state.waves().iter().zip([1, 2]).all(|(wave, parallel)| wave.engaged() <= parallel));
        }
    }
    println!("{applied} events were applied, {refused} refused");
    assert!(applied > 5000 && refused > 5000, "{applied}, {refused}");
}

fn any_event(play: &Play, random: &mut Random) -> Event {
    let device = DeviceId(random.one_of(&["a", "b", "c", "d", "e"]).to_owned());
    let act = random.one_of(&[Act::Update, Act::Stage, Act::Activate, Act::Check, Act::Rollback]);
    let due = decide(&play.state, Time(play.now)).begin;
    match random.within(0, 24) {
        0 => Event::TakenOver,
        1 => Event::Already { device },
        2 => Event::Paused { reason: String::new() },
        3 | 4 => Event::Resumed { accept_failures: random.happens(700) },
        5 => Event::Approved { wave: random.within(0, 3) as usize },
        6 if random.happens(100) => Event::Aborted { rollback: random.happens(500) },
        7 => Event::Retried,
        8 => Event::Begun { device, act, attempt: random.within(0, 3) as u32 },
        9..14 if !due.is_empty() => {
            let intent = due[random.within(0, due.len() as u64) as usize].clone();
            Event::Begun { device: intent.device, act: intent.act, attempt: intent.attempt }
        }
        _ => {
            let act = play.state.device(&device).and_then(|device| device.in_flight()).unwrap_or(act);
            let ending = match random.within(0, 8) {
                0 => Ending::Staged,
                1 => Ending::Restored,
                2 => rolled_back(),
                3 => Ending::Refused { reason: String::new() },
                4 => Ending::Silent { last: String::new() },
                5 => absent(),
                6 => interrupted(),
                _ => Ending::Confirmed,
            };
            Event::Ended { device, act, ending }
        }
    }
}
