//! A fleet of simulated devices at simulated lines: the real link, session, updater and boot policy of each.

use crate::device::{Device, Firmware};
use crate::images::{Recipe, version};
use crate::line::Wire;
use crate::pushes::recipe;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::pipe::Pipe;
use lifeboot_core::Board;
use lifeboot_core::record::Cause;
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_fleet::definition::{AbsentRule, Definition, Flow, ImageName, Limit, RolloutId, Rules, Wave};
use lifeboot_fleet::device::{Act, DeviceId, Ending, Site, Transferred};
use lifeboot_fleet::drive::{Drive, Record, Watch};
use lifeboot_fleet::lines::{Lines, Open, Timeouts};
use lifeboot_fleet::orders::Given;
use lifeboot_fleet::rollout::{DeviceState, Event, Phase, Stamped, State};
use lifeboot_fleet::time::Time;
use std::collections::BTreeMap;
use std::error::Error;
use std::slice;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A bench with devices at its ports; clones are the same bench.
#[derive(Clone, Default)]
struct Ports {
    at: Arc<Mutex<BTreeMap<String, Wire>>>,
    seeds: Arc<AtomicU32>,
}

impl Ports {
    fn plug(&self, port: &str, device: Device) {
        self.at.lock().unwrap().insert(port.to_owned(), Wire::to(device));
    }

    /// Moves what is at one port to another.
    fn replug(&self, from: &str, to: &str) {
        let mut at = self.at.lock().unwrap();
        let wire = at.remove(from).unwrap();
        at.insert(to.to_owned(), wire);
    }

    fn wire(&self, port: &str) -> Wire {
        self.at.lock().unwrap()[port].clone()
    }

    fn site(&self) -> Lines<Ports> {
        self.site_with(Arc::default())
    }

    fn site_with(&self, stop: Arc<AtomicBool>) -> Lines<Ports> {
        let timeouts =
            Timeouts { confirm: Duration::from_secs(240), unplugged: Duration::from_secs(10), answer: Duration::ZERO };
        Lines::new(self.clone(), timeouts, BTreeMap::new(), stop)
    }

    fn starts(&self, port: &str) -> u32 {
        self.wire(port).bench().device.starts
    }
}

impl Open for Ports {
    type Pipe = Box<dyn Pipe>;

    fn ports(&self) -> Vec<String> {
        self.at.lock().unwrap().keys().cloned().collect()
    }

    fn open(&self, port: &str) -> Result<Box<dyn Pipe>, String> {
        let at = self.at.lock().unwrap();
        at.get(port)
            .map(|wire| Box::new(wire.clone()) as Box<dyn Pipe>)
            .ok_or_else(|| "there is no such port".to_owned())
    }

    fn seed(&self) -> u32 {
        self.seeds.fetch_add(0x1_0001, Ordering::Relaxed)
    }
}

/// A device with an id.
pub fn device(board: &'static Board, id: u8) -> Device {
    let mut device = Device::new(board);
    device.id = vec![0xde, id];
    // Its firmware has started without.
    device.reset(0, Cause::PowerOn);
    device.starts = 1;
    device
}

fn id(number: u8) -> DeviceId {
    DeviceId(hex(&[0xde, number]))
}

fn act(site: &impl Site, device: &DeviceId, act: Act, image: &ImageFile) -> Ending {
    site.act(device, act, slice::from_ref(image), &mut |_| true)
}

fn image(board: &'static Board, minor: u16) -> ImageFile {
    recipe(board, minor, 3000).image()
}

#[test]
fn devices_are_found_by_their_ids_whichever_port_they_are_at() {
    let ports = Ports::default();
    ports.plug("one", device(&MICROBIT, 1));
    ports.plug("two", device(&STM32F405, 2));
    ports.plug("three", Device::new(&MICROBIT));
    let site = ports.site();
    let mut found = site.discover();
    found.sort_by(|a, b| a.port.cmp(&b.port));
    let found: Vec<_> =
        found.iter().map(|look| (look.port.as_str(), look.device.0.as_str(), look.board.as_str())).collect();
    assert_eq!(found, [("one", "de01", "microbit"), ("three", "port:three", "microbit"), ("two", "de02", "stm32f405")]);
    // A device changes its place, and another one takes the old one.
    ports.replug("one", "four");
    ports.replug("three", "one");
    let image = image(&MICROBIT, 1);
    assert_eq!(act(&site, &id(1), Act::Update, &image), Ending::Confirmed);
    assert_eq!(site.look(&id(1)).unwrap().port, "four");
    assert_eq!(ports.starts("one"), 1, "another device was touched");
    // One that reports no id is known by its port, and is nowhere else.
    assert!(matches!(site.look(&DeviceId::at_port("three")), Err(Ending::Absent { .. })));
    assert_eq!(site.look(&DeviceId::at_port("one")).unwrap().version.as_deref(), Some("1.0.0"));
    // So is one that reports an id, if it is named so.
    assert_eq!(site.look(&DeviceId::at_port("two")).unwrap().board, "stm32f405");
}

#[test]
fn a_device_that_is_nowhere_is_absent_and_no_other_is_touched() {
    let ports = Ports::default();
    ports.plug("one", device(&MICROBIT, 1));
    let ending = act(&ports.site(), &id(2), Act::Update, &image(&MICROBIT, 1));
    assert_eq!(ending, Ending::Absent { reason: "one: device de01".to_owned() });
    assert_eq!(ports.starts("one"), 1);
}

#[test]
fn what_a_device_says_becomes_its_ending() {
    let ports = Ports::default();
    ports.plug("one", device(&MICROBIT, 1));
    let site = ports.site();
    for (minor, firmware) in [(2, Firmware::Hangs), (3, Firmware::Unsure)] {
        ports.wire("one").bench_mut().device.firmware_does(minor, firmware);
    }
    let Ending::RolledBack { reason, cause, pc } = act(&site, &id(1), Act::Update, &image(&MICROBIT, 2)) else {
        panic!()
    };
    assert_eq!((cause.as_deref(), pc), (Some("watchdog"), None));
    assert!(reason.contains("watchdog"), "{reason}");
    // Again, it is the same without being sent.
    let Ending::RolledBack { .. } = act(&site, &id(1), Act::Update, &image(&MICROBIT, 2)) else { panic!() };
    let Ending::RolledBack { cause, .. } = act(&site, &id(1), Act::Update, &image(&MICROBIT, 3)) else { panic!() };
    assert_eq!(cause.as_deref(), Some("request"));
    let Ending::Refused { reason } = act(&site, &id(1), Act::Update, &image(&STM32F405, 1)) else { panic!() };
    assert!(reason.contains("for board stm32f405"), "{reason}");
    // What was confirmed, is checked, and rolled back once.
    let good = image(&MICROBIT, 4);
    assert_eq!(act(&site, &id(1), Act::Update, &good), Ending::Confirmed);
    assert_eq!(act(&site, &id(1), Act::Check, &good), Ending::Confirmed);
    assert_eq!(act(&site, &id(1), Act::Rollback, &good), Ending::Restored);
    assert_eq!(site.look(&id(1)).unwrap().version.as_deref(), Some("1.0.0"));
    let starts = ports.starts("one");
    assert_eq!(act(&site, &id(1), Act::Rollback, &good), Ending::Restored);
    assert_eq!(ports.starts("one"), starts);
    let Ending::RolledBack { .. } = act(&site, &id(1), Act::Check, &good) else { panic!() };
}

#[test]
fn an_image_is_staged_on_all_and_then_activated() {
    let ports = Ports::default();
    let image = image(&MICROBIT, 1);
    for number in 1..=3 {
        ports.plug(&format!("port {number}"), device(&MICROBIT, number));
    }
    let site = ports.site();
    for number in 1..=3 {
        assert_eq!(act(&site, &id(number), Act::Stage, &image), Ending::Staged);
        // No reset starts it.
        ports.wire(&format!("port {number}")).bench_mut().device.reset(0, Cause::PowerOn);
    }
    for number in 1..=3 {
        assert_eq!(site.look(&id(number)).unwrap().version.as_deref(), Some("1.0.0"));
        let sent = ports.wire(&format!("port {number}")).bench().sent;
        assert_eq!(act(&site, &id(number), Act::Activate, &image), Ending::Confirmed);
        let sent = ports.wire(&format!("port {number}")).bench().sent - sent;
        assert!(sent < 1000, "{sent} bytes were sent again");
        assert_eq!(site.look(&id(number)).unwrap().version.as_deref(), Some("1.1.0"));
    }
}

#[test]
fn an_act_that_is_given_up_ends_soon_and_goes_on_later() {
    let ports = Ports::default();
    ports.plug("one", device(&MICROBIT, 1));
    let (site, image) = (ports.site(), recipe(&MICROBIT, 1, 40_000).image());
    let mut given_up_at = 0;
    let ending = site.act(&id(1), Act::Update, slice::from_ref(&image), &mut |Transferred { done, .. }| {
        given_up_at = done;
        done < 10_000
    });
    assert!(matches!(ending, Ending::Interrupted { .. }), "{ending:?}");
    assert!((10_000..12_000).contains(&given_up_at), "{given_up_at}");
    let before = ports.wire("one").bench().sent;
    assert_eq!(act(&site, &id(1), Act::Update, &image), Ending::Confirmed);
    let sent = ports.wire("one").bench().sent - before;
    assert!(sent < 36_000, "{sent} bytes: it began anew");
}

/// A log in memory.
#[derive(Default)]
struct Memory(Vec<Stamped>);

impl Record for Memory {
    fn append(&mut self, event: &Stamped) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.push(event.clone());
        Ok(())
    }

    fn order(&mut self) -> Option<Given> {
        None
    }
}

struct Nobody;

impl Watch for Nobody {
    fn event(&self, _: &Stamped, _: &State) {}
    fn progress(&self, _: &DeviceId, _: Transferred) {}
}

fn wave(name: &str, devices: Vec<DeviceId>, parallel: u32, max_failures: u32) -> Wave {
    Wave {
        name: name.to_owned(),
        devices,
        parallel,
        max_failures: Limit::Count(max_failures),
        min_finished: 1,
        soak: Duration::ZERO,
        approve: false,
    }
}

fn definition(image: &ImageFile, flow: Flow, waves: Vec<Wave>) -> Event {
    let header = image.header();
    let images = vec![ImageName {
        version: header.version.to_string(),
        digest: hex(&header.digest),
        board: image.board().name.to_owned(),
        map: header.map_digest,
    }];
    let rules = Rules { silent_after: Duration::from_secs(1), absent: AbsentRule::Skip, window: None };
    let rollout = RolloutId::new("test").unwrap();
    Event::Started { definition: Box::new(Definition { rollout, images, flow, waves, rules }) }
}

/// Drives a rollout to where only a person can go on.
fn roll_out(ports: &Ports, image: &ImageFile, flow: Flow, waves: Vec<Wave>) -> (State, Vec<Stamped>) {
    let began = Instant::now();
    let now = || Time(began.elapsed().as_millis() as u64);
    let mut log = Memory::default();
    let start = Stamped { at: now(), event: definition(image, flow, waves) };
    let state = State::first(&start).unwrap();
    log.append(&start).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let site = ports.site_with(stop.clone());
    let images = slice::from_ref(image);
    let drive = Drive { site: &site, images, now: &now, local_offset: &|| 0, stop: &stop, watch: &Nobody };
    let state = drive.run(state, &mut log, false).unwrap();
    // The log says the same.
    assert_eq!(State::replay(&log.0).unwrap().devices(), state.devices());
    (state, log.0)
}

/// Two hundred devices, with the real protocol to each, a few of them with an image that hangs there, one away, one that runs it.
#[test]
fn a_rollout_updates_two_hundred_devices_and_says_what_became_of_each() {
    let ports = Ports::default();
    let image = image(&MICROBIT, 1);
    for number in 0..200 {
        let mut device = device(&MICROBIT, number);
        if number % 50 == 7 {
            device.firmware_does(1, Firmware::Hangs);
        }
        if number != 30 {
            ports.plug(&format!("port {number:03}"), device);
        }
    }
    let site = ports.site();
    assert_eq!(act(&site, &id(40), Act::Update, &image), Ending::Confirmed);
    let devices = |range: std::ops::Range<u8>| range.map(id).collect::<Vec<_>>();
    let waves = vec![wave("canary", devices(0..3), 1, 0), wave("rest", devices(3..200), 8, 10)];
    let (state, log) = roll_out(&ports, &image, Flow::Update, waves);
    assert_eq!(state.phase(), Phase::DoneWithFailures);
    for number in 0..200 {
        let device = state.device(&id(number)).unwrap().state();
        match number {
            30 => assert!(matches!(device, DeviceState::Absent { .. }), "{number}: {device:?}"),
            _ if number % 50 == 7 => assert!(matches!(device, DeviceState::RolledBack { .. }), "{number}: {device:?}"),
            _ => assert_eq!(device, DeviceState::Confirmed, "{number}"),
        }
        if number != 30 {
            // The device is the truth.
            let look = site.look(&id(number)).unwrap();
            let runs = if number % 50 == 7 { "1.0.0" } else { "1.1.0" };
            assert_eq!((look.version.as_deref(), look.is_confirmed), (Some(runs), true), "{number}");
        }
    }
    assert!(log.iter().any(|stamped| stamped.event == Event::Already { device: id(40) }));
    let begun = log.iter().filter(|stamped| matches!(stamped.event, Event::Begun { .. })).count();
    assert_eq!(begun, 199, "one act a device, and none for the one that ran it");
}

/// A canary that fails stops it: nobody else is touched.
#[test]
fn a_bad_image_hurts_the_canary_alone() {
    let ports = Ports::default();
    for number in 0..6 {
        let mut device = device(&MICROBIT, number);
        device.firmware_does(1, Firmware::Unsure);
        ports.plug(&format!("port {number}"), device);
    }
    let waves = vec![wave("canary", vec![id(0)], 1, 0), wave("rest", (1..6).map(id).collect(), 5, 0)];
    let (state, _) = roll_out(&ports, &image(&MICROBIT, 1), Flow::Update, waves);
    assert_eq!(state.phase(), Phase::Stopped);
    assert!(matches!(state.device(&id(0)).unwrap().state(), DeviceState::RolledBack { .. }));
    for number in 1..6 {
        assert_eq!(state.device(&id(number)).unwrap().state(), DeviceState::Waiting);
        assert_eq!(ports.starts(&format!("port {number}")), 1);
    }
}

/// The same firmware under another version is another image: it is sent, and confirmed.
#[test]
fn the_same_payload_under_another_version_is_another_image() {
    let ports = Ports::default();
    let first = recipe(&MICROBIT, 1, 3000);
    let mut device = Device::with_image(&first.image());
    device.id = vec![0xde, 1];
    device.reset(0, Cause::PowerOn);
    ports.plug("one", device);
    let second = Recipe { minor: 2, ..first }.image();
    assert_eq!(second.header().digest, first.image().header().digest);
    let (state, log) = roll_out(&ports, &second, Flow::Update, vec![wave("all", vec![id(1)], 1, 0)]);
    assert_eq!(state.phase(), Phase::Done);
    assert!(!log.iter().any(|stamped| matches!(stamped.event, Event::Already { .. })));
    assert_eq!(ports.site().look(&id(1)).unwrap().version.as_deref(), Some("1.2.0"));
}

/// Blue and green: nothing is started before all have it.
#[test]
fn a_fleet_is_staged_first_and_switched_then() {
    let ports = Ports::default();
    for number in 0..6 {
        ports.plug(&format!("port {number}"), device(&MICROBIT, number));
    }
    let waves = vec![wave("first", vec![id(0)], 1, 0), wave("rest", (1..6).map(id).collect(), 5, 0)];
    let (state, log) = roll_out(&ports, &image(&MICROBIT, 1), Flow::StageFirst, waves);
    assert_eq!(state.phase(), Phase::Done);
    let acts: Vec<_> = log
        .iter()
        .filter_map(|stamped| match &stamped.event {
            Event::Begun { act, .. } => Some(*act),
            _ => None,
        })
        .collect();
    assert_eq!(acts, [[Act::Stage; 6], [Act::Activate; 6]].concat());
    let runs = ports.site().discover().into_iter().map(|look| look.version.unwrap());
    assert!(runs.into_iter().all(|runs| runs == version(1).to_string()));
}
