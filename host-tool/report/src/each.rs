//! One command at several devices.

use crate::failure::FailureDetails;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// What came of a command at several devices, in the order in which they were given.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Each<R> {
    /// The devices.
    pub devices: Vec<AtPort<R>>,
}

/// What came of a command at one of several devices.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct AtPort<R> {
    /// The device's port.
    pub port: String,
    /// How it ended.
    pub outcome: AtPortOutcome,
    /// The command's report; `null` if it failed or was not tried.
    pub report: Option<R>,
    /// Why it failed; `null` if it did not.
    pub error: Option<FailureDetails>,
}

/// How a command ended at one of several devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AtPortOutcome {
    /// It succeeded.
    Done,
    /// It failed.
    Failed,
    /// It was not tried, since it would end as at the device before.
    NotTried,
}

/// The command begins at one of several devices; what follows is of this one.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum DeviceEvent {
    /// A device is next.
    Device {
        /// Its port.
        port: String,
        /// Its number, counted from 1.
        number: usize,
        /// The number of devices.
        of: usize,
    },
}

impl<R> AtPort<R> {
    /// A device at which the command ended so.
    pub fn new(port: &str, ended: Result<R, FailureDetails>) -> AtPort<R> {
        let (outcome, report, error) = match ended {
            Ok(report) => (AtPortOutcome::Done, Some(report), None),
            Err(error) => (AtPortOutcome::Failed, None, Some(error)),
        };
        AtPort { port: port.to_owned(), outcome, report, error }
    }

    /// A device at which the command was not tried.
    pub fn not_tried(port: &str) -> AtPort<R> {
        AtPort { port: port.to_owned(), outcome: AtPortOutcome::NotTried, report: None, error: None }
    }
}

impl<R> Each<R> {
    /// Returns whether the command succeeded at each device.
    pub fn is_good(&self) -> bool {
        self.devices.iter().all(|device| device.outcome == AtPortOutcome::Done)
    }
}

impl<R: Display> Display for Each<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, AtPort { port, report, error, .. }) in self.devices.iter().enumerate() {
            let start = if index == 0 { "" } else { "\n" };
            match (report, error) {
                (Some(report), _) => {
                    let report = report.to_string();
                    let separator = if report.contains('\n') { "\n" } else { " " };
                    write!(f, "{start}{port}:{separator}{report}")?;
                }
                (None, Some(error)) => write!(f, "{start}{port}: error: {}", error.message)?,
                (None, None) => write!(f, "{start}{port}: not tried")?,
            }
        }
        Ok(())
    }
}

impl Display for DeviceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DeviceEvent::Device { port, number, of } = self;
        write!(f, "{port} ({number} of {of})")
    }
}
