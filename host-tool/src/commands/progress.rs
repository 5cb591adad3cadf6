//! The progress of a push: a bar on a terminal, plain lines in a log.

use indicatif::{ProgressBar, ProgressStyle};
#[cfg(feature = "probe")]
use lifeboot_host_tool::probe::Stage;
use lifeboot_host_tool::push::{Interruption, Progress, Step};
use std::io::{IsTerminal, stderr};

/// Lines that a transfer leaves in a log.
const LINES: u64 = 10;

/// Whoever suits where stderr goes.
pub fn listener() -> Box<dyn Progress> {
    if stderr().is_terminal() {
        Box::new(Bar { bar: ProgressBar::hidden(), last: None })
    } else {
        Box::<Log>::default()
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
        self.bar.set_message(words(step));
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
            if stderr().is_terminal() {
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

#[derive(Default)]
struct Log {
    last: Option<Step>,
    tenths: u64,
}

impl Progress for Log {
    fn step(&mut self, step: Step) {
        if self.last.replace(step) != Some(step) {
            self.tenths = 0;
            eprintln!("{}", words(step));
        }
    }

    fn bytes(&mut self, done: u64, total: u64) {
        let tenths = done * LINES / total.max(1);
        if tenths > self.tenths {
            self.tenths = tenths;
            eprintln!("  {done} of {total} bytes");
        }
    }
}

fn words(step: Step) -> String {
    match step {
        Step::Asking => "asking the device".to_owned(),
        Step::Beginning => "offering the image".to_owned(),
        Step::Comparing => "looking for what is there already".to_owned(),
        Step::Sending => "sending".to_owned(),
        Step::Verifying => "the device verifies".to_owned(),
        Step::StartingOver(Interruption::TransferEnded) => "the device lost the update: resuming".to_owned(),
        Step::StartingOver(Interruption::NotAsSurveyed) => {
            "the slot holds something else: sending all of it".to_owned()
        }
        Step::Restarting => "restarting the device".to_owned(),
        Step::Trial(None) => "the new firmware runs; waiting for it to confirm".to_owned(),
        Step::Trial(Some(trial)) => {
            let attempts = trial.attempts;
            format!("the new firmware runs on trial, {attempts} more starts left; waiting for it to confirm")
        }
    }
}
