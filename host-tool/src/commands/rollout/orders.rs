//! What a person does with a rollout that was started: pause, resume, approve, abort, retry.
//!
//! A process that drives the rollout gets the order, and answers. Without one the order goes into the log, and this process goes
//! on with the rollout.

use super::driving::{Driven, now};
use super::folder::{Named, folder_of, kept};
use super::show;
use super::site::Talk;
use crate::commands::port;
use crate::error::Error;
use crate::output::Output;
use lifeboot_fleet::definition::RolloutId;
use lifeboot_fleet::log::{LogError, StateFolder};
use lifeboot_fleet::orders::give;
use lifeboot_fleet::rollout::{Event, Stamped, State, WaitsFor, decide};
use lifeboot_report::Rollout;

/// Pause a rollout: nothing new begins, what is at work ends
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot rollout pause
  lifeboot rollout pause spring --reason 'line 3 is busy'")]
pub struct PauseArguments {
    #[command(flatten)]
    named: Named,
    /// Why, for those who read the log
    #[arg(long, default_value = "")]
    reason: String,
}

/// Go on with a rollout that was paused, was interrupted, or has stopped
///
/// After a crash the devices are asked what became of them.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot rollout resume
  lifeboot rollout resume spring --accept-failures

Exit status: 0 when each device runs the image; 1 otherwise, also if the rollout stops again, or waits for a person.")]
pub struct ResumeArguments {
    #[command(flatten)]
    drive: DriveArguments,
    /// Go on although too many devices failed, which risks more of them
    #[arg(long)]
    accept_failures: bool,
}

/// Approve the wave that a rollout waits for, and go on
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot rollout approve
  lifeboot rollout approve spring --stay")]
pub struct ApproveArguments {
    #[command(flatten)]
    drive: DriveArguments,
}

/// End a rollout: nothing new is updated
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot rollout abort
  lifeboot rollout abort spring --rollback")]
pub struct AbortArguments {
    #[command(flatten)]
    drive: DriveArguments,
    /// Roll back the devices that this rollout has updated
    #[arg(long)]
    rollback: bool,
}

/// Try again the devices that failed or were absent
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot rollout retry --failed")]
pub struct RetryArguments {
    #[command(flatten)]
    drive: DriveArguments,
    /// Those that failed: the only ones that can be tried again
    #[arg(long, required = true)]
    failed: bool,
}

#[derive(clap::Args)]
#[group(skip)]
struct DriveArguments {
    #[command(flatten)]
    named: Named,
    /// Stay when only a person can go on, and wait for that
    #[arg(long)]
    stay: bool,
    #[command(flatten)]
    talk: Talk,
}

pub fn pause(arguments: &PauseArguments) -> Result<Rollout, Error> {
    let (folder, rollout) = arguments.named.find()?;
    let event = Event::Paused { reason: arguments.reason.clone() };
    if folder.is_driven(&rollout)? {
        order(&folder, &rollout, &event)?;
    } else {
        let (mut log, mut state) = folder.open(&rollout)?;
        for event in [Event::TakenOver, event] {
            let stamped = Stamped { at: now(), event };
            state.apply(&stamped)?;
            log.append(&stamped)?;
        }
    }
    show::report(&folder, &rollout)
}

pub fn resume(arguments: &ResumeArguments, output: Output) -> Result<Rollout, Error> {
    let accept_failures = arguments.accept_failures;
    arguments.drive.run(output, |state| {
        let is_held = state.pause().is_some() || state.failures().is_some() || state.untried().is_some();
        // What was only interrupted needs no resumption.
        Ok((is_held || accept_failures).then_some(Event::Resumed { accept_failures }))
    })
}

pub fn approve(arguments: &ApproveArguments, output: Output) -> Result<Rollout, Error> {
    arguments.drive.run(output, |state| {
        let waits_for = decide(state, now()).waits_for;
        let wave = waits_for.iter().find_map(|waits| match waits {
            WaitsFor::Approval { wave } => Some(*wave),
            _ => None,
        });
        wave.map(|wave| Some(Event::Approved { wave })).ok_or(Error::NothingToApprove)
    })
}

pub fn abort(arguments: &AbortArguments, output: Output) -> Result<Rollout, Error> {
    let rollback = arguments.rollback;
    arguments.drive.run(output, |_| Ok(Some(Event::Aborted { rollback })))
}

pub fn retry(arguments: &RetryArguments, output: Output) -> Result<Rollout, Error> {
    arguments.drive.run(output, |_| Ok(Some(Event::Retried)))
}

impl DriveArguments {
    /// Gives the order to the process that drives the rollout, or drives it with that.
    fn run(&self, output: Output, event: impl Fn(&State) -> Result<Option<Event>, Error>) -> Result<Rollout, Error> {
        let (folder, rollout) = self.named.find()?;
        let (log, state) = match folder.open(&rollout) {
            Err(LogError::InUse(_)) => {
                let (_, state) = folder.read(&rollout)?;
                if let Some(event) = event(&state)? {
                    order(&folder, &rollout, &event)?;
                }
                return show::report(&folder, &rollout);
            }
            opened => opened?,
        };
        let first = [Event::TakenOver].into_iter().chain(event(&state)?).collect();
        let (images, places) = kept(&folder_of(&folder, &rollout), state.definition().images.len())?;
        let begun = Driven { folder, rollout, images, places }.go_on(log, state, first)?;
        begun.run(self.stay, &self.talk, output)
    }
}

fn order(folder: &StateFolder, rollout: &RolloutId, event: &Event) -> Result<(), Error> {
    let name = format!("{:016x}-{:08x}", now().0, port::seed());
    Ok(give(&folder_of(folder, rollout), &name, event)?)
}
