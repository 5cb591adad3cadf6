//! What a rollout shows while it is driven: on a terminal a bar for each device at work, below the events; else plain lines, or
//! JSON for a program.

use crate::output::{self, Output, has_terminal};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use lifeboot_fleet::device::{DeviceId, Transferred};
use lifeboot_fleet::drive::Watch;
use lifeboot_fleet::rollout::{Event, Stamped, State};
use lifeboot_report::RolloutEvent;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most bars on a terminal; more would scroll away what is above.
const BARS: usize = 16;

/// How many tenths of a transfer are reported where there is no bar.
const TENTHS: u64 = 10;

/// Where a rollout shows what happens.
pub struct Screen {
    output: Output,
    bars: Option<MultiProgress>,
    devices: Mutex<BTreeMap<DeviceId, AtWork>>,
}

/// A device at work.
struct AtWork {
    bar: Option<ProgressBar>,
    tenths: u64,
}

impl Screen {
    pub fn new(output: Output) -> Screen {
        let shows_bars = !output.is_json() && !output.is_quiet() && has_terminal();
        Screen { output, bars: shows_bars.then(MultiProgress::new), devices: Mutex::default() }
    }

    /// Removes the bars.
    pub fn clear(&self) {
        self.devices().clear();
        if let Some(bars) = &self.bars {
            let _ = bars.clear();
        }
    }

    fn devices(&self) -> MutexGuard<'_, BTreeMap<DeviceId, AtWork>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn print(&self, event: &RolloutEvent) {
        match &self.bars {
            _ if self.output.is_json() => self.output.event(event),
            _ if self.output.is_quiet() => {}
            Some(bars) => bars.suspend(|| output::note(event)),
            None => output::note(event),
        }
    }

    fn begin(&self, device: &DeviceId, act: &str) {
        let mut devices = self.devices();
        let bar = self.bars.as_ref().filter(|_| devices.len() < BARS).map(|bars| {
            let style = ProgressStyle::with_template("{spinner} {prefix} {msg} [{bar:30}] {bytes} of {total_bytes}");
            let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            let bar = bars.add(bar.with_prefix(device.to_string()).with_message(act.to_owned()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        devices.insert(device.clone(), AtWork { bar, tenths: 0 });
    }

    fn end(&self, device: &DeviceId) {
        if let (Some(AtWork { bar: Some(bar), .. }), Some(bars)) = (self.devices().remove(device), &self.bars) {
            bar.finish_and_clear();
            bars.remove(&bar);
        }
    }
}

impl Watch for Screen {
    fn event(&self, event: &Stamped, state: &State) {
        let Some(report) = RolloutEvent::new(event, state) else { return };
        if let Event::Ended { device, .. } = &event.event {
            self.end(device);
        }
        self.print(&report);
        if let (Event::Begun { device, .. }, RolloutEvent::Begun { act, .. }) = (&event.event, &report) {
            self.begin(device, act);
        }
    }

    fn progress(&self, device: &DeviceId, Transferred { done, total }: Transferred) {
        let mut devices = self.devices();
        let Some(at_work) = devices.get_mut(device) else { return };
        if let Some(bar) = &at_work.bar {
            bar.set_length(total);
            bar.set_position(done);
            return;
        }
        let tenths = done * TENTHS / total.max(1);
        if tenths > at_work.tenths {
            at_work.tenths = tenths;
            drop(devices);
            self.print(&RolloutEvent::Progress { device: device.to_string(), done, total });
        }
    }
}
