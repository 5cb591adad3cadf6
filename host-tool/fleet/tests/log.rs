//! The log on a real disk: cut at each byte, damaged at each byte, and its writer killed.

use lifeboot_fleet::definition::{AbsentRule, Definition, Flow, ImageName, Limit, RolloutId, Rules, Wave};
use lifeboot_fleet::device::{Act, DeviceId, Ending};
use lifeboot_fleet::log::{Log, LogError, StateFolder};
use lifeboot_fleet::rollout::{Event, Stamped, State};
use lifeboot_fleet::time::Time;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

fn rollout() -> RolloutId {
    RolloutId::new("1.2.3").unwrap()
}

fn device(number: u32) -> DeviceId {
    DeviceId(format!("{number:04x}"))
}

fn definition(devices: u32) -> Definition {
    let wave = Wave {
        name: "all".to_owned(),
        devices: (0..devices).map(device).collect(),
        parallel: 1,
        max_failures: Limit::Count(0),
        min_finished: 1,
        soak: Duration::ZERO,
        approve: false,
    };
    let image = ImageName { version: "1.2.3".to_owned(), digest: "ab".repeat(32), board: "acme".to_owned(), map: 7 };
    let rules = Rules { silent_after: Duration::from_secs(300), absent: AbsentRule::Skip, window: None };
    Definition { rollout: rollout(), images: vec![image], flow: Flow::Update, waves: vec![wave], rules }
}

fn begun(number: u32) -> Event {
    Event::Begun { device: device(number), act: Act::Update, attempt: 1 }
}

fn ended(number: u32) -> Event {
    Event::Ended { device: device(number), act: Act::Update, ending: Ending::Confirmed }
}

fn events(devices: u32) -> Vec<Stamped> {
    let started = Event::Started { definition: Box::new(definition(devices)) };
    let acts = (0..devices).flat_map(|number| [begun(number), ended(number)]);
    (1..).zip(std::iter::once(started).chain(acts)).map(|(at, event)| Stamped { at: Time(at), event }).collect()
}

/// A log with the events of three devices, and where its file is.
fn written(folder: &StateFolder) -> std::path::PathBuf {
    let mut log = folder.create(&rollout()).unwrap();
    events(3).iter().for_each(|event| log.append(event).unwrap());
    folder.path().join("rollouts/1.2.3/log")
}

#[test]
fn a_log_is_taken_over_where_it_ended() {
    let place = tempfile::tempdir().unwrap();
    let folder = StateFolder::new(place.path().join("state"));
    assert_eq!(folder.list().unwrap(), []);
    let file = written(&folder);
    assert_eq!(folder.list().unwrap(), [rollout()]);
    assert_eq!(folder.read(&rollout()).unwrap().0, events(3));
    let (mut log, state) = folder.open(&rollout()).unwrap();
    assert_eq!(state, State::replay(&events(3)).unwrap());
    log.append(&Stamped { at: Time(9), event: Event::TakenOver }).unwrap();
    assert_eq!(folder.read(&rollout()).unwrap().0.len(), 8);
    let text = fs::read_to_string(file).unwrap();
    assert!(text.starts_with("{\"crc\":\""), "{text}");
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{text}");
}

#[test]
fn a_log_that_is_cut_at_any_byte_gives_the_lines_before() {
    let place = tempfile::tempdir().unwrap();
    let folder = StateFolder::new(place.path());
    let file = written(&folder);
    let whole = fs::read(&file).unwrap();
    for length in 0..whole.len() {
        // What was not written may read as zeros.
        for zeros in [0, 16] {
            let cut = [&whole[..length], &vec![0; zeros][..]].concat();
            fs::write(&file, &cut).unwrap();
            let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
            if lines < 2 {
                assert!(matches!(folder.open(&rollout()), Err(LogError::Empty(_))), "{length}");
                continue;
            }
            let (_, read) = folder.read(&rollout()).unwrap_or_else(|error| panic!("{length}: {error}"));
            assert_eq!(read, State::replay(&events(3)[..lines - 1]).unwrap());
            // Disks are slow: around the ends of lines, and at a sample of the other bytes.
            let is_near_end = whole[length - 1..(length + 2).min(whole.len())].contains(&b'\n');
            if is_near_end || length % 97 == 0 {
                let (mut log, state) = folder.open(&rollout()).unwrap();
                assert_eq!(state, read);
                log.append(&Stamped { at: Time(9), event: Event::TakenOver }).unwrap();
                assert_eq!(folder.read(&rollout()).unwrap().0.len(), lines, "{length}");
            }
        }
    }
}

#[test]
fn damage_anywhere_else_names_its_line() {
    let place = tempfile::tempdir().unwrap();
    let folder = StateFolder::new(place.path());
    let file = written(&folder);
    let whole = fs::read(&file).unwrap();
    let last = whole.len() - 1;
    for at in 0..last {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x01;
        fs::write(&file, &damaged).unwrap();
        let line = whole[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        let error = folder.open(&rollout()).unwrap_err();
        let LogError::Damaged { line: named, .. } = error else { panic!("{at}: {error:?}") };
        assert_eq!(named, line, "{at}");
        assert_eq!(fs::read(&file).unwrap(), damaged, "nothing is changed");
    }
    // A line that is missing, and two that changed places.
    let lines: Vec<_> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    for order in [vec![0, 1, 2, 4, 5, 6, 7], vec![0, 1, 2, 4, 3, 5, 6, 7]] {
        fs::write(&file, order.iter().flat_map(|line| lines[*line]).copied().collect::<Vec<_>>()).unwrap();
        let error = folder.open(&rollout()).unwrap_err();
        assert!(matches!(error, LogError::Damaged { line: 4, .. }), "{error:?}");
    }
}

#[test]
fn a_start_that_was_cut_off_can_be_repeated_and_a_rollout_that_began_cannot() {
    let place = tempfile::tempdir().unwrap();
    let folder = StateFolder::new(place.path());
    assert!(matches!(folder.open(&rollout()), Err(LogError::Missing(_))));
    drop(folder.create(&rollout()).unwrap());
    assert!(matches!(folder.open(&rollout()), Err(LogError::Empty(_))));
    written(&folder);
    assert!(matches!(folder.create(&rollout()), Err(LogError::Exists(_))));
}

#[test]
fn another_format_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    let folder = StateFolder::new(place.path());
    let file = written(&folder);
    // With a checksum that is right: crc32 of "00000000" and of the JSON.
    fs::write(&file, "{\"crc\":\"6d176c3c\",\"format\":\"lifeboot-rollout\",\"version\":2}\n").unwrap();
    let error = folder.open(&rollout()).unwrap_err();
    assert!(
        error.to_string().ends_with("log:1: lifeboot-rollout 2 is not a format that this program reads"),
        "{error}"
    );
}

#[test]
fn a_rollout_has_one_driver_and_a_device_one_rollout() {
    let place = tempfile::tempdir().unwrap();
    let folder = StateFolder::new(place.path());
    let log: Log = folder.create(&rollout()).unwrap();
    assert!(folder.is_driven(&rollout()).unwrap());
    assert!(matches!(folder.open(&rollout()), Err(LogError::InUse(_))));
    drop(log);
    assert!(!folder.is_driven(&rollout()).unwrap());

    let port = DeviceId("port:/dev/ttyACM0".to_owned());
    let lock = folder.lock_device(&port, &rollout()).unwrap();
    let error = folder.lock_device(&port, &RolloutId::new("other").unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the device port:/dev/ttyACM0 is in the rollout 1.2.3, which is not over");
    folder.lock_device(&device(1), &rollout()).unwrap();
    drop(lock);
    folder.lock_device(&port, &rollout()).unwrap();
}

const CHILD: &str = "LIFEBOOT_FLEET_TEST_LOG";

/// The test is its own child: it writes events and reports each one that was acknowledged, until it is killed.
#[test]
fn what_was_acknowledged_survives_kill_9_and_the_locks_do_not() {
    const DEVICES: u32 = 20_000;
    if let Ok(place) = std::env::var(CHILD) {
        let folder = StateFolder::new(place);
        let mut log = folder.create(&rollout()).unwrap();
        let _lock = folder.lock_device(&device(0), &rollout()).unwrap();
        for (count, event) in (1..).zip(events(DEVICES)) {
            log.append(&event).unwrap();
            println!("acknowledged {count}");
        }
        panic!("it was to be killed before");
    }
    for round in 0..5 {
        let place = tempfile::tempdir().unwrap();
        let folder = StateFolder::new(place.path());
        let name = "what_was_acknowledged_survives_kill_9_and_the_locks_do_not";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, place.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut acknowledged = lines.filter_map(|line| line.split("acknowledged ").nth(1)?.parse::<usize>().ok());
        let seen = acknowledged.by_ref().find(|count| *count >= 3 + 13 * round).unwrap();
        assert!(matches!(folder.open(&rollout()), Err(LogError::InUse(_))));
        assert!(matches!(folder.lock_device(&device(0), &rollout()), Err(LogError::DeviceInUse { .. })));
        child.kill().unwrap();
        child.wait().unwrap();
        let last = acknowledged.last().unwrap_or(seen);
        let (_, state) = folder.open(&rollout()).unwrap();
        folder.lock_device(&device(0), &rollout()).unwrap();
        let (events_read, _) = folder.read(&rollout()).unwrap();
        assert!(events_read.len() >= last, "{} events, but {last} were acknowledged", events_read.len());
        assert_eq!(state, State::replay(&events(DEVICES)[..events_read.len()]).unwrap());
    }
}
