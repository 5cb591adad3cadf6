//! What systemd hears: readiness, state, signs of life; and the unit that makes it listen.

use sd_notify::NotifyState;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// The unit, which `lifeboot gateway --install` prints.
pub const UNIT: &str = include_str!("systemd/lifeboot-gateway.service");

/// A dashboard for Grafana, of the metrics.
pub const DASHBOARD: &str = include_str!("systemd/grafana-dashboard.json");

/// How often the state in words is sent, if it has changed.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// Sends notifications, if systemd wants them: otherwise nothing happens.
pub(crate) struct Notifier {
    /// Half the time within which systemd wants signs of life.
    every: Option<Duration>,
    sent: Mutex<Sent>,
}

#[derive(Default)]
struct Sent {
    alive: Option<Instant>,
    status: Option<Instant>,
    text: String,
}

impl Notifier {
    pub(crate) fn from_environment() -> Notifier {
        Notifier { every: sd_notify::watchdog_enabled().map(|time| time / 2), sent: Mutex::default() }
    }

    pub(crate) fn ready(&self) {
        notify(&[NotifyState::Ready]);
    }

    /// systemd 253 and later want the time; older ones pass it over.
    pub(crate) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => notify(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "no monotonic clock"),
        }
    }

    pub(crate) fn stopping(&self) {
        notify(&[NotifyState::Stopping]);
    }

    /// Sends a sign of life if one is due and there is progress; and the state in words if it has changed.
    pub(crate) fn tick(&self, is_alive: bool, text: &dyn Fn() -> String) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = |last: Option<Instant>, every: Duration| last.is_none_or(|last| last.elapsed() >= every);
        if let Some(every) = self.every
            && is_alive
            && is_due(sent.alive, every)
        {
            sent.alive = Some(Instant::now());
            notify(&[NotifyState::Watchdog]);
        }
        if is_due(sent.status, STATUS_EVERY) {
            sent.status = Some(Instant::now());
            let text = text();
            if text != sent.text {
                notify(&[NotifyState::Status(&text)]);
                sent.text = text;
            }
        }
    }
}

fn notify(state: &[NotifyState]) {
    // Whether systemd hears it changes nothing here.
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd was not notified");
    }
}
