//! The command `lifeboot`. Exit status: 0 done, 1 failed, 2 used wrongly.

#![forbid(unsafe_code)]

mod commands;

use clap::{Parser, Subcommand};
use commands::{confirm, flash, inspect, keygen, provision, push, reset, rollback, run, sign, status};
use lifeboot_host_tool::Error;
use miette::Diagnostic;
use std::process::ExitCode;

/// A/B firmware updates with rollback for Cortex-M.
#[derive(Parser)]
#[command(name = "lifeboot", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// One file each in `commands/`.
#[derive(Subcommand)]
enum Command {
    Keygen(keygen::Arguments),
    Sign(sign::Arguments),
    Inspect(inspect::Arguments),
    Provision(provision::Arguments),
    Flash(flash::Arguments),
    Run(run::Arguments),
    Push(push::Arguments),
    Status(status::Arguments),
    Confirm(confirm::Arguments),
    Rollback(rollback::Arguments),
    Reset(reset::Arguments),
}

fn main() -> ExitCode {
    let result = match &Arguments::parse().command {
        Command::Keygen(arguments) => keygen::run(arguments),
        Command::Sign(arguments) => sign::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Provision(arguments) => provision::run(arguments),
        Command::Flash(arguments) => flash::run(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::Push(arguments) => push::run(arguments),
        Command::Status(arguments) => status::run(arguments),
        Command::Confirm(arguments) => confirm::run(arguments),
        Command::Rollback(arguments) => rollback::run(arguments),
        Command::Reset(arguments) => reset::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, why, and what to do next.
fn report(error: &Error) {
    eprintln!("error: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        eprintln!("  because: {error}");
        source = error.source();
    }
    if let Some(help) = error.help() {
        eprintln!("  help: {help}");
    }
}
