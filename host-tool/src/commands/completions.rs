//! `lifeboot completions`

use crate::error::Error;
use clap::{Command, ValueEnum};
use clap_complete::generate;
use clap_complete_nushell::Nushell;
use lifeboot_report::Completions;

/// Print a script that completes lifeboot's commands and arguments in a shell
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot completions bash > ~/.local/share/bash-completion/completions/lifeboot
  lifeboot completions zsh > ~/.zfunc/_lifeboot
  lifeboot completions fish > ~/.config/fish/completions/lifeboot.fish
  lifeboot completions nushell > ~/.config/nushell/autoload/lifeboot.nu")]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

/// A shell whose completions can be made.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Nushell,
    Powershell,
    Zsh,
}

/// Prints the completions of this command line.
pub fn run(arguments: &Arguments, mut command: Command) -> Result<Completions, Error> {
    let mut script = Vec::new();
    let (name, shell) = ("lifeboot", arguments.shell);
    match shell {
        Shell::Bash => generate(clap_complete::Shell::Bash, &mut command, name, &mut script),
        Shell::Elvish => generate(clap_complete::Shell::Elvish, &mut command, name, &mut script),
        Shell::Fish => generate(clap_complete::Shell::Fish, &mut command, name, &mut script),
        Shell::Nushell => generate(Nushell, &mut command, name, &mut script),
        Shell::Powershell => generate(clap_complete::Shell::PowerShell, &mut command, name, &mut script),
        Shell::Zsh => generate(clap_complete::Shell::Zsh, &mut command, name, &mut script),
    }
    let script = String::from_utf8_lossy(&script).into_owned();
    let shell = shell.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    Ok(Completions { shell, script })
}
