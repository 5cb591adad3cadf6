//! Devices, a driver, persons, and a time that jumps from event to event.

use crate::device::Device;
use crate::driver::{Driver, Mistake};
use crate::random::Random;
use crate::setup::{MINUTE, START, Setup};
use crate::watch::{Broken, Watch};
use lifeboot_fleet::device::{Act, DeviceId, Ending};
use lifeboot_fleet::rollout::{Decision, Event, Intent, Stamped, State, WaitsFor, decide};
use lifeboot_fleet::time::Time;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// What the devices that are absent for ever are waited for, before a person gives up.
const PATIENT_UNTIL: u64 = START + 1500 * MINUTE;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Changes(u64),
    Ends(u64),
    Look,
    Person,
    Restart,
}

/// An act under way.
struct Running {
    device: usize,
    act: Act,
    was_there: bool,
    has_changed: bool,
    is_cut_off: bool,
}

/// What was seen in a run.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub devices: u64,
    pub events: u64,
    pub visited: u64,
    pub kills: u64,
    pub orders: u64,
    pub stops: u64,
    pub set_back: u64,
    pub most_running: usize,
    pub most_hurt: usize,
    pub bound_reached: u64,
    pub states: BTreeMap<&'static str, u64>,
}

pub struct World {
    random: Random,
    devices: Vec<Device>,
    numbers: BTreeMap<DeviceId, usize>,
    watch: Watch,
    driver: Option<Driver>,
    /// What the log holds, parsed again from text: in small rollouts, after each event.
    mirror: Option<State>,
    log: Vec<Stamped>,
    queue: BinaryHeap<Reverse<(u64, u64, What)>>,
    acts: BTreeMap<u64, Running>,
    next: u64,
    now: u64,
    /// How far the driver's clock was set back.
    behind: u64,
    look_at: Option<u64>,
    is_person_called: bool,
    kills: u64,
    orders: u64,
    takes_risks: bool,
    retries: u32,
    mistake: Mistake,
    figures: Figures,
}

impl World {
    /// Runs a rollout to its end.
    pub fn run(setup: Setup, random: Random, mistake: Mistake) -> Result<Figures, Broken> {
        let Setup { definition, devices, kills, orders, takes_risks } = setup;
        let (driver, first) = Driver::first(&definition, START, mistake);
        let ids = definition.waves.iter().flat_map(|wave| wave.devices.iter().cloned());
        let mut world = World {
            random,
            numbers: ids.zip(0..).collect(),
            watch: Watch::new(&definition),
            mirror: (devices.len() <= 24).then(|| driver.state.clone()),
            figures: Figures { devices: devices.len() as u64, ..Figures::default() },
            devices,
            driver: Some(driver),
            log: vec![first],
            queue: BinaryHeap::new(),
            acts: BTreeMap::new(),
            next: 0,
            now: START,
            behind: 0,
            look_at: None,
            is_person_called: false,
            kills,
            orders,
            takes_risks,
            retries: 0,
            mistake,
        };
        world.steps()?;
        while !world.has_ended()? {
            let Some(Reverse((at, _, what))) = world.queue.pop() else {
                let waits = world.driver.as_mut().map(|driver| driver.decide(world.now));
                let last = &world.log[world.log.len().saturating_sub(3)..];
                return Err(format!("device lost: nothing will ever happen again after {last:?}: {waits:?}"));
            };
            world.now = at;
            world.happens(what)?;
        }
        world.close()
    }

    /// Whether the rollout has ended. One in ten is then rolled back.
    fn has_ended(&mut self) -> Result<bool, Broken> {
        let Some(driver) = &self.driver else { return Ok(false) };
        if !driver.state.has_ended() {
            return Ok(false);
        }
        if driver.state.abort().is_none() && self.orders > 0 && self.random.happens(100) {
            self.order(Event::Aborted { rollback: true })?;
            self.steps()?;
        }
        Ok(self.driver.as_ref().is_some_and(|driver| driver.state.has_ended()))
    }

    fn close(mut self) -> Result<Figures, Broken> {
        let driver = self.driver.take().expect("a rollout ends with a driver");
        self.is_replayed(&driver.state)?;
        for record in driver.state.devices() {
            let number = self.numbers[record.id()];
            self.watch.compare(record, &self.devices[number])?;
            *self.figures.states.entry(record.state().name()).or_default() += 1;
        }
        self.figures.events = self.log.len() as u64;
        self.figures.visited += driver.visited + driver.state.visited();
        (self.figures.most_running, self.figures.most_hurt) = (self.watch.most_running, self.watch.most_hurt);
        self.figures.bound_reached = u64::from(self.watch.bound_reached);
        Ok(self.figures)
    }

    fn is_replayed(&self, state: &State) -> Result<(), Broken> {
        match State::replay(&self.log) {
            Ok(replayed) if replayed == *state => Ok(()),
            Ok(_) => Err("replay: the log gives another state".to_owned()),
            Err(error) => Err(format!("replay: {error}")),
        }
    }

    fn happens(&mut self, what: What) -> Result<(), Broken> {
        match what {
            What::Changes(id) => {
                let Some(running) = self.acts.get_mut(&id) else { return Ok(()) };
                running.has_changed = true;
                let device = &mut self.devices[running.device];
                device.change(running.act, self.now);
                return self.watch.changed(running.device, device);
            }
            What::Ends(id) => {
                let Some(running) = self.acts.remove(&id) else { return Ok(()) };
                self.ends(running)?;
            }
            What::Look if self.look_at == Some(self.now) => self.look_at = None,
            What::Look => return Ok(()),
            What::Person => {
                self.is_person_called = false;
                self.person()?;
            }
            What::Restart => self.restart()?,
        }
        if self.random.happens(self.orders) {
            let order = self.any_order();
            self.order(order)?;
        }
        if self.orders > 0 && self.random.happens(1) {
            (self.behind, self.look_at) = (self.behind + self.random.within(1, 180 * MINUTE), None);
            self.figures.set_back += 1;
        }
        self.steps()
    }

    /// What the driver's clock says.
    fn clock(&self) -> u64 {
        self.now - self.behind
    }

    fn ends(&mut self, running: Running) -> Result<(), Broken> {
        self.watch.is_over(running.device);
        let Some(driver) = &self.driver else { return Ok(()) };
        let device = &mut self.devices[running.device];
        let reason = "the line failed".to_owned();
        let ending = match running.is_cut_off {
            true => Ending::Interrupted { reason },
            false => device.end(running.act, running.was_there, running.has_changed, self.now),
        };
        let Some(ending) = driver.hear(ending) else { return Ok(()) };
        if ending == Ending::Confirmed {
            self.watch.confirmed(running.device, running.act, device, self.now)?;
        }
        let device = driver.state.devices()[running.device].id().clone();
        self.write(Event::Ended { device, act: running.act, ending }).map(drop)
    }

    /// Does what the driver decides, until it decides on nothing more.
    fn steps(&mut self) -> Result<(), Broken> {
        let now = self.clock();
        loop {
            let Some(driver) = &mut self.driver else { return Ok(()) };
            let decision = driver.decide(now);
            if driver.decide(now) != decision {
                return Err("idempotence: the second answer is another one".to_owned());
            }
            if decision.begin.is_empty() {
                return self.waits(&decision);
            }
            for Intent { device, act, attempt } in decision.begin {
                let event = Event::Begun { device: device.clone(), act, attempt };
                if !self.write(event)? || self.is_killed() {
                    return Ok(());
                }
                self.begin(self.numbers[&device], act)?;
            }
        }
    }

    fn begin(&mut self, number: usize, act: Act) -> Result<(), Broken> {
        self.watch.begins(number, act, self.now, self.clock())?;
        let device = &mut self.devices[number];
        let course = device.begin(act, self.now, &mut self.random);
        let was_there = self.now >= device.there_from;
        let id = self.next;
        let is_cut_off = course.is_cut_off;
        self.acts.insert(id, Running { device: number, act, was_there, has_changed: false, is_cut_off });
        if let Some(at) = course.changes_at {
            self.push(at, What::Changes(id));
        }
        self.push(course.ends_at, What::Ends(id));
        Ok(())
    }

    /// Nothing can begin: the rollout must say what it waits for, and when to look again.
    fn waits(&mut self, decision: &Decision) -> Result<(), Broken> {
        let now = self.clock();
        let Some(driver) = &self.driver else { return Ok(()) };
        if driver.state.has_ended() {
            return Ok(());
        }
        if decision.waits_for.is_empty() {
            return Err("device lost: the rollout waits for nothing, and has not ended".to_owned());
        }
        if decision.waits_for.iter().any(|waits| matches!(waits, WaitsFor::Acts { .. })) && self.acts.is_empty() {
            return Err("device lost: acts are waited for that are not under way".to_owned());
        }
        if self.random.happens(200) {
            let latest = decision.look_again.map_or(now + 10_000 * MINUTE, |at| at.0);
            let between = Time(self.random.within(now, latest.max(now + 1)));
            if !decide(&driver.state, between).begin.is_empty() {
                return Err("idempotence: something becomes due before the driver looks again".to_owned());
            }
        }
        if let Some(at) = decision.look_again.map(|at| at.0 + self.behind)
            && self.look_at.is_none_or(|earlier| at < earlier || earlier < self.now)
        {
            self.look_at = Some(at);
            self.push(at, What::Look);
        }
        use WaitsFor::{Approval, Devices, Failures, Resume, Untried};
        let needs_person = decision.waits_for.iter().any(|waits| match waits {
            Approval { .. } | Resume | Failures | Untried { .. } => true,
            Devices { .. } => self.now > PATIENT_UNTIL,
            _ => false,
        });
        if needs_person && !self.is_person_called {
            self.is_person_called = true;
            let at = self.now + self.random.within(1, 60 * MINUTE);
            self.push(at, What::Person);
        }
        Ok(())
    }

    /// A person sees what the rollout waits for, and decides.
    fn person(&mut self) -> Result<(), Broken> {
        let now = self.clock();
        let Some(driver) = &mut self.driver else { return Ok(()) };
        let waits_for = driver.decide(now).waits_for;
        let rollback = self.random.happens(500);
        for waits in waits_for {
            let event = match waits {
                WaitsFor::Approval { wave } => Event::Approved { wave },
                WaitsFor::Resume => Event::Resumed { accept_failures: true },
                WaitsFor::Devices { .. } if self.now > PATIENT_UNTIL => Event::Aborted { rollback },
                WaitsFor::Failures | WaitsFor::Untried { .. } => match self.random.within(0, 8) {
                    0 if self.retries < 2 && !self.takes_risks => Event::Retried,
                    0 | 1 if !self.takes_risks => Event::Aborted { rollback },
                    _ => Event::Resumed { accept_failures: true },
                },
                _ => continue,
            };
            self.figures.stops += u64::from(waits == WaitsFor::Failures);
            return self.order(event);
        }
        Ok(())
    }

    fn any_order(&mut self) -> Event {
        match self.random.within(0, 40) {
            0 => Event::Aborted { rollback: self.random.happens(500) },
            1..6 if self.retries < 2 => Event::Retried,
            6..20 => Event::Resumed { accept_failures: self.random.happens(500) },
            20..30 => Event::Approved { wave: self.random.within(0, 6) as usize },
            _ => Event::Paused { reason: "coffee".to_owned() },
        }
    }

    /// Passes an order on. What cannot be is refused, and changes nothing.
    fn order(&mut self, event: Event) -> Result<(), Broken> {
        let Some(driver) = &mut self.driver else { return Ok(()) };
        let stamped = Stamped { at: Time(self.now - self.behind), event };
        let mut tried = driver.state.clone();
        if tried.apply(&stamped).is_err() {
            return match tried == driver.state {
                true => Ok(()),
                false => Err("fold: an event was refused, and changed the state".to_owned()),
            };
        }
        self.figures.orders += 1;
        self.retries += u32::from(stamped.event == Event::Retried);
        if !driver.obeys(&stamped.event) {
            self.watch.ordered(&stamped.event);
            return Ok(());
        }
        if self.write(stamped.event.clone())? {
            self.watch.ordered(&stamped.event);
        }
        Ok(())
    }

    /// Applies an event and writes it to the log; `false` if the driver was killed before.
    fn write(&mut self, event: Event) -> Result<bool, Broken> {
        if self.is_killed() {
            return Ok(false);
        }
        let Some(driver) = &mut self.driver else { return Ok(false) };
        let stamped = Stamped { at: Time(self.now - self.behind), event };
        driver.state.apply(&stamped).map_err(|error| format!("fold: {error}"))?;
        if !driver.writes(&stamped.event) {
            return Ok(true);
        }
        if let Some(mirror) = &mut self.mirror {
            let line = serde_json::to_string(&stamped).expect("events are JSON");
            let read: Stamped = serde_json::from_str(&line).expect("what was written is read");
            mirror.apply(&read).map_err(|error| format!("replay: {error}"))?;
            if *mirror != driver.state {
                return Err(format!("replay: another state after {line}"));
            }
        }
        self.log.push(stamped);
        Ok(true)
    }

    /// At any instant the driver may be killed; what is on the way to a device then stops.
    fn is_killed(&mut self) -> bool {
        if self.driver.is_none() || !self.random.happens_rarely(self.kills) {
            return self.driver.is_none();
        }
        self.figures.kills += 1;
        for running in std::mem::take(&mut self.acts).into_values() {
            self.watch.is_over(running.device);
        }
        if let Some(driver) = self.driver.take() {
            self.figures.visited += driver.visited;
        }
        let at = self.now + self.random.within(0, 20 * MINUTE);
        self.push(at, What::Restart);
        true
    }

    fn restart(&mut self) -> Result<(), Broken> {
        let driver = Driver::replay(&self.log, self.mistake);
        if self.mirror.as_ref().is_some_and(|mirror| *mirror != driver.state) {
            return Err("replay: the whole log gives another state than its events one by one".to_owned());
        }
        (self.driver, self.look_at) = (Some(driver), None);
        self.write(Event::TakenOver).map(drop)
    }

    fn push(&mut self, at: u64, what: What) {
        self.next += 1;
        self.queue.push(Reverse((at, self.next, what)));
    }
}
