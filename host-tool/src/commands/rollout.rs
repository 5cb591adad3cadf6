//! `lifeboot rollout`

pub mod chosen;
pub mod driving;
pub mod folder;
mod orders;
mod plan;
mod screen;
mod show;
pub mod site;
mod start;

use crate::error::Error;
use crate::output::Output;
use clap::Subcommand;
use lifeboot_report::{Either, Rollout, RolloutPlan, Rollouts};

/// Bring an image to many devices, in waves
///
/// The devices are those of fleet.toml, or at the ports that are given. A rollout stops by itself if too many devices fail; what
/// has happened is kept in a log, so that it can go on after any interruption.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Plan(plan::Arguments),
    Start(start::Arguments),
    Status(show::Arguments),
    List(show::ListArguments),
    Pause(orders::PauseArguments),
    Resume(orders::ResumeArguments),
    Approve(orders::ApproveArguments),
    Abort(orders::AbortArguments),
    Retry(orders::RetryArguments),
}

/// What the command reports.
pub type Report = Either<Either<Rollout, Rollouts>, RolloutPlan>;

pub fn run(arguments: &Arguments, output: Output) -> Result<Report, Error> {
    let rollout = |report| Either::One(Either::One(report));
    Ok(match &arguments.command {
        Command::Plan(arguments) => Either::Other(plan::run(arguments, output)?),
        Command::Start(arguments) => rollout(start::run(arguments, output)?),
        Command::Status(arguments) => rollout(show::run(arguments, output)?),
        Command::List(arguments) => Either::One(Either::Other(show::list(arguments)?)),
        Command::Pause(arguments) => rollout(orders::pause(arguments)?),
        Command::Resume(arguments) => rollout(orders::resume(arguments, output)?),
        Command::Approve(arguments) => rollout(orders::approve(arguments, output)?),
        Command::Abort(arguments) => rollout(orders::abort(arguments, output)?),
        Command::Retry(arguments) => rollout(orders::retry(arguments, output)?),
    })
}

/// Returns whether all went well, for the exit status: of a command that drives, that each device runs the image.
pub fn is_good(arguments: &Arguments, report: &Report) -> bool {
    match (&arguments.command, report) {
        (Command::Plan(_), Either::Other(plan)) => plan.is_good(),
        (Command::Abort(_), Either::One(Either::One(rollout))) => rollout.is_aborted(),
        (
            Command::Start(_) | Command::Resume(_) | Command::Approve(_) | Command::Retry(_),
            Either::One(Either::One(rollout)),
        ) => rollout.is_good(),
        _ => true,
    }
}
