//! A figure, with its limit, its budget and a peer's figure.

use serde::{Deserialize, Serialize};
use std::fmt;

/// All that was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// The figures, which a test compares with the committed ones and with their limits.
    pub figures: Vec<Figure>,
    /// Parts of some figures, or what they depend on: for the reader, without a limit.
    pub details: Vec<Figure>,
    /// The largest symbols of each board's bootloader.
    pub symbols: Vec<Symbol>,
}

/// A figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// What is measured.
    pub what: String,
    /// The board that it is measured on.
    pub board: String,
    /// Its unit.
    pub unit: Unit,
    /// The figure.
    pub ours: u64,
    /// The limit that a test enforces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<u64>,
    /// A peer's figure for the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
}

/// A peer's figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// The peer's name.
    pub name: String,
    /// The figure.
    pub value: u64,
    /// Whether it was measured in the same run; otherwise it is cited.
    pub measured: bool,
}

/// A symbol of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// The board of the bootloader.
    pub board: String,
    /// Its name.
    pub name: String,
    /// Bytes of flash.
    pub bytes: u64,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes of flash or RAM.
    Bytes,
    /// Bytes on the line, in both directions.
    LineBytes,
    /// Frames on the line, in both directions.
    Frames,
    /// Erase units.
    Erases,
    /// Records of the boot journal.
    Records,
    /// Requests over HTTP.
    Requests,
    /// Instructions.
    Instructions,
    /// Microseconds on the board.
    Microseconds,
    /// Thousandths of what the line can carry: more is better.
    LineShare,
    /// Thousandths of the least possible.
    Ratio,
}

impl Unit {
    /// Whether it is exactly the same on each machine. Otherwise compilers' paths, or the moments at which bytes
    /// arrive, make a small difference.
    pub const fn is_exact(self) -> bool {
        matches!(self, Unit::LineBytes | Unit::Frames | Unit::Erases | Unit::Records | Unit::Requests)
    }

    /// Formats a number of this unit for people.
    pub fn show(self, value: u64) -> String {
        format!("{} {}", self.number(value), self.name())
    }

    /// Converts the number to the unit of [`name`](Self::name).
    pub fn number(self, value: u64) -> String {
        let parts = |of: u64, digits: usize| {
            let decimals = value % of * 10_u64.pow(digits as u32) / of;
            format!("{}.{decimals:0digits$}", thousands(value / of))
        };
        match self {
            Unit::Instructions if value < 100_000 => parts(1_000_000, 3),
            Unit::Instructions => parts(1_000_000, 2),
            Unit::Microseconds => parts(1000, 1),
            Unit::LineShare => parts(10, 1),
            Unit::Ratio => parts(1000, 2),
            _ => thousands(value),
        }
    }

    /// The unit's name.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Bytes | Unit::LineBytes => "bytes",
            Unit::Frames => "frames",
            Unit::Erases => "erases",
            Unit::Records => "records",
            Unit::Requests => "requests",
            Unit::Instructions => "M instructions",
            Unit::Microseconds => "ms",
            Unit::LineShare => "%",
            Unit::Ratio => "times",
        }
    }
}

/// Formats a number with its digits in groups.
fn thousands(value: u64) -> String {
    if value < 1000 { value.to_string() } else { format!("{},{:03}", thousands(value / 1000), value % 1000) }
}

impl Figure {
    /// A figure without limit, budget or peer.
    pub fn new(what: impl Into<String>, board: &str, unit: Unit, ours: u64) -> Self {
        Figure { what: what.into(), board: board.to_owned(), unit, ours, limit: None, budget: None, peer: None }
    }

    /// Sets its limit.
    pub fn held_to(self, limit: u64) -> Self {
        Figure { limit: Some(limit), ..self }
    }

    /// Sets its budget.
    pub fn meant_to_be(self, budget: u64) -> Self {
        Figure { budget: Some(budget), ..self }
    }

    /// Adds a peer's figure that was measured in the same run.
    pub fn beside(self, name: &str, value: u64) -> Self {
        Figure { peer: Some(Peer { name: name.to_owned(), value, measured: true }), ..self }
    }

    /// Adds a published figure of a peer.
    pub fn beside_cited(self, name: &str, value: u64) -> Self {
        Figure { peer: Some(Peer { name: name.to_owned(), value, measured: false }), ..self }
    }

    /// Whether it is worse than a bound.
    fn is_worse_than(&self, bound: u64) -> bool {
        if self.unit == Unit::LineShare { self.ours < bound } else { self.ours > bound }
    }

    /// Whether it exceeds its limit.
    pub fn is_beyond_limit(&self) -> bool {
        self.limit.is_some_and(|limit| self.is_worse_than(limit))
    }

    /// Whether it misses its budget.
    pub fn misses_budget(&self) -> bool {
        self.budget.is_some_and(|budget| self.is_worse_than(budget))
    }

    /// Whether another measurement of the same figure agrees with this one.
    pub fn is_like(&self, other: &Figure) -> bool {
        let allowed = if self.unit.is_exact() { 0 } else { self.ours.max(other.ours) / 50 };
        let like = self.ours.abs_diff(other.ours) <= allowed;
        let peers = match (&self.peer, &other.peer) {
            (Some(one), Some(other)) => {
                let allowed = if self.unit.is_exact() { 0 } else { one.value.max(other.value) / 50 };
                one.name == other.name && one.value.abs_diff(other.value) <= allowed
            }
            (None, None) => true,
            _ => false,
        };
        like && peers && (self.unit, self.limit, self.budget) == (other.unit, other.limit, other.budget)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}: {}", self.what, self.board, self.unit.show(self.ours))?;
        match self.limit {
            Some(limit) => write!(formatter, ", held to {}", self.unit.show(limit)),
            None => Ok(()),
        }
    }
}
