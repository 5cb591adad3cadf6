//! Drives a rollout in this process, from its start or from where its log ends.

use super::folder::{Places, folder_of};
use super::screen::Screen;
use super::site::Talk;
use crate::commands::interrupt;
use crate::error::Error;
use crate::output::Output;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_fleet::definition::RolloutId;
use lifeboot_fleet::device::Site;
use lifeboot_fleet::drive::{Drive, Record, Watch};
use lifeboot_fleet::log::{DeviceLock, Log, StateFolder};
use lifeboot_fleet::orders::{self, Given};
use lifeboot_fleet::rollout::{Event, Stamped, State};
use lifeboot_fleet::time::Time;
use lifeboot_report::Rollout;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often Ctrl-C is looked for.
const POLL: Duration = Duration::from_millis(50);

/// Returns the time.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(since.as_millis() as u64)
}

/// By how many minutes local time is ahead of UTC.
fn local_offset() -> i16 {
    let seconds = TimeZone::system().to_offset(Timestamp::now()).seconds();
    i16::try_from(seconds / 60).unwrap_or_default()
}

/// A rollout that this process drives.
pub struct Driven {
    pub folder: StateFolder,
    pub rollout: RolloutId,
    pub images: Vec<ImageFile>,
    pub places: Places,
}

/// The log, and the folder to which orders come.
struct Kept {
    log: Log,
    folder: PathBuf,
}

impl Record for Kept {
    fn append(&mut self, event: &Stamped) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.log.append(event)?)
    }

    fn order(&mut self) -> Option<Given> {
        orders::next(&self.folder)
    }
}

/// A rollout whose first events of this process are in its log.
pub struct Begun {
    kept: Kept,
    state: State,
    events: Vec<Stamped>,
    images: Vec<ImageFile>,
    _locks: Vec<DeviceLock>,
}

impl Driven {
    /// Drives it after these events, which come first, until it has ended, or only a person can go on.
    pub fn run(
        self,
        log: Log,
        state: Option<State>,
        first: Vec<Event>,
        stays: bool,
        talk: &Talk,
        output: Output,
    ) -> Result<Rollout, Error> {
        let places = self.places.clone();
        let begun = self.begin(log, state, first)?;
        let screen = Screen::new(output);
        let stop = Arc::new(AtomicBool::new(false));
        interrupt::remember(output);
        let site = talk.site(places, output, stop.clone());
        let ended = AtomicBool::new(false);
        let state = thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    if interrupt::came() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    thread::sleep(POLL);
                }
            });
            let driven = begun.drive(&site, &stop, &screen, stays);
            ended.store(true, Ordering::Relaxed);
            driven
        })?;
        screen.clear();
        Ok(Rollout::new(&state.summary(now()), now(), false))
    }

    /// Takes the devices, and logs the first events.
    pub fn begin(self, log: Log, mut state: Option<State>, first: Vec<Event>) -> Result<Begun, Error> {
        let Driven { folder, rollout, images, .. } = self;
        let mut kept = Kept { log, folder: folder_of(&folder, &rollout) };
        // Those that nobody waits for any more.
        orders::clear(&kept.folder);
        let mut events = Vec::new();
        for event in first {
            let stamped = Stamped { at: now(), event };
            match &mut state {
                Some(state) => state.apply(&stamped)?,
                None => state = Some(State::first(&stamped)?),
            }
            events.push(stamped);
        }
        let state = state.ok_or(Error::NoRollout)?;
        let locks = lock_devices(&folder, &rollout, &state)?;
        for event in &events {
            kept.log.append(event)?;
        }
        Ok(Begun { kept, state, events, images, _locks: locks })
    }
}

impl Begun {
    /// Drives it at these devices, until it has ended, or only a person can go on and it does not stay for that.
    pub fn drive<S: Site>(
        mut self,
        site: &S,
        stop: &AtomicBool,
        watch: &dyn Watch,
        stays: bool,
    ) -> Result<State, Error> {
        for event in &self.events {
            watch.event(event, &self.state);
        }
        let images = &self.images;
        let drive = Drive { site, images, now: &now, local_offset: &local_offset, stop, watch };
        Ok(drive.run(self.state, &mut self.kept, stays)?)
    }
}

/// Takes all devices for this rollout.
fn lock_devices(folder: &StateFolder, rollout: &RolloutId, state: &State) -> Result<Vec<DeviceLock>, Error> {
    let devices = state.devices().iter().map(|device| folder.lock_device(device.id(), rollout));
    Ok(devices.collect::<Result<_, _>>()?)
}
