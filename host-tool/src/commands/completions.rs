//! `lifeboot completions`

use crate::error::Error;
use clap::Command;
use clap_complete::{Shell, generate};
use lifeboot_report::Completions;

/// Print a script that completes lifeboot's commands and arguments in a shell
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot completions bash > ~/.local/share/bash-completion/completions/lifeboot
  lifeboot completions zsh > ~/.zfunc/_lifeboot
  lifeboot completions fish > ~/.config/fish/completions/lifeboot.fish")]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the completions of this command line.
pub fn run(arguments: &Arguments, mut command: Command) -> Result<Completions, Error> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut command, "lifeboot", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Ok(Completions { shell: arguments.shell.to_string(), script })
}
