//! The command `lifeboot`. Exit status: 0 done, 1 failed, 2 used wrongly.

#![forbid(unsafe_code)]
// They panic where nobody reads: `output` does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod command_line;
mod commands;
mod output;

use clap::{Parser, Subcommand};
use commands::{
    completions, confirm, diff, doctor, flash, inspect, keygen, keys, man, monitor, provision, push, reset, rollback,
    run, sign, status, watch,
};
use output::Output;
use std::process::ExitCode;

/// A/B firmware updates with rollback for Cortex-M.
#[derive(Parser)]
#[command(name = "lifeboot", version, max_term_width = 100, after_long_help = command_line::settings_help())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Report to a program: every line on stdout is a JSON object, the last one the result or the error
    #[arg(long, global = true)]
    json: bool,
}

/// One file each in `commands/`.
#[derive(Subcommand)]
enum Command {
    Keygen(keygen::Arguments),
    Sign(sign::Arguments),
    Inspect(inspect::Arguments),
    Diff(diff::Arguments),
    Doctor(doctor::Arguments),
    Provision(provision::Arguments),
    Flash(flash::Arguments),
    Run(run::Arguments),
    Push(push::Arguments),
    Monitor(monitor::Arguments),
    Watch(watch::Arguments),
    Status(status::Arguments),
    Keys(keys::Arguments),
    Confirm(confirm::Arguments),
    Rollback(rollback::Arguments),
    Reset(reset::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

fn main() -> ExitCode {
    let arguments = match command_line::parse::<Arguments>() {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let output = Output::new(arguments.json);
    match &arguments.command {
        Command::Keygen(arguments) => output.end(keygen::run(arguments)),
        Command::Sign(arguments) => output.end(sign::run(arguments)),
        Command::Inspect(arguments) => output.judged(inspect::run(arguments, output), inspect::is_good),
        Command::Diff(arguments) => output.end(diff::run(arguments)),
        Command::Doctor(arguments) => output.judged(doctor::run(arguments), doctor::is_good),
        Command::Provision(arguments) => output.end(provision::run(arguments)),
        Command::Flash(arguments) => output.end(flash::run(arguments)),
        Command::Run(arguments) => output.end(run::run(arguments, output)),
        Command::Push(arguments) => output.end(push::run(arguments, output)),
        Command::Monitor(arguments) => output.end(monitor::run(arguments, output)),
        Command::Watch(arguments) => output.end(watch::run(arguments, output)),
        Command::Status(arguments) => output.end(status::run(arguments)),
        Command::Keys(arguments) => output.end(keys::run(arguments)),
        Command::Confirm(arguments) => output.end(confirm::run(arguments)),
        Command::Rollback(arguments) => output.end(rollback::run(arguments)),
        Command::Reset(arguments) => output.end(reset::run(arguments)),
        Command::Completions(arguments) => output.end(completions::run(arguments)),
        Command::Man(arguments) => output.end(man::run(arguments)),
    }
}
