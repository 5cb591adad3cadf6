//! The client of QEMU's machine protocol (QMP): one JSON object a line; commands are answered in order, and events come
//! between the answers whenever something happens.
//!
//! Invariant: an event that arrived while an answer was awaited is kept, in order, until it is waited for or forgotten.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

/// QEMU answers in a millisecond, but a busy machine may take long to start it.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

pub struct Qmp {
    stream: BufReader<UnixStream>,
    /// The start of a line whose rest had not come when a deadline passed.
    line: Vec<u8>,
    events: VecDeque<Value>,
}

impl Qmp {
    pub fn new(stream: UnixStream) -> Self {
        Self { stream: BufReader::new(stream), line: Vec::new(), events: VecDeque::new() }
    }

    /// Takes the greeting and leaves negotiation mode. Once, before any command.
    pub fn open(&mut self) -> Result<()> {
        let greeting = self.message(Instant::now() + ANSWER_WITHIN)?;
        if greeting.is_none_or(|message| message.get("QMP").is_none()) {
            bail!("QEMU did not greet in {ANSWER_WITHIN:?}");
        }
        self.execute("qmp_capabilities", json!({}))?;
        Ok(())
    }

    /// Runs a command and returns what it returns.
    pub fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let mut request = json!({ "execute": command, "arguments": arguments }).to_string();
        request.push('\n');
        let deadline = Instant::now() + ANSWER_WITHIN;
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .with_context(|| format!("cannot send `{command}` to QEMU"))?;
        while let Some(mut message) = self.message(deadline)? {
            if let Some(error) = message.get("error") {
                bail!("QEMU refused `{command}`: {error}");
            }
            if let Some(value) = message.get_mut("return") {
                return Ok(value.take());
            }
            self.events.push_back(message);
        }
        bail!("QEMU did not answer `{command}` in {ANSWER_WITHIN:?}")
    }

    /// Runs a command of the human monitor, for what the machine protocol lacks, and returns its text.
    pub fn monitor(&mut self, command: &str) -> Result<String> {
        let arguments = json!({ "command-line": command, "cpu-index": 0 });
        let text = self.execute("human-monitor-command", arguments)?;
        text.as_str().map(str::to_owned).ok_or_else(|| anyhow!("QEMU answered `{command}` with {text}, not with text"))
    }

    /// Drops the events that came so far, so that the next wait is for news.
    pub fn forget_events(&mut self) {
        self.events.clear();
    }

    /// Waits for an event with this name that `accept` takes, and drops those before it. False when the deadline
    /// passed.
    pub fn wait_for(&mut self, event: &str, accept: impl Fn(&Value) -> bool, deadline: Instant) -> Result<bool> {
        loop {
            let message = match self.events.pop_front() {
                Some(message) => message,
                None => match self.message(deadline)? {
                    Some(message) => message,
                    None => return Ok(false),
                },
            };
            if message["event"] == event && accept(&message["data"]) {
                return Ok(true);
            }
        }
    }

    /// The next message of whatever kind, or `None` when the deadline passed.
    fn message(&mut self, deadline: Instant) -> Result<Option<Value>> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // A timeout of zero would mean no timeout; a millisecond still takes what has already arrived.
            let timeout = left.max(Duration::from_millis(1));
            self.stream.get_ref().set_read_timeout(Some(timeout))?;
            match self.stream.read_until(b'\n', &mut self.line) {
                Ok(_) if self.line.ends_with(b"\n") => {
                    let message = serde_json::from_slice(&self.line);
                    self.line.clear();
                    return message.context("QEMU sent a line that is not JSON");
                }
                Ok(_) => {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof))
                        .context("QEMU closed its control connection");
                }
                // What was read before the timeout stays in `line`.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if left.is_zero() {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(error).context("cannot read QEMU's control connection"),
            }
        }
    }
}
