//! The command `lifeboot`: command line, commands, output, and the errors that a command can end with.
//!
//! The crates below do the work of the commands; none of them depends on this one:
//!
//! | crate | does |
//! | --- | --- |
//! | `lifeboot-artifact` | makes images, patches and first flashes from firmware; without I/O |
//! | `lifeboot-client` | talks to a device over any pipe |
//! | `lifeboot-fleet` | rollouts: which of many devices gets an image when |
//! | `lifeboot-gateway` | the service between devices and a fleet server |
//! | `lifeboot-serial` | pipes: serial ports and TCP |
//! | `lifeboot-logs` | decodes and shows what devices log |
//! | `lifeboot-report` | what commands report, for people and as JSON |
//! | `lifeboot-project` | `lifeboot.toml`, key files, watching sources, diagnosing a project |
//! | `lifeboot-probe` | flashes through debug probes; with the cargo feature `probe` |

#![forbid(unsafe_code)]
// The print macros panic if stdout or stderr is closed: `output` does not.
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod command_line;
mod commands;
mod error;
mod output;

pub use error::Error;

use arguments::{Arguments, Command};
use clap::CommandFactory;
use commands::{
    activate, bootloader, cancel, completions, confirm, devices, diff, discover, doctor, flash, inspect, interrupt,
    keygen, keys, man, map, monitor, new, ports, provision, push, reset, rollback, rollout, run, sign, status, watch,
};
use output::Output;
use std::process::ExitCode;

/// Runs the command that this process was started for, and returns its exit code.
pub fn run() -> ExitCode {
    let arguments = match command_line::parse::<Arguments>() {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let output = Output::new(arguments.json).with_volume(arguments.quiet, arguments.verbose);
    output::fit_tables();
    if output.is_json() {
        interrupt::report(output);
    }
    match &arguments.command {
        Command::New(arguments) => output.end(new::run(arguments)),
        Command::Keygen(arguments) => output.end(keygen::run(arguments)),
        Command::Sign(arguments) => output.beside(arguments.stdout_is_taken()).end(sign::run(arguments)),
        Command::Inspect(arguments) => output.judged(inspect::run(arguments, output), inspect::is_good),
        Command::Diff(arguments) => output.end(diff::run(arguments)),
        Command::Doctor(arguments) => output.judged(doctor::run(arguments), doctor::is_good),
        Command::Bootloader(arguments) => {
            output.beside(arguments.stdout_is_taken()).end(bootloader::run(arguments, output))
        }
        Command::Provision(arguments) => output.beside(arguments.stdout_is_taken()).end(provision::run(arguments)),
        Command::Flash(arguments) => output.end(flash::run(arguments)),
        Command::Run(arguments) => output.end(run::run(arguments, output)),
        Command::Push(arguments) => output.judged(push::run(arguments, output), devices::is_good),
        Command::Activate(arguments) => output.judged(activate::run(arguments, output), devices::is_good),
        Command::Monitor(arguments) => {
            let output = output.beside(arguments.stdout_is_taken());
            output.end(monitor::run(arguments, output))
        }
        Command::Watch(arguments) => output.end(watch::run(arguments, output)),
        Command::Map(arguments) => output.end(map::run(arguments, output)),
        Command::Ports(arguments) => output.end(ports::run(arguments)),
        Command::Status(arguments) => output.judged(status::run(arguments, output), devices::is_good),
        Command::Keys(arguments) => output.end(keys::run(arguments, output)),
        Command::Confirm(arguments) => output.end(confirm::run(arguments, output)),
        Command::Cancel(arguments) => output.end(cancel::run(arguments, output)),
        Command::Rollback(arguments) => output.end(rollback::run(arguments, output)),
        Command::Rollout(arguments) => {
            output.judged(rollout::run(arguments, output), |report| rollout::is_good(arguments, report))
        }
        #[cfg(unix)]
        Command::Gateway(arguments) => output.end(commands::gateway::run(arguments, output)),
        Command::Devices(arguments) => output.end(discover::run(arguments, output)),
        Command::Reset(arguments) => output.end(reset::run(arguments, output)),
        Command::Completions(arguments) => output.end(completions::run(arguments, Arguments::command())),
        Command::Man(arguments) => output.end(man::run(arguments, Arguments::command())),
    }
}
