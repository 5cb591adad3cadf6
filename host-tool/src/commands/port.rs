//! The port that a command uses, as its arguments name it.

use super::interrupt;
use super::seconds::seconds;
use crate::error::Error;
use crate::output::{self, Output};
use clap::{ValueEnum, value_parser};
use lifeboot_artifact::hex;
use lifeboot_client::link::{Link, LinkEvent};
use lifeboot_client::pipe::Pipe;
use lifeboot_logs::Item;
use lifeboot_serial::{BAUD, Port, Signals, Traced, all_ports, choose};
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;

/// How long a device may take to answer after a reset: its bootloader verifies the firmware first.
pub const RESTART: Duration = Duration::from_secs(30);

/// Returns a random seed, which distinguishes this host from others.
pub fn seed() -> u32 {
    RandomState::new().hash_one(0) as u32
}

/// Returns ports in their order, each once, under the first of its names: a link to a serial port names the same one.
pub fn distinct(ports: &[String]) -> Vec<String> {
    let place = |port: &String| match port.starts_with("tcp:") {
        true => PathBuf::from(port.to_lowercase()),
        false => std::fs::canonicalize(port).unwrap_or_else(|_| PathBuf::from(port)),
    };
    let mut places = Vec::new();
    let is_first = |port: &&String| {
        let place = place(port);
        let is_first = !places.contains(&place);
        places.push(place);
        is_first
    };
    ports.iter().filter(is_first).cloned().collect()
}

#[derive(clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// A serial port such as /dev/ttyACM0, or tcp:HOST:NUMBER; optional if exactly one USB serial port is plugged in
    #[arg(short, long, env = "LIFEBOOT_PORT")]
    pub port: Option<String>,
    #[command(flatten)]
    pub line: Line,
}

/// The line to a device, whichever port it is at.
#[derive(Clone, Copy, clap::Args)]
#[group(skip)]
pub struct Line {
    /// Bits a second on a serial port
    #[arg(long, env = "LIFEBOOT_BAUD", default_value_t = BAUD, value_parser = value_parser!(u32).range(1..=HIGHEST_BAUD))]
    baud: u32,
    /// Wait at least this many seconds for each answer: for lines with a long delay
    #[arg(long, value_name = "SECONDS", value_parser = seconds())]
    answer_timeout: Option<Duration>,
    /// Set a serial port's DTR line when it is opened [default: on, as most USB devices need it]
    #[arg(long, value_name = "LEVEL")]
    dtr: Option<Level>,
    /// Set a serial port's RTS line when it is opened, for adapters that reset the board by it
    #[arg(long, value_name = "LEVEL")]
    rts: Option<Level>,
}

/// The highest baud rate that is accepted, above that of any serial port.
const HIGHEST_BAUD: i64 = 100_000_000;

impl Line {
    /// Returns the bits a second.
    pub fn baud(&self) -> u32 {
        self.baud
    }

    /// Returns how long to wait for an answer at least.
    pub fn answer_timeout(&self) -> Duration {
        self.answer_timeout.unwrap_or_default()
    }

    /// Opens the port with this name.
    pub fn open(&self, name: &str, output: Output) -> Result<Port, Error> {
        let signals = Signals { dtr: self.dtr.map(Level::is_on), rts: self.rts.map(Level::is_on) };
        let port = Port::open_with(name, self.baud, signals)?;
        if !output.is_verbose() {
            return Ok(port);
        }
        output::note(format_args!("opened {name}"));
        Ok(port.with_trace(Box::new(|now, traced| output::note(trace_line(now, traced)))))
    }

    /// Returns a link over this pipe, which Ctrl-C stops. Not earlier: a port that takes long to open, and what only reads files,
    /// can be ended at once.
    pub fn link<P: Pipe>(&self, pipe: P, output: Output) -> Link<P> {
        interrupt::remember(output);
        let link = Link::new(pipe, seed()).with_stop(interrupt::came);
        link.with_answer_timeout(self.answer_timeout())
    }
}

/// Most bytes of a piece that are shown.
const TRACED: usize = 32;

/// Returns a line on bytes that passed over a port.
fn trace_line(now: Duration, traced: Traced<'_>) -> String {
    let (arrow, bytes) = match traced {
        Traced::Received(bytes) => ("<", bytes),
        Traced::Sent(bytes) => (">", bytes),
    };
    let shown = hex(&bytes[..bytes.len().min(TRACED)]);
    let more = if bytes.len() > TRACED { "…" } else { "" };
    format!("+{:.3} {arrow} {:>4} bytes: {shown}{more}", now.as_secs_f64(), bytes.len())
}

/// The level of a control line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    On,
    Off,
}

impl Level {
    fn is_on(self) -> bool {
        matches!(self, Level::On)
    }
}

impl Arguments {
    /// Opens the port and returns a link over it, which reports long waits on stderr.
    pub fn link(&self, output: Output) -> Result<Link<Port>, Error> {
        let report = move |_, event: LinkEvent<'_>| {
            if let Some(item) = Item::of(&event).filter(|_| !output.is_quiet()) {
                output::note(item);
            }
        };
        let port = self.open(output)?;
        Ok(self.line.link(port, output).with_listener(report))
    }

    /// Opens the port.
    pub fn open(&self, output: Output) -> Result<Port, Error> {
        let name = match &self.port {
            Some(name) => name.clone(),
            None => choose(&all_ports())?,
        };
        self.line.open(&name, output)
    }
}
