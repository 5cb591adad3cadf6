//! The service: threads that give each device its turns, carry out acts, look for devices, and show what goes on.

use crate::cache::{Cache, CacheError};
use crate::ddi::{Client, DdiError, Tokens};
use crate::device::Device;
use crate::hub::{Config, Hub};
use crate::metrics::Metrics;
use crate::page::{Page, PageError};
use crate::push::push;
use crate::settings::Settings;
use crate::status::{RolloutStatus, Status};
use crate::stop::Stop;
use crate::store::{Folder, Store, StoreError};
use crate::systemd::Notifier;
use crate::turn::turn;
use crate::workers::Workers;
use lifeboot_fleet::device::Site;
use miette::Diagnostic;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;
use thiserror::Error;
use tracing::{info, warn};

/// How often the main thread looks after the others.
const TICK: Duration = Duration::from_millis(500);

/// A gateway between the devices of a site and a fleet server.
pub struct Gateway<'a> {
    hub: Hub<'a>,
    page: Option<Page>,
    workers: Workers,
    notifier: Notifier,
}

/// Why a gateway cannot begin, or cannot go on.
#[derive(Debug, Error, Diagnostic)]
pub enum GatewayError {
    /// What happens cannot be kept.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// Artifacts cannot be kept.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cache(#[from] CacheError),
    /// The server cannot be asked.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ddi(#[from] DdiError),
    /// The status page cannot be shown.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Page(#[from] PageError),
    /// The certificate authority's file cannot be read.
    #[error("cannot read the certificates in {}", path.display())]
    #[diagnostic(help("check ca in [gateway] of fleet.toml: a PEM file that this user may read"))]
    Ca {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

impl<'a> Gateway<'a> {
    /// Opens a gateway: its folders, its log, its address. Nothing is requested yet.
    ///
    /// # Errors
    /// [`GatewayError`]
    pub fn open(settings: Settings, tokens: Tokens, site: &'a dyn Site) -> Result<Gateway<'a>, GatewayError> {
        let store = Folder::open(&settings.state)?;
        Gateway::with_store(settings, tokens, site, Box::new(store))
    }

    /// As [`open`](Self::open), with another place for the log than the folder of the settings.
    ///
    /// # Errors
    /// [`GatewayError`]
    pub fn with_store(
        settings: Settings,
        tokens: Tokens,
        site: &'a dyn Site,
        store: Box<dyn Store>,
    ) -> Result<Gateway<'a>, GatewayError> {
        let metrics = Metrics::default();
        let cache = Cache::open(&settings.cache, settings.cache_limit)?;
        let listen = settings.listen;
        let hosts = settings.hosts.clone();
        let workers = Workers::new(settings.polls, settings.parallel);
        let config = config(settings, tokens, &metrics)?;
        let hub = Hub::new(site, store, cache, metrics, config)?;
        let page = listen.map(|listen| Page::open(listen, &hosts)).transpose()?;
        Ok(Gateway { hub, page, workers, notifier: Notifier::from_environment() })
    }

    /// Runs until a stop is requested: then no act begins any more, transfers are given up where that harms nothing, and acts
    /// that wait for a device's confirm are waited for.
    ///
    /// # Errors
    /// [`GatewayError::Store`] if what happens cannot be kept.
    pub fn run(&self, stop: &Stop) -> Result<(), GatewayError> {
        let hub = &self.hub;
        thread::scope(|scope| {
            for worker in self.workers.polls() {
                scope.spawn(move || {
                    while let Some(id) = hub.polls.take() {
                        worker.begins();
                        let next = turn(hub, &hub.device(&id)).unwrap_or(Duration::MAX);
                        worker.ends();
                        hub.polls.give_back(&id, next);
                    }
                });
            }
            for worker in self.workers.pushes() {
                scope.spawn(move || {
                    while let Some(id) = hub.pushes.take() {
                        worker.begins();
                        // A failure has stopped all.
                        let _ = push(hub, &hub.device(&id), &|| worker.begins());
                        worker.ends();
                    }
                });
            }
            scope.spawn(|| self.look_for_devices());
            if let Some(page) = &self.page {
                scope.spawn(move || page.serve(&|| self.status(), &|| hub.metrics.text()));
            }
            info!(
                server = hub.config().client.server().origin(),
                page = self.address().map(|address| address.to_string()),
                "ready"
            );
            self.notifier.ready();
            while !stop.wait(TICK) && !hub.stop().is_requested() {
                self.notifier.tick(self.workers.make_progress(), &|| self.summary());
            }
            self.notifier.stopping();
            hub.stop().request();
            hub.polls.close();
            hub.pushes.close();
            if let Some(page) = &self.page {
                page.close();
            }
        });
        match self.hub.failure().take() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// Takes other settings and tokens over, without dropping anything that goes on. Returns the first setting, if any, that
    /// stays as it was until a restart.
    ///
    /// # Errors
    /// [`GatewayError`]; then everything stays as it was.
    pub fn reload(&self, settings: Settings, tokens: Tokens) -> Result<Option<&'static str>, GatewayError> {
        self.notifier.reloading();
        let reloaded = config(settings, tokens, &self.hub.metrics).map(|config| {
            let needs_restart = self.hub.config().settings.needs_restart(&config.settings);
            if let Some(page) = &self.page {
                page.set_hosts(&config.settings.hosts);
            }
            self.hub.set_config(config);
            self.hub.forget_other_servers();
            for device in self.hub.all() {
                let mut inner = device.lock();
                // The other settings may be what the server was missing.
                (inner.facts.server_at, inner.failures.requests) = (Duration::ZERO, 0);
                inner.poll_again(Duration::ZERO);
                self.hub.polls.wake(&device.id);
            }
            needs_restart
        });
        match &reloaded {
            Ok(needs_restart) => info!(needs_restart, "reloaded"),
            Err(error) => warn!(%error, "not reloaded"),
        }
        self.notifier.ready();
        reloaded
    }

    /// Returns what goes on.
    pub fn status(&self) -> Status {
        let error = self.hub.server_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Status {
            version: env!("CARGO_PKG_VERSION"),
            server: self.hub.config().client.server().origin().to_owned(),
            server_error: error,
            devices: self.hub.all().iter().map(|device| device.status()).collect(),
            rollouts: self.hub.rollouts.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Shows rollouts on the status page and in the metrics, instead of those that were shown before.
    pub fn show_rollouts(&self, rollouts: Vec<RolloutStatus>) {
        let all = rollouts.iter().flat_map(|rollout| {
            let waves = rollout.waves.iter().map(move |wave| (rollout, wave));
            waves.flat_map(|(rollout, wave)| {
                wave.states.iter().map(|(state, devices)| (&*rollout.name, &*wave.name, &**state, *devices))
            })
        });
        self.hub.metrics.rollouts(all);
        *self.hub.rollouts.lock().unwrap_or_else(PoisonError::into_inner) = rollouts;
    }

    /// Returns the metrics, to which others may add.
    pub fn metrics(&self) -> &Metrics {
        &self.hub.metrics
    }

    /// Returns the address of the status page; `None` if there is none.
    pub fn address(&self) -> Option<SocketAddr> {
        self.page.as_ref().map(Page::address)
    }

    fn look_for_devices(&self) {
        let worker = self.workers.scan();
        // What has begun goes on, also if the device is not found.
        for device in self.hub.all() {
            self.hub.polls.wake(&device.id);
        }
        loop {
            worker.begins();
            let mut looks = self.hub.site.discover();
            for look in &looks {
                // So that it is among them below.
                self.hub.device(&look.device);
            }
            for device in self.hub.all() {
                let index = looks.iter().position(|look| look.device == device.id);
                let look = index.map(|index| looks.swap_remove(index));
                self.note_look(&device, look);
            }
            worker.ends();
            if self.hub.stop().wait(self.hub.config().settings.scan) {
                return;
            }
        }
    }

    fn note_look(&self, device: &Device, look: Option<lifeboot_fleet::device::Look>) {
        let mut inner = device.lock();
        // What an act has in use was not asked.
        if look.is_none() && inner.facts.is_pushing {
            return;
        }
        let was_present = inner.facts.is_present;
        inner.seen(&device.id, look, &self.hub.metrics);
        if inner.facts.is_present && !was_present {
            // An act that it was missing for need not wait longer.
            inner.facts.retry_at = Duration::ZERO;
            self.hub.polls.wake(&device.id);
        }
    }

    /// One line for `systemctl status`.
    fn summary(&self) -> String {
        let status = self.status();
        let count = |is: &dyn Fn(&crate::status::DeviceStatus) -> bool| status.devices.iter().filter(|d| is(d)).count();
        let (up, runs) = (count(&|device| device.is_up), count(&|device| device.run.is_some()));
        let server = if status.server_error.is_some() { "; the server is not reached" } else { "" };
        format!("{up} of {} devices within reach, {runs} being updated{server}", status.devices.len())
    }
}

fn config(settings: Settings, tokens: Tokens, metrics: &Metrics) -> Result<Config, GatewayError> {
    let ca = settings.ca.as_ref().map(|path| {
        let pem = fs::read(path).map_err(|source| GatewayError::Ca { path: path.clone(), source })?;
        Ok::<_, GatewayError>((path.display().to_string(), pem))
    });
    let ca = ca.transpose()?;
    let ca = ca.as_ref().map(|(path, pem)| (&**path, &**pem));
    let metrics = metrics.clone();
    let count = Box::new(move |code| metrics.request(code));
    let (server, tenant) = (settings.server.clone(), settings.tenant.clone());
    let client = Client::new(server, tenant, tokens, ca, settings.artifact_limit, count)?;
    Ok(Config { settings, client })
}
