//! The commands of the command line.

use crate::command_line::settings_help;
#[cfg(unix)]
use crate::commands::gateway;
use crate::commands::{
    activate, bootloader, cancel, completions, confirm, diff, discover, doctor, flash, inspect, keygen, keys, man, map,
    monitor, new, ports, provision, push, reset, rollback, rollout, run, sign, status, watch,
};
use clap::{Parser, Subcommand};

/// A/B firmware updates with rollback for Cortex-M.
#[derive(Parser)]
#[command(name = "lifeboot", version, max_term_width = 100, after_long_help = settings_help())]
pub struct Arguments {
    #[command(subcommand)]
    /// The command, with its own arguments.
    pub command: Command,
    /// Print for a program: every line on stdout is a JSON object, the last one the result or the error
    #[arg(long, global = true)]
    pub json: bool,
    /// Print no progress and no waiting, only warnings, the result and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Also print on stderr what passes over the line to a device
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// The commands; each has a file in `commands/`.
#[derive(Subcommand)]
pub enum Command {
    New(new::Arguments),
    Keygen(keygen::Arguments),
    Sign(sign::Arguments),
    Inspect(inspect::Arguments),
    Diff(diff::Arguments),
    Doctor(doctor::Arguments),
    Bootloader(bootloader::Arguments),
    Provision(provision::Arguments),
    Flash(flash::Arguments),
    Run(run::Arguments),
    Push(push::Arguments),
    Activate(activate::Arguments),
    Monitor(monitor::Arguments),
    Watch(watch::Arguments),
    Map(map::Arguments),
    Ports(ports::Arguments),
    Status(status::Arguments),
    Keys(keys::Arguments),
    Confirm(confirm::Arguments),
    Cancel(cancel::Arguments),
    Rollback(rollback::Arguments),
    Rollout(rollout::Arguments),
    Devices(discover::Arguments),
    #[cfg(unix)]
    Gateway(gateway::Arguments),
    Reset(reset::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}
