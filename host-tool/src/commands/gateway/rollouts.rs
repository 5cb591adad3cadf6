//! Rollouts of a gateway: an image that is moved into its inbox is rolled out in the waves of `fleet.toml`. Their logs are in the
//! gateway's folder for state, where `lifeboot rollout status --state FOLDER` sees them, and `approve`, `pause` and `abort` reach them.

use crate::commands::rollout::chosen::name_of;
use crate::commands::rollout::driving::{Driven, now};
use crate::commands::rollout::folder::{Places, folder_of, is_over, keep, kept};
use crate::error::Error;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_fleet::definition::{Flow, RolloutId};
use lifeboot_fleet::device::{DeviceId, Site, Transferred};
use lifeboot_fleet::drive::Watch;
use lifeboot_fleet::fleet_file::Fleet;
use lifeboot_fleet::log::StateFolder;
use lifeboot_fleet::rollout::{Event, Stamped, State};
use lifeboot_gateway::gateway::Gateway;
use lifeboot_gateway::status::{RolloutStatus, WaveStatus};
use lifeboot_gateway::stop::Stop;
use lifeboot_report::{Rollout, RolloutEvent};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tracing::{error, info};

/// How soon a request to stop is noticed.
const TICK: Duration = Duration::from_millis(250);

/// An image to roll out.
pub type Image = ImageFile;

/// The rollouts of a gateway.
pub struct Rollouts<'a, S> {
    folder: StateFolder,
    fleet: Mutex<Option<Fleet>>,
    site: &'a S,
    gateway: &'a Gateway<'a>,
    /// As the status page shows them, in the order of their begin.
    shown: Mutex<Vec<RolloutStatus>>,
}

impl<'a, S: Site> Rollouts<'a, S> {
    pub fn new(state: &Path, fleet: Option<Fleet>, site: &'a S, gateway: &'a Gateway<'a>) -> Self {
        let (fleet, shown) = (Mutex::new(fleet), Mutex::default());
        Rollouts { folder: StateFolder::new(state), fleet, site, gateway, shown }
    }

    /// Takes another fleet for rollouts that begin from now on.
    pub fn set_fleet(&self, fleet: Option<Fleet>) {
        *locked(&self.fleet) = fleet;
    }

    /// Takes an image of the inbox, unless it was rolled out before. It is rolled out by [`drive`](Self::drive).
    pub fn take(&self, image: Image, images: &Sender<Image>) -> Result<(), String> {
        let image_of = name_of(&image);
        let known = self.states().map_err(|error| error.to_string())?;
        let holds = |state: &State| state.definition().images.contains(&image_of);
        if let Some((rollout, _)) = known.iter().find(|(_, state)| holds(state)) {
            return Err(format!("it was rolled out before: see lifeboot rollout status {rollout}"));
        }
        let fleet = locked(&self.fleet).clone().ok_or("fleet.toml names no devices")?;
        // What cannot be rolled out is found out before it is taken.
        fleet
            .definition(name(&image).map_err(|error| error.to_string())?, vec![image_of], Flow::Update)
            .map_err(|error| error.to_string())?;
        images.send(image).map_err(|_| "the gateway stops".to_owned())
    }

    /// Drives the rollouts that were interrupted, and each of the images that come, until a stop is requested.
    pub fn drive(&self, images: &Receiver<Image>, stop: &Stop) {
        let ends = AtomicBool::new(false);
        thread::scope(|scope| {
            let go_on = |driven: Result<(), Error>, rollout: &RolloutId| {
                if let Err(error) = driven {
                    error!(%rollout, %error, "the rollout is not driven any further");
                }
            };
            let interrupted = self.states().unwrap_or_default().into_iter().filter(|(_, state)| !is_over(state));
            for (rollout, _) in interrupted {
                let ends = &ends;
                scope.spawn(move || go_on(self.resume(&rollout, ends), &rollout));
            }
            while !stop.is_requested() {
                match images.recv_timeout(TICK) {
                    Ok(image) => {
                        let ends = &ends;
                        let Ok(rollout) = name(&image) else { continue };
                        scope.spawn(move || go_on(self.start(&rollout, image, ends), &rollout));
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        stop.wait(TICK);
                    }
                }
            }
            ends.store(true, Ordering::Relaxed);
        });
    }

    fn start(&self, rollout: &RolloutId, image: Image, ends: &AtomicBool) -> Result<(), Error> {
        let fleet = locked(&self.fleet).clone().ok_or(Error::NoFleet)?;
        let definition = fleet.definition(rollout.clone(), vec![name_of(&image)], Flow::Update)?;
        let (images, places) = (vec![image], Places::of(&fleet));
        let log = self.folder.create(rollout)?;
        keep(&folder_of(&self.folder, rollout), &images, &places)?;
        let driven = Driven { folder: self.folder.clone(), rollout: rollout.clone(), images, places };
        let begun = driven.begin(log, None, vec![Event::Started { definition: Box::new(definition) }])?;
        begun.drive(self.site, ends, self, true)?;
        Ok(())
    }

    fn resume(&self, rollout: &RolloutId, ends: &AtomicBool) -> Result<(), Error> {
        let (log, state) = self.folder.open(rollout)?;
        let (images, places) = kept(&folder_of(&self.folder, rollout), state.definition().images.len())?;
        let driven = Driven { folder: self.folder.clone(), rollout: rollout.clone(), images, places };
        driven.begin(log, Some(state), vec![Event::TakenOver])?.drive(self.site, ends, self, true)?;
        Ok(())
    }

    fn states(&self) -> Result<Vec<(RolloutId, State)>, Error> {
        let read = |rollout: RolloutId| {
            let (_, state) = self.folder.read(&rollout)?;
            Ok((rollout, state))
        };
        self.folder.list()?.into_iter().map(read).collect()
    }
}

impl<S: Site> Watch for Rollouts<'_, S> {
    fn event(&self, event: &Stamped, state: &State) {
        if let Some(event) = RolloutEvent::new(event, state) {
            info!(rollout = %state.definition().rollout, "{event}");
        }
        let report = Rollout::new(&state.summary(now()), now(), true);
        let waves = report.waves.iter().map(|wave| WaveStatus {
            name: wave.name.clone(),
            states: wave.counts.by_name().map(|(state, count)| (state.to_owned(), u64::from(count))).to_vec(),
        });
        let status =
            RolloutStatus { name: report.rollout.clone(), text: report.phase.to_string(), waves: waves.collect() };
        let mut shown = locked(&self.shown);
        match shown.iter_mut().find(|shown| shown.name == status.name) {
            Some(shown) => *shown = status,
            None => shown.push(status),
        }
        self.gateway.show_rollouts(shown.clone());
    }

    fn progress(&self, _: &DeviceId, _: Transferred) {}
}

/// Returns the name of an image's rollout: no other image has it.
fn name(image: &ImageFile) -> Result<RolloutId, Error> {
    let header = image.header();
    let version = header.version.to_string().replace('+', "-");
    Ok(RolloutId::new(format!("{version}_{}", hex(&header.digest[..4])))?)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
