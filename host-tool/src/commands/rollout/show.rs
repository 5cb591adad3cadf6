//! `lifeboot rollout status` and `lifeboot rollout list`

use super::driving::now;
use super::folder::{Folder, Named, is_over, read_all};
use crate::commands::interrupt;
use crate::error::Error;
use crate::output::{self, Output};
use lifeboot_fleet::definition::RolloutId;
use lifeboot_fleet::log::StateFolder;
use lifeboot_fleet::rollout::State;
use lifeboot_report::{ListedRollout, Rollout, RolloutEvent, Rollouts, UnreadableRollout};
use miette::Diagnostic;
use std::thread;
use std::time::Duration;

/// How often the log is looked at.
const POLL: Duration = Duration::from_millis(500);

/// Show how a rollout stands: its waves, its devices, and what it waits for
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot rollout status
  lifeboot rollout status --follow
  lifeboot rollout status spring --json")]
pub struct Arguments {
    #[command(flatten)]
    named: Named,
    /// Show what happens until the rollout is over, or nothing drives it any more
    #[arg(short, long)]
    follow: bool,
}

/// List the rollouts that were started by this user, the newest first
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot rollout list
  lifeboot rollout list --json")]
pub struct ListArguments {
    #[command(flatten)]
    folder: Folder,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Rollout, Error> {
    let (folder, rollout) = arguments.named.find()?;
    if arguments.follow {
        interrupt::remember(output);
        follow(&folder, &rollout, output)?;
    }
    report(&folder, &rollout)
}

/// Returns how a rollout stands.
pub fn report(folder: &StateFolder, rollout: &RolloutId) -> Result<Rollout, Error> {
    let (_, state) = folder.read(rollout)?;
    Ok(Rollout::new(&state.summary(now()), now(), folder.is_driven(rollout)?))
}

/// Shows each event, those of the past as well.
fn follow(folder: &StateFolder, rollout: &RolloutId, output: Output) -> Result<(), Error> {
    let mut shown = 0;
    let mut state: Option<State> = None;
    loop {
        // Before the log: what is written in between is seen next time.
        let is_driven = folder.is_driven(rollout)?;
        let (events, _) = folder.read(rollout)?;
        for event in events.iter().skip(shown) {
            match &mut state {
                Some(state) => state.apply(event)?,
                None => state = Some(State::first(event)?),
            }
            let report = state.as_ref().and_then(|state| RolloutEvent::new(event, state));
            match report {
                Some(report) if output.is_json() => output.event(&report),
                Some(report) => output::note(&report),
                None => {}
            }
        }
        shown = events.len();
        if !is_driven || state.as_ref().is_some_and(is_over) || interrupt::came() {
            return Ok(());
        }
        thread::sleep(POLL);
    }
}

pub fn list(arguments: &ListArguments) -> Result<Rollouts, Error> {
    let folder = arguments.folder.open()?;
    let all = read_all(&folder)?;
    let mut rollouts = Vec::new();
    for (rollout, state) in all.rollouts {
        let Rollout { version, phase, driven, started, counts, .. } =
            Rollout::new(&state.summary(now()), now(), folder.is_driven(&rollout)?);
        rollouts.push(ListedRollout { rollout: rollout.to_string(), version, phase, driven, started, counts });
    }
    rollouts.sort_by_key(|rollout| std::cmp::Reverse(rollout.started));
    let unreadable = all.unreadable.into_iter().map(|(rollout, error)| UnreadableRollout {
        rollout: rollout.to_string(),
        reason: error.to_string(),
        help: error.help().map(|help| help.to_string()).unwrap_or_default(),
    });
    Ok(Rollouts { rollouts, unreadable: unreadable.collect() })
}
