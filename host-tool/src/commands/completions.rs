//! `lifeboot completions`

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use lifeboot_host_tool::Error;
use lifeboot_host_tool::report::Completions;

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

pub fn run(arguments: &Arguments) -> Result<Completions, Error> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut crate::Arguments::command(), "lifeboot", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Ok(Completions { shell: arguments.shell.to_string(), script })
}
