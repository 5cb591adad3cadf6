//! A power cut at every flash operation of a real update: the released bootloader and the example firmware on the
//! emulated micro:bit, and the host's library at its serial port.
//!
//! | module | does |
//! | --- | --- |
//! | `operation` | one flash operation, whole or torn |
//! | `recorder` | makes the update once, on one board, and writes down its operations |
//! | `update` | the update that is made |
//! | `cut` | where power is cut |
//! | `replay` | boots what each cut leaves, on another board |
//! | `judge` | what a device may do then |
//! | `control` | what the judge has to catch |
//!
//! The operations before a cut make the flash that it leaves, so one update is made, and thousands of states of flash
//! are booted. What the recorder writes down is compared with real flash; from there on the only thing that is
//! simulated is the tear itself.

pub mod control;
mod cut;
mod judge;
mod operation;
mod recorder;
mod replay;
mod update;

pub use cut::{Cut, cuts};
pub use judge::Violation;
pub use operation::Operation;
pub use update::{Part, Update};

use crate::chance::Chance;
use anyhow::{Context, Result};
use judge::judge;
use replay::Replay;
use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fmt, thread};

/// Cuts that a board takes at once; it meets them in order, so that little of its flash has to be rewritten.
const SHARE: usize = 16;

/// Failures that are listed at most.
const LISTED: usize = 20;

/// How a sweep is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    /// One boot in so many is asked for its status; none if this is 0.
    pub asked: usize,
    /// One boot in so many is followed by the same push again; none if this is 0.
    pub pushed: usize,
    /// Each cut is followed by every possible cut of the next boot.
    pub twice: bool,
    /// The address at which a bootloader that starts nothing stays, if it is known.
    pub gives_up: Option<u32>,
}

/// The result of a sweep.
#[derive(Debug, Default)]
pub struct Swept {
    /// Operations of the update.
    pub operations: usize,
    /// Cuts, those inside an operation included, and second cuts if there are any.
    pub cuts: usize,
    /// Cuts inside an operation.
    pub torn: usize,
    /// Boots after cuts, including boots that were cut themselves.
    pub boots: usize,
    /// States of flash that were different from each other.
    pub states: HashSet<u64>,
    /// Devices that were asked for their status.
    pub asked: usize,
    /// Devices that the image was pushed to again, until it was confirmed.
    pub pushed: usize,
    /// The violations that were found.
    pub failures: Vec<(Cut, Violation)>,
}

impl Swept {
    fn add(&mut self, other: Swept) {
        self.cuts += other.cuts;
        self.torn += other.torn;
        self.boots += other.boots;
        self.states.extend(other.states);
        self.asked += other.asked;
        self.pushed += other.pushed;
        self.failures.extend(other.failures);
    }
}

/// A line of a table; with `{:#}`, the first failures below it.
impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Swept { operations, cuts, torn, boots, states, asked, pushed, failures } = self;
        write!(
            f,
            "{operations:6} operations {cuts:6} cuts {torn:6} torn {boots:6} boots {:6} states of flash {asked:4} asked \
             {pushed:3} pushed again   failures {}",
            states.len(),
            failures.len()
        )?;
        let listed = if f.alternate() { LISTED } else { 0 };
        failures.iter().take(listed).try_for_each(|(Cut { operation, torn }, violation)| {
            let how = if torn.is_some() { "inside" } else { "before" };
            write!(f, "\n{how} operation {operation}: {violation}")
        })
    }
}

/// Boots what each cut leaves, on as many boards as there are processors, and judges what happens.
pub fn sweep(update: &Update, cuts: &[Cut], plan: Plan) -> Result<Swept> {
    let next = AtomicUsize::new(0);
    let boards = thread::available_parallelism().map_or(1, usize::from).min(8);
    let mut swept = Swept { operations: update.operations.len(), ..Swept::default() };
    thread::scope(|scope| {
        let boards: Vec<_> = (0..boards).map(|_| scope.spawn(|| share(update, cuts, plan, &next))).collect();
        for board in boards {
            swept.add(board.join().ok().context("a board's thread panicked")??);
        }
        swept.failures.sort_by_key(|(cut, _)| cut.operation);
        Ok(swept)
    })
}

/// What one board does: takes the next cuts, until there are none.
fn share(update: &Update, cuts: &[Cut], plan: Plan, next: &AtomicUsize) -> Result<Swept> {
    let mut replay = Replay::start(update, plan.gives_up)?;
    let mut swept = Swept::default();
    let (mut flash, mut made) = (update.start.clone(), 0);
    loop {
        let first = next.fetch_add(SHARE, Ordering::Relaxed);
        let Some(rest) = cuts.get(first..).filter(|rest| !rest.is_empty()) else { return Ok(swept) };
        for (number, cut) in (first..).zip(rest.iter().take(SHARE)) {
            for operation in &update.operations[made..cut.operation] {
                operation.apply(&mut flash);
            }
            made = cut.operation;
            let left = cut.state(&flash, &update.operations);
            let chance = &mut Chance::new(number as u64);
            let chosen = |one_in: usize| one_in > 0 && number % one_in == one_in / 2;
            let cut_once = vec![(left, cut.torn.is_some())];
            let all = if plan.twice { replay.cuts_of_boot(&cut_once[0].0, chance)? } else { cut_once };
            swept.boots += all.len() + usize::from(plan.twice);
            for (left, torn) in all {
                swept.cuts += 1;
                swept.torn += usize::from(torn);
                swept.states.insert(BuildHasherDefault::<DefaultHasher>::default().hash_one(&left));
                let boot = replay.boot(&left, chance)?;
                let mut judged = judge(update, *cut, &left, &boot);
                if judged.is_ok() && chosen(plan.asked) {
                    swept.asked += 1;
                    judged = replay.ask(&boot)?;
                }
                if judged.is_ok() && chosen(plan.pushed) {
                    swept.pushed += 1;
                    judged = replay.push()?;
                }
                swept.failures.extend(judged.err().map(|violation| (*cut, violation)));
            }
        }
    }
}
