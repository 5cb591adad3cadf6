//! The progress of a push: a bar on a terminal, plain lines in a log, JSON for a program.

use crate::output::{Output, has_terminal};
use indicatif::{ProgressBar, ProgressStyle};
#[cfg(feature = "probe")]
use lifeboot_host_tool::probe::Stage;
use lifeboot_host_tool::push::{Progress, Step};
use lifeboot_host_tool::report::PushEvent;

/// Lines that a transfer leaves in a log.
const LINES: u64 = 10;

/// Whoever suits where the words go.
pub fn listener(output: Output) -> Box<dyn Progress> {
    if !output.is_json() && has_terminal() {
        Box::new(Bar { bar: ProgressBar::hidden(), last: None })
    } else {
        Box::new(Log { output, last: None, tenths: 0 })
    }
}

struct Bar {
    bar: ProgressBar,
    last: Option<Step>,
}

impl Progress for Bar {
    fn step(&mut self, step: Step) {
        if self.last.replace(step) == Some(step) {
            return;
        }
        self.bar.finish_and_clear();
        self.bar = if step == Step::Sending { transfer_bar() } else { ProgressBar::new_spinner() };
        self.bar.set_message(PushEvent::from(step).to_string());
        self.bar.enable_steady_tick(std::time::Duration::from_millis(100));
    }

    fn bytes(&mut self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The progress of a flash through a debug probe: a bar on a terminal, and a line for each stage in a log.
#[cfg(feature = "probe")]
pub struct Flashing {
    bar: ProgressBar,
    last: Option<Stage>,
}

#[cfg(feature = "probe")]
impl Flashing {
    pub fn new() -> Self {
        Flashing { bar: ProgressBar::hidden(), last: None }
    }

    pub fn bytes(&mut self, stage: Stage, done: u64, total: u64) {
        if self.last.replace(stage) != Some(stage) {
            let word = match stage {
                Stage::Erasing => "erasing",
                Stage::Writing => "writing",
                Stage::Verifying => "reading back",
            };
            self.bar.finish_and_clear();
            if has_terminal() {
                self.bar = transfer_bar();
                self.bar.set_message(word);
            } else {
                eprintln!("{word} {total} bytes");
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
}

impl Log {
    fn say(&self, event: PushEvent) {
        if self.output.is_json() {
            self.output.event(&event);
        } else {
            eprintln!("{event}");
        }
    }
}

impl Progress for Log {
    fn step(&mut self, step: Step) {
        if self.last.replace(step) != Some(step) {
            self.tenths = 0;
            self.say(step.into());
        }
    }

    fn bytes(&mut self, done: u64, total: u64) {
        let tenths = done * LINES / total.max(1);
        if tenths > self.tenths {
            self.tenths = tenths;
            self.say(PushEvent::Progress { done, total });
        }
    }
}
