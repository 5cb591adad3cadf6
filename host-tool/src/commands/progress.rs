//! The progress of a push: a bar on a terminal, plain lines in a log, JSON for a program.

use crate::output::{self, Output, has_terminal};
use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use lifeboot_client::link::{LinkEvent, Waiting};
use lifeboot_client::push::{ConfirmEffect, PatchUse, Progress, Step};
use lifeboot_logs::{Item, Line, Record};
#[cfg(feature = "probe")]
use lifeboot_probe::Phase;
use lifeboot_report::PushEvent;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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
        if self.output.is_quiet() && !self.output.is_json() {
            return;
        }
        if self.output.is_json() {
            let record = &Record { at: now, item };
            self.output.event(&Line { record, source: false });
        } else {
            self.above(|| output::note(&item));
        }
    }

    /// Returns the progress listener for this output.
    pub fn listener(&self) -> Box<dyn Progress> {
        if !self.output.is_json() && self.output.is_quiet() {
            Box::new(Quiet)
        } else if !self.output.is_json() && has_terminal() {
            Box::new(Bar { bar: self.bar.clone(), last: None, skipped: 0, moved: Arc::default() })
        } else {
            Box::new(Log { output: self.output, last: None, tenths: 0, skipped: 0 })
        }
    }
}

fn locked(bar: &Mutex<ProgressBar>) -> MutexGuard<'_, ProgressBar> {
    bar.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows warnings only.
struct Quiet;

impl Progress for Quiet {
    fn step(&mut self, _: Step) {}

    fn confirm_effect(&mut self, confirm_effect: &ConfirmEffect) {
        output::warn(confirm_effect);
    }
}

/// When bytes last arrived; `None` before the first ones.
type Moved = Arc<Mutex<Option<Instant>>>;

struct Bar {
    bar: Arc<Mutex<ProgressBar>>,
    moved: Moved,
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
        *bar = if step == Step::Sending { transfer_bar(self.moved.clone()) } else { ProgressBar::new_spinner() };
        bar.set_message(PushEvent::from(step).to_string());
        bar.enable_steady_tick(Duration::from_millis(100));
    }

    /// Skipped bytes are left out of the bar, which would otherwise show a wrong rate and time left.
    fn bytes(&mut self, done: u64, total: u64) {
        let bar = locked(&self.bar);
        let before = self.moved.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now());
        // The time in which nothing arrived says nothing of the rate.
        if before.is_some_and(|before| before.elapsed() >= STALLED) {
            bar.reset_eta();
        }
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
    moved: Moved,
    last: Option<Phase>,
}

#[cfg(feature = "probe")]
impl Flashing {
    pub fn new() -> Self {
        Flashing { bar: ProgressBar::hidden(), moved: Moved::default(), last: None }
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
                self.bar = transfer_bar(self.moved.clone());
                self.bar.set_message(word);
            } else {
                output::note(format_args!("{word} {total} bytes"));
            }
        }
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
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

/// Time without progress after which the time that is left is not known.
const STALLED: Duration = Duration::from_secs(2);

fn transfer_bar(moved: Moved) -> ProgressBar {
    let template = "{msg} [{bar:30}] {bytes} of {total_bytes}, {left}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style.with_key("left", move |state: &ProgressState, text: &mut dyn Write| {
        let idle = moved.lock().unwrap_or_else(PoisonError::into_inner).map(|moved| moved.elapsed());
        let _ = text.write_str(&left(idle, state.per_sec(), state.eta()));
    });
    ProgressBar::no_length().with_style(style)
}

/// Describes the rate and the time that is left, if bytes arrived within the last moment.
fn left(idle: Option<Duration>, rate: f64, left: Duration) -> String {
    match idle {
        Some(idle) if idle >= STALLED => format!("waiting for {} s", idle.as_secs()),
        _ => format!("{}/s, {:#} left", HumanBytes(rate as u64), HumanDuration(left)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_is_not_guessed_while_nothing_arrives() {
        let (second, minutes) = (Duration::from_secs(1), Duration::from_secs(43 * 60));
        assert_eq!(left(Some(second), 2048.0, second * 50), "2.00 KiB/s, 50s left");
        assert_eq!(left(None, 0.0, Duration::ZERO), "0 B/s, 0s left");
        assert_eq!(left(Some(second * 7), 12.0, minutes), "waiting for 7 s");
    }
}
