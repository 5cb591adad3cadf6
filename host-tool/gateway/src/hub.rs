//! What all threads of a gateway share, and how an event is noted: persisted first, then taken into account.

use crate::cache::Cache;
use crate::controller::{Begun, Event, Offered, Phase, Run};
use crate::ddi::Client;
use crate::device::{Device, Inner};
use crate::digest::Digest;
use crate::metrics::Metrics;
use crate::schedule::{Queue, Schedule};
use crate::settings::Settings;
use crate::status::RolloutStatus;
use crate::stop::Stop;
use crate::store::{Store, StoreError};
use lifeboot_fleet::device::{DeviceId, Site};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// The longest time between two attempts to reach the server, or to carry out an act.
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// What can be exchanged while the gateway runs.
pub(crate) struct Config {
    pub(crate) settings: Settings,
    pub(crate) client: Client,
}

/// The shared state.
pub(crate) struct Hub<'a> {
    pub(crate) site: &'a dyn Site,
    pub(crate) cache: Cache,
    pub(crate) metrics: Metrics,
    pub(crate) polls: Schedule,
    pub(crate) pushes: Queue,
    pub(crate) rollouts: Mutex<Vec<RolloutStatus>>,
    pub(crate) server_error: Mutex<Option<String>>,
    store: Box<dyn Store>,
    config: RwLock<Arc<Config>>,
    devices: RwLock<BTreeMap<DeviceId, Arc<Device>>>,
    /// What made it impossible to go on.
    failure: Mutex<Option<StoreError>>,
    /// Requested by the caller, or by such a failure.
    stop: Stop,
    started: Instant,
}

impl<'a> Hub<'a> {
    pub(crate) fn new(
        site: &'a dyn Site,
        store: Box<dyn Store>,
        cache: Cache,
        metrics: Metrics,
        config: Config,
    ) -> Result<Hub<'a>, StoreError> {
        let devices = store.load()?.into_iter().map(|(id, events)| (id.clone(), Arc::new(Device::new(id, &events))));
        let hub = Hub {
            site,
            cache,
            metrics,
            polls: Schedule::default(),
            pushes: Queue::default(),
            rollouts: Mutex::default(),
            server_error: Mutex::default(),
            devices: RwLock::new(devices.collect()),
            store,
            config: RwLock::new(Arc::new(config)),
            failure: Mutex::default(),
            stop: Stop::default(),
            started: Instant::now(),
        };
        hub.forget_other_servers();
        Ok(hub)
    }

    /// Persists an event of a device, and takes it into account. Without a place to persist it nothing must be done, so that an
    /// error ends the whole gateway.
    pub(crate) fn note(&self, device: &Device, event: &Event) -> Result<(), Stopped> {
        let mut inner = device.lock();
        if matches!(event, Event::Offered(_)) && inner.state.unfinished().is_some() {
            return Ok(());
        }
        self.persist(device, &mut inner, event)
    }

    /// As [`note`](Self::note), that the act begins for which this was offered; returns `false` if that was dropped meanwhile.
    pub(crate) fn begin(&self, device: &Device, offered: &Offered, begun: Begun) -> Result<bool, Stopped> {
        let mut inner = device.lock();
        let is_of = |run: &Run| run.offered == *offered && run.phase == Phase::Offered && run.cancel.is_none();
        if !inner.state.run.as_ref().is_some_and(is_of) {
            return Ok(false);
        }
        self.persist(device, &mut inner, &Event::Begun(begun)).map(|()| true)
    }

    fn persist(&self, device: &Device, inner: &mut Inner, event: &Event) -> Result<(), Stopped> {
        if self.stop_is_failure() {
            return Err(Stopped);
        }
        if let Err(error) = self.store.append(&device.id, event) {
            self.failure().get_or_insert(error);
            self.stop.request();
            return Err(Stopped);
        }
        info!(device = %device.id, ?event, "noted");
        if let Some(report) = inner.apply(event) {
            let duration = inner.begun_at.take().map(|begun| self.now().saturating_sub(begun));
            self.metrics.update(report.success, &report.cause, duration);
        }
        Ok(())
    }

    /// Forgets the runs of other servers than that of the settings, to which nothing could be reported.
    pub(crate) fn forget_other_servers(&self) {
        let config = self.config();
        let server = config.client.server().origin();
        for device in self.all() {
            let mut inner = device.lock();
            server.clone_into(&mut inner.facts.server);
            inner.facts.consent = config.settings.consent;
            let run = inner.state.run.take_if(|run| run.offered.server != server);
            if let Some(run) = run {
                warn!(device = %device.id, action = run.offered.action, server = run.offered.server, "another server's");
                inner.poll_again(Duration::ZERO);
            }
        }
    }

    /// Returns a device, which is new if it was not known.
    pub(crate) fn device(&self, id: &DeviceId) -> Arc<Device> {
        if let Some(device) = self.devices.read().unwrap_or_else(PoisonError::into_inner).get(id) {
            return device.clone();
        }
        let config = self.config();
        let device = Device::new(id.clone(), &[]);
        {
            let mut inner = device.lock();
            config.client.server().origin().clone_into(&mut inner.facts.server);
            inner.facts.consent = config.settings.consent;
        }
        let mut devices = self.devices.write().unwrap_or_else(PoisonError::into_inner);
        devices.entry(id.clone()).or_insert_with(|| Arc::new(device)).clone()
    }

    /// Returns all devices, in the order of their ids.
    pub(crate) fn all(&self) -> Vec<Arc<Device>> {
        self.devices.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Returns the artifacts that runs need.
    pub(crate) fn artifacts_in_use(&self) -> BTreeSet<Digest> {
        let digest = |device: &Arc<Device>| device.lock().state.run.as_ref().map(|run| run.offered.digest.clone());
        self.all().iter().filter_map(digest).collect()
    }

    /// Gives the devices a turn that wait for an artifact.
    pub(crate) fn wake_for(&self, digest: &Digest) {
        for device in self.all() {
            let mut inner = device.lock();
            if inner.state.run.as_ref().is_some_and(|run| run.offered.digest == *digest) && !inner.facts.is_cached {
                inner.facts.retry_at = Duration::ZERO;
                self.polls.wake(&device.id);
            }
        }
    }

    pub(crate) fn config(&self) -> Arc<Config> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_config(&self, config: Config) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// When something that failed so many times in a row is tried again.
    pub(crate) fn retry_at(&self, failures: u32) -> Duration {
        let first = self.config().settings.poll.0;
        let wait = first.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1))).min(LONGEST_RETRY.max(first));
        self.now() + wait
    }

    /// The request to stop that all threads notice.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    fn stop_is_failure(&self) -> bool {
        self.failure().is_some()
    }

    pub(crate) fn failure(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing more must be done: what happens cannot be persisted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped;
