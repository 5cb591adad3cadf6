//! The progress of a push: a bar on a terminal, plain lines in a log, JSON for a program.

use crate::output::{self, Output, has_terminal};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use lifeboot_client::link::{LinkEvent, Waiting};
use lifeboot_client::push::{ConfirmEffect, PatchUse, Progress, Step};
use lifeboot_logs::{Item, Line, Record};
#[cfg(feature = "probe")]
use lifeboot_probe::Phase;
use lifeboot_report::PushEvent;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most lines for one transfer in a log.
const LINES: u64 = 10;

/// Where a command prints while it runs: above the progress bar, if there is one.
#[derive(Clone)]
pub struct Console {
    output: Output,
    bar: Arc<Mutex<ProgressBar>>,
}

impl Console {
    pub fn new(output: Output) -> Self {
        Console { output, bar: Arc::new(Mutex::new(ProgressBar::hidden())) }
    }

    /// Runs `print` while the bar is hidden.
    pub fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        locked(&self.bar).suspend(print)
    }

    /// Reports events of the connection.
    pub fn report(&self, now: Duration, event: &LinkEvent<'_>) {
        // The steps of the push already say what is requested of the device.
        if matches!(event, LinkEvent::Waiting(Waiting::Answer)) {
            return;
        }
        let Some(item) = Item::of(event) else { return };
        if self.output.is_json() {
            let record = &Record { at: now, item };
            self.output.event(&Line { record, source: false });
        } else {
            self.above(|| output::note(&item));
        }
    }

    /// Returns the progress listener for this output.
    pub fn listener(&self) -> Box<dyn Progress> {
        if !self.output.is_json() && has_terminal() {
            Box::new(Bar { bar: self.bar.clone(), last: None, skipped: 0 })
        } else {
            Box::new(Log { output: self.output, last: None, tenths: 0, skipped: 0 })
        }
    }
}

fn locked(bar: &Mutex<ProgressBar>) -> MutexGuard<'_, ProgressBar> {
    bar.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Bar {
    bar: Arc<Mutex<ProgressBar>>,
    last: Option<Step>,
    skipped: u64,
}

impl Progress for Bar {
    fn step(&mut self, step: Step) {
        if self.last.replace(step) == Some(step) {
            return;
        }
        self.skipped = 0;
        let mut bar = locked(&self.bar);
        bar.finish_and_clear();
        *bar = if step == Step::Sending { transfer_bar() } else { ProgressBar::new_spinner() };
        bar.set_message(PushEvent::from(step).to_string());
        bar.enable_steady_tick(Duration::from_millis(100));
    }

    /// Skipped bytes are left out of the bar, which would otherwise show a wrong rate and time left.
    fn bytes(&mut self, done: u64, total: u64) {
        let bar = locked(&self.bar);
        bar.set_length(total.saturating_sub(self.skipped));
        bar.set_position(done.saturating_sub(self.skipped));
    }

    fn confirm_effect(&mut self, confirm_effect: &ConfirmEffect) {
        locked(&self.bar).suspend(|| output::warn(confirm_effect));
    }

    fn patch(&mut self, used: &PatchUse) {
        locked(&self.bar).suspend(|| output::note(used));
    }

    fn skipped(&mut self, bytes: u64) {
        self.skipped += bytes;
        locked(&self.bar).set_message(format!("sending ({} are there already)", HumanBytes(self.skipped)));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        locked(&self.bar).finish_and_clear();
    }
}

/// The progress of a flash through a debug probe: a bar on a terminal, and a line for each phase in a log.
#[cfg(feature = "probe")]
pub struct Flashing {
    bar: ProgressBar,
    last: Option<Phase>,
}

#[cfg(feature = "probe")]
impl Flashing {
    pub fn new() -> Self {
        Flashing { bar: ProgressBar::hidden(), last: None }
    }

    pub fn bytes(&mut self, phase: Phase, done: u64, total: u64) {
        if self.last.replace(phase) != Some(phase) {
            let word = match phase {
                Phase::Erasing => "erasing",
                Phase::Writing => "writing",
                Phase::Verifying => "reading back",
            };
            self.bar.finish_and_clear();
            if has_terminal() {
                self.bar = transfer_bar();
                self.bar.set_message(word);
            } else {
                output::note(format_args!("{word} {total} bytes"));
            }
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
    }
}

#[cfg(feature = "probe")]
impl Drop for Flashing {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn transfer_bar() -> ProgressBar {
    let template = "{msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length().with_style(style)
}

struct Log {
    output: Output,
    last: Option<Step>,
    tenths: u64,
    skipped: u64,
}

impl Log {
    fn report(&self, event: PushEvent) {
        if self.output.is_json() {
            self.output.event(&event);
        } else {
            output::note(event);
        }
    }
}

impl Progress for Log {
    fn step(&mut self, step: Step) {
        if self.last.replace(step) != Some(step) {
            (self.tenths, self.skipped) = (0, 0);
            self.report(step.into());
        }
    }

    fn bytes(&mut self, done: u64, total: u64) {
        let tenths = done * LINES / total.max(1);
        if tenths > self.tenths {
            self.tenths = tenths;
            self.report(PushEvent::Progress { done, total, skipped: self.skipped });
        }
    }

    fn confirm_effect(&mut self, confirm_effect: &ConfirmEffect) {
        if self.output.is_json() {
            self.output.event(&PushEvent::ConfirmEffect { text: confirm_effect.to_string() });
        } else {
            output::warn(confirm_effect);
        }
    }

    fn patch(&mut self, used: &PatchUse) {
        self.report(used.into());
    }

    fn skipped(&mut self, bytes: u64) {
        self.skipped += bytes;
    }
}
