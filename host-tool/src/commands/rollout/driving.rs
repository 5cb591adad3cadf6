//! Drives a rollout in this process, from its start or from where its log ends.

use super::folder::{Places, folder_of, is_over, keep, read_all};
use super::screen::Screen;
use super::site::Talk;
use crate::commands::interrupt;
use crate::error::Error;
use crate::output::Output;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_fleet::definition::{Definition, RolloutId};
use lifeboot_fleet::device::Site;
use lifeboot_fleet::drive::{Drive, Record, Watch};
use lifeboot_fleet::log::{DeviceLock, Log, LogError, StateFolder};
use lifeboot_fleet::orders::{self, Given};
use lifeboot_fleet::rollout::{Event, Stamped, State};
use lifeboot_fleet::time::Time;
use lifeboot_project::files::FileError;
use lifeboot_report::Rollout;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

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
    places: Places,
    _locks: Vec<DeviceLock>,
}

impl Driven {
    /// Begins a new rollout. Its devices are taken before it has a log, and what fails leaves nothing behind.
    pub fn start(self, definition: Definition) -> Result<Begun, Error> {
        let Driven { folder, rollout, images, places } = self;
        let started = Stamped { at: now(), event: Event::Started { definition: Box::new(definition) } };
        let state = State::first(&started)?;
        are_free(&folder, &rollout, &state)?;
        let locks = lock_devices(&folder, &rollout, &state)?;
        let log = folder.create(&rollout)?;
        let path = folder_of(&folder, &rollout);
        let mut kept = Kept { log, folder: path.clone() };
        let written = keep(&path, &images, &places)
            .and_then(|()| orders::open(&path).map_err(|source| Error::from(FileError::Write { path, source })))
            .and_then(|()| Ok(kept.log.append(&started)?));
        if let Err(error) = written {
            drop(kept);
            folder.discard(&rollout);
            return Err(error);
        }
        Ok(Begun { kept, state, events: vec![started], images, places, _locks: locks })
    }

    /// Goes on with a rollout, after these events.
    pub fn go_on(self, log: Log, mut state: State, first: Vec<Event>) -> Result<Begun, Error> {
        let Driven { folder, rollout, images, places } = self;
        let path = folder_of(&folder, &rollout);
        let mut kept = Kept { log, folder: path.clone() };
        let mut events = Vec::new();
        for event in first {
            let stamped = Stamped { at: now(), event };
            state.apply(&stamped)?;
            events.push(stamped);
        }
        let locks = lock_devices(&folder, &rollout, &state)?;
        orders::open(&path).map_err(|source| FileError::Write { path, source })?;
        for event in &events {
            kept.log.append(event)?;
        }
        Ok(Begun { kept, state, events, images, places, _locks: locks })
    }
}

impl Begun {
    /// Returns its name.
    #[cfg(unix)]
    pub fn rollout(&self) -> &RolloutId {
        &self.state.definition().rollout
    }

    /// Drives it at this computer's ports until it has ended, or only a person can go on.
    pub fn run(self, stays: bool, talk: &Talk, output: Output) -> Result<Rollout, Error> {
        let begun = self;
        let places = begun.places.clone();
        let screen = Screen::new(output);
        let site = talk.site(places, output);
        let state = begun.drive(&site, &interrupt::flag(), &screen, stays)?;
        screen.clear();
        Ok(Rollout::new(&state.summary(now()), now(), false))
    }

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

/// Whether no other rollout that is not over has one of its devices, driven or not.
fn are_free(folder: &StateFolder, rollout: &RolloutId, state: &State) -> Result<(), Error> {
    let others = read_all(folder)?.rollouts;
    for (other, theirs) in others.iter().filter(|(other, theirs)| other != rollout && !is_over(theirs)) {
        if let Some(device) = state.devices().iter().find(|device| theirs.device(device.id()).is_some()) {
            let (device, rollout) = (device.id().clone(), Some(other.to_string()));
            return Err(LogError::DeviceInUse { device, rollout }.into());
        }
    }
    Ok(())
}

/// Takes all devices for this rollout.
fn lock_devices(folder: &StateFolder, rollout: &RolloutId, state: &State) -> Result<Vec<DeviceLock>, Error> {
    let devices = state.devices().iter().map(|device| folder.lock_device(device.id(), rollout));
    Ok(devices.collect::<Result<_, _>>()?)
}
