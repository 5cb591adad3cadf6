//! `lifeboot monitor`

use super::interrupt;
use super::port;
use super::progress::Console;
use super::seconds::seconds;
use crate::error::Error;
use crate::output::{self, Output};
use lifeboot_logs::{Item, Line, Program, Record, Recorded, Replay, Shared, Sink};
use lifeboot_project::files::{self, Kind};
use lifeboot_report::{MonitorEnd, Monitored};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Show what a device logs
///
/// Messages that firmware logs with defmt are decoded with its ELF file: time, level, message, place in the source.
/// Other text on the line is shown unchanged. Continues until Ctrl-C, across restarts of the device and lost
/// connections.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot monitor --elf target/thumbv6m-none-eabi/release/firmware
  lifeboot monitor --elf firmware.elf --until \"self-test passed\" --for 30     # in CI
  lifeboot monitor --elf firmware.elf --record session.jsonl
  lifeboot monitor --elf firmware.elf --replay session.jsonl                  # without a device

Times with a plus in front are this host's, in seconds since the monitor began; others are the
firmware's own (defmt::timestamp!).

Exit status: 0 after Ctrl-C, after --for, and when the text of --until was shown; 1 when it was not
shown in the time of --for, or something failed; 2 for wrong arguments.")]
pub struct Arguments {
    #[command(flatten)]
    port: port::Arguments,
    #[command(flatten)]
    programs: Programs,
    /// End after this many seconds
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds())]
    seconds: Option<Duration>,
    /// End once a line with this text was shown
    #[arg(long, value_name = "TEXT")]
    until: Option<String>,
    /// Record what was received in this file; --replay shows it again
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// Show a recording instead of a device's log
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
}

impl Arguments {
    /// Returns whether stdout is the file that this command writes.
    pub fn stdout_is_taken(&self) -> bool {
        self.record.as_deref().is_some_and(files::is_stdout)
    }
}

/// The programs whose log is decoded.
#[derive(clap::Args)]
#[group(skip)]
pub struct Programs {
    /// The firmware's ELF file, as cargo built it; repeat it for each firmware that may run
    #[arg(long, value_name = "FIRMWARE.elf", env = "LIFEBOOT_FIRMWARE")]
    pub elf: Vec<PathBuf>,
    /// The bootloader's ELF file; it logs if it was built with the feature defmt
    #[arg(long, value_name = "BOOTLOADER.elf", env = "LIFEBOOT_BOOTLOADER")]
    pub bootloader: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Monitored, Error> {
    let screen = Screen::new(output, arguments.until.clone(), arguments.programs.bootloader.is_some());
    let monitor = arguments.programs.monitor(screen.sink())?;
    let until = arguments.seconds.and_then(|time| Instant::now().checked_add(time));
    let end = {
        let screen = screen.clone();
        let is_over = move || until.is_some_and(|until| Instant::now() >= until);
        move || screen.end().or_else(|| is_over().then_some(MonitorEnd::Time))
    };
    let stop = {
        let end = end.clone();
        move || end().is_some()
    };
    match &arguments.replay {
        Some(path) => {
            let text = files::read_text(path, Kind::Recording)?;
            let replay = Replay::read(&path.display().to_string(), &text)?;
            let mut link = monitor
                .on(arguments.port.line.link(replay, output).with_recovery(Duration::MAX))
                .with_stop(stop.clone());
            monitor.listen(&mut link, |link| !link.pipe().is_over() && !stop())?;
        }
        None => {
            let port = arguments.port.open(output)?;
            // Not earlier: a port that does not open must leave the last recording as it is.
            let file = arguments.record.as_deref().map(files::stream).transpose()?;
            let link = arguments.port.line.link(Recorded::new(port, file), output).with_recovery(Duration::MAX);
            let mut link = monitor.on(link).with_stop(stop.clone());
            monitor.listen(&mut link, |_| !stop())?;
            link.into_pipe().finish()?;
        }
    }
    monitor.finish();
    match (&arguments.until, end().unwrap_or(MonitorEnd::Recording)) {
        (Some(text), MonitorEnd::Time | MonitorEnd::Recording) => Err(Error::NotShown { text: text.clone() }),
        (_, ended) => Ok(screen.shown(ended)),
    }
}

impl Programs {
    /// Returns a monitor that decodes with these programs.
    pub fn monitor(&self, sink: Sink) -> Result<Shared, Error> {
        let mut programs = Vec::new();
        for path in &self.elf {
            programs.extend(read(path)?);
        }
        Ok(Shared::new(programs, read_bootloader(self.bootloader.as_deref())?, sink))
    }
}

/// Reads the program in an ELF file, and warns if it logs nothing.
pub fn read(path: &Path) -> Result<Option<Program>, Error> {
    Ok(logging(path, Program::read(path, &files::read(path, Kind::Elf)?)?, ""))
}

/// Reads the bootloader in an ELF file, and warns if it logs nothing.
pub fn read_bootloader(path: Option<&Path>) -> Result<Option<Program>, Error> {
    let Some(path) = path else { return Ok(None) };
    let hint = "; one that is built with the feature defmt does";
    Ok(logging(path, Program::read_bootloader(path, &files::read(path, Kind::Elf)?)?, hint))
}

fn logging(path: &Path, program: Option<Program>, hint: &str) -> Option<Program> {
    if program.is_none() {
        output::warn(format_args!("{} logs nothing with defmt{hint}", path.display()));
    }
    program
}

/// Shows records, a line each on stdout.
#[derive(Clone)]
pub struct Screen {
    output: Output,
    until: Option<String>,
    source: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    messages: u64,
    lines: u64,
    unread: u64,
    ended: Option<MonitorEnd>,
}

impl Screen {
    /// Makes a screen that ends after a record with the text `until`; `source` shows the source of each message.
    pub fn new(output: Output, until: Option<String>, source: bool) -> Self {
        Screen { output, until, source, state: Arc::default() }
    }

    /// Returns a sink that shows records here.
    pub fn sink(&self) -> Sink {
        let screen = self.clone();
        Box::new(move |record| screen.show(&record))
    }

    /// Returns a sink that shows records above the bar of a push.
    pub fn sink_above(&self, console: &Console) -> Sink {
        let (screen, console) = (self.clone(), console.clone());
        Box::new(move |record| console.above(|| screen.show(&record)))
    }

    /// Returns why the monitor should end; `None` if it should continue.
    pub fn end(&self) -> Option<MonitorEnd> {
        self.state().ended.or_else(|| interrupt::came().then_some(MonitorEnd::Interrupt))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the report on what was shown.
    fn shown(&self, ended: MonitorEnd) -> Monitored {
        let State { messages, lines, unread, .. } = *self.state();
        Monitored { messages, lines, unread, ended }
    }

    fn show(&self, record: &Record) {
        let is_closed = self.output.stream(&Line { record, source: self.source }).is_err();
        let mut state = self.state();
        if is_closed {
            state.ended = Some(MonitorEnd::Closed);
        }
        let text = match &record.item {
            Item::Log(log) => {
                state.messages += 1;
                &log.message
            }
            Item::Text { text } => {
                state.lines += 1;
                text
            }
            Item::Unread { messages, .. } => {
                state.unread += *messages as u64;
                return;
            }
            _ => return,
        };
        if self.until.as_ref().is_some_and(|until| text.contains(until)) {
            state.ended = Some(MonitorEnd::Text);
        }
    }
}
