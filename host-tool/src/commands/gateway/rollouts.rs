//! Rollouts of a gateway: an image that is moved into its inbox is rolled out in the waves of `fleet.toml`. Their logs are in the
//! gateway's folder for state, where `lifeboot rollout status --state FOLDER` sees them, and `approve`, `pause` and `abort` reach them.

use crate::commands::rollout::chosen::name_of;
use crate::commands::rollout::driving::{Begun, Driven, now};
use crate::commands::rollout::folder::{Places, Read, folder_of, is_over, kept, read_all};
use crate::error::Error;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_fleet::definition::{Flow, RolloutId};
use lifeboot_fleet::device::{DeviceId, Site, Transferred};
use lifeboot_fleet::drive::Watch;
use lifeboot_fleet::fleet_file::Fleet;
use lifeboot_fleet::log::{LogError, StateFolder};
use lifeboot_fleet::rollout::{Event, Stamped, State};
use lifeboot_gateway::gateway::Gateway;
use lifeboot_gateway::inbox::NotTaken;
use lifeboot_gateway::status::{RolloutStatus, WaveStatus};
use lifeboot_gateway::stop::Stop;
use lifeboot_report::{Rollout, RolloutEvent};
use miette::Diagnostic;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tracing::{error, info, warn};

/// How soon a request to stop is noticed.
const TICK: Duration = Duration::from_millis(250);

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

    /// Begins the rollout of an image of the inbox, unless it was rolled out before. While its devices are in another rollout, it
    /// has to wait. It is driven by [`drive`](Self::drive).
    pub fn take(&self, image: ImageFile, begun: &Sender<Begun>) -> Result<(), NotTaken> {
        let rejected = |error: Error| NotTaken::Rejected(described(&error));
        let image_of = name_of(&image);
        let known = read_all(&self.folder).map_err(rejected)?.rollouts;
        let holds = |state: &State| state.definition().images.contains(&image_of);
        if let Some((rollout, state)) = known.iter().find(|(_, state)| holds(state)) {
            // The gateway was killed before the file was moved away.
            if !is_over(state) {
                return Ok(());
            }
            return Err(NotTaken::Rejected(format!("it was rolled out before: see lifeboot rollout status {rollout}")));
        }
        let fleet = locked(&self.fleet).clone().ok_or(Error::NoFleet).map_err(rejected)?;
        let rollout = name(&image).map_err(rejected)?;
        let definition = fleet.definition(rollout.clone(), vec![image_of], Flow::Update);
        let definition = definition.map_err(|error| rejected(error.into()))?;
        let driven = Driven { folder: self.folder.clone(), rollout, images: vec![image], places: Places::of(&fleet) };
        match driven.start(definition) {
            Ok(rollout) => {
                // If the gateway stops, it goes on with it at its next start.
                let _ = begun.send(rollout);
                Ok(())
            }
            Err(error @ Error::Log(LogError::DeviceInUse { .. })) => Err(NotTaken::Later(described(&error))),
            Err(error) => Err(rejected(error)),
        }
    }

    /// Drives the rollouts that were interrupted, and each that begins, until a stop is requested.
    pub fn drive(&self, begun: &Receiver<Begun>, stop: &Stop) {
        let ends = AtomicBool::new(false);
        let drive = |begun: Result<Begun, Error>, rollout: &RolloutId| {
            if let Err(error) = begun.and_then(|begun| begun.drive(self.site, &ends, self, true)) {
                error!(%rollout, error = described(&error), "the rollout is not driven any further");
            }
        };
        let drive = &drive;
        thread::scope(|scope| {
            let Read { rollouts, unreadable } = read_all(&self.folder).unwrap_or_default();
            for (rollout, error) in unreadable {
                warn!(%rollout, error = described(&error.into()), "cannot be read");
            }
            for (rollout, _) in rollouts.into_iter().filter(|(_, state)| !is_over(state)) {
                scope.spawn(move || drive(self.resume(&rollout), &rollout));
            }
            while !stop.is_requested() {
                match begun.recv_timeout(TICK) {
                    Ok(begun) => {
                        let rollout = begun.rollout().clone();
                        scope.spawn(move || drive(Ok(begun), &rollout));
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

    fn resume(&self, rollout: &RolloutId) -> Result<Begun, Error> {
        let (log, state) = self.folder.open(rollout)?;
        let (images, places) = kept(&folder_of(&self.folder, rollout), state.definition().images.len())?;
        let driven = Driven { folder: self.folder.clone(), rollout: rollout.clone(), images, places };
        driven.go_on(log, state, vec![Event::TakenOver])
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

/// Returns an error with what to do next, in a line.
fn described(error: &Error) -> String {
    let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{error}{help}")
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
