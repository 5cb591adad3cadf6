//! Parses the command line, with the values in `lifeboot.toml` as defaults: the only place where flags, environment and
//! file are combined.
//! An argument with an environment variable `LIFEBOOT_X` takes the file's setting `x` as its default. So a flag
//! overrides the environment, the environment overrides the file, and `--help` shows the file's values.

mod key_texts;

use crate::error::Error;
use crate::output::{self, Output};
use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Parser};
use lifeboot_project::environment::variable as variable_of_process;
use lifeboot_project::settings::{FILE, SETTINGS, Settings, SettingsError};
use lifeboot_report::{Failure, FailureDetails};
use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

/// Returns the arguments of this process; or its exit code, if everything has been printed already.
pub fn parse<A: Parser>() -> Result<A, ExitCode> {
    let settings = std::env::current_dir().map_or(Ok(Settings::default()), |folder| Settings::of_project(&folder));
    let none = Settings::default();
    let known = settings.as_ref().unwrap_or(&none);
    let command = each(with_settings(A::command(), known), &key_texts::hidden);
    let matches = without_empty_variables(command.clone()).try_get_matches();
    if let Some(path) = matches.as_ref().ok().and_then(|matches| obeyed(&command, matches, known)) {
        output::note(format_args!("settings from {}", path.display()));
    }
    let key_text = matches.as_ref().ok().and_then(|matches| key_texts::refused(&command, matches));
    // The doctor reports a broken file among its other findings.
    let is_doctor = matches.as_ref().is_ok_and(|matches| matches.subcommand_name() == Some("doctor"));
    let parsed = matches.and_then(|mut matches| A::from_arg_matches_mut(&mut matches));
    let output = Output::new(std::env::args_os().any(|argument| argument == "--json"));
    if let Some(error) = key_text {
        output.end(Err::<Failure, Error>(error));
        return Err(ExitCode::from(2));
    }
    match (parsed, settings) {
        // Help is always shown, even if the file is broken.
        (Err(error), _) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let _ = error.print();
            Err(ExitCode::SUCCESS)
        }
        (Ok(arguments), Err(_)) if is_doctor => Ok(arguments),
        (_, Err(error)) => Err(output.end(Err::<Failure, Error>(error.into()))),
        (Err(error), Ok(settings)) => {
            let refused = key_texts::refused_instead(&command, &error);
            match refused.or_else(|| of_file(&command, &error, &settings)) {
                Some(refused) => output.end(Err::<Failure, Error>(refused)),
                None => {
                    output.fail(&failure(&error));
                    let _ = error.print();
                    ExitCode::FAILURE
                }
            };
            Err(ExitCode::from(2))
        }
        (Ok(arguments), Ok(_)) => Ok(arguments),
    }
}

/// Returns the error to show instead of clap's for a value that comes from the file: it says where that is.
fn of_file(command: &Command, error: &clap::Error, settings: &Settings) -> Option<Error> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (shown, value) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
    let reason = std::error::Error::source(error)?.to_string();
    let flag = shown.split([' ', '=']).next()?.strip_prefix("--")?;
    let is_meant = |argument: &Arg| {
        let variable = argument.get_env().and_then(OsStr::to_str).filter(|_| argument.get_long() == Some(flag))?;
        // What is in the environment counts before the file.
        let is_of_file = variable_of_process(variable).is_none() && settings.of_variable(variable) == Some(value);
        is_of_file.then(|| settings.wrong_value(variable, &reason)).flatten()
    };
    let own = command.get_arguments().find_map(is_meant).map(|wrong| SettingsError::from(wrong).into());
    own.or_else(|| command.get_subcommands().find_map(|command| of_file(command, error, settings)))
}

/// Returns the command line with the file's values as defaults.
fn with_settings(command: Command, settings: &Settings) -> Command {
    let with_default = |argument: Arg| {
        let variable = argument.get_env().and_then(|name| name.to_str()).map(str::to_owned);
        match variable.and_then(|variable| settings.of_variable(&variable).map(str::to_owned)) {
            Some(value) => argument.default_value(value).required(false),
            None => argument,
        }
    };
    each(command, &with_default)
}

/// Returns the command line, with empty environment variables as if they were not set.
fn without_empty_variables(command: Command) -> Command {
    let without = |argument: Arg| match argument.get_env().map(std::env::var_os) {
        Some(Some(value)) if value.is_empty() => argument.env(Resettable::Reset),
        _ => argument,
    };
    each(command, &without)
}

/// Changes the arguments of all subcommands, and of theirs.
fn each(command: Command, change: &dyn Fn(Arg) -> Arg) -> Command {
    command.mut_subcommands(|command| each(command.mut_args(change), change))
}

/// Returns the settings' file if it is in a folder above, where it is easily overlooked, and decides an argument.
fn obeyed<'a>(command: &Command, matches: &ArgMatches, settings: &'a Settings) -> Option<&'a Path> {
    let path = settings.path().filter(|path| *path != Path::new(FILE))?;
    let (mut command, mut matches) = (command, matches);
    while let Some((name, within)) = matches.subcommand() {
        (command, matches) = (command.find_subcommand(name)?, within);
    }
    let mut arguments = command.get_arguments();
    let is_decided = |argument: &Arg| {
        let variable = argument.get_env().and_then(OsStr::to_str);
        let is_set = variable.is_some_and(|variable| settings.of_variable(variable).is_some());
        is_set && matches.value_source(argument.get_id().as_str()) == Some(ValueSource::DefaultValue)
    };
    arguments.any(is_decided).then_some(path)
}

/// Returns the help text on the settings in `lifeboot.toml`.
pub fn settings_help() -> String {
    let lines = SETTINGS.iter().map(|setting| format!("  {:<11} {}", setting.name, setting.about));
    format!(
        "Settings in {FILE}, here or above, up to the project's root, as NAME = VALUE:\n{}\n\nEach is overridden by its environment \
         variable (port by LIFEBOOT_PORT), and that by its flag.",
        lines.collect::<Vec<_>>().join("\n")
    )
}

/// Returns a command line error as it is reported to a program.
fn failure(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let end = ["\n\nUsage: ", "\n\nFor more information"].iter().filter_map(|end| text.find(end)).min();
    let message = text[..end.unwrap_or(text.len())].trim();
    let message = message.strip_prefix("error: ").unwrap_or(message).to_owned();
    let help = Some("lifeboot COMMAND --help shows a command's arguments".to_owned());
    Failure { error: FailureDetails { message, because: Vec::new(), help } }
}

/// Returns the commands that do something, with their names: of a command with commands of its own, these.
#[cfg(test)]
fn leaves(command: &Command) -> Vec<(String, &Command)> {
    let mut leaves = Vec::new();
    for command in command.get_subcommands() {
        let name = command.get_name().to_owned();
        match self::leaves(command) {
            within if within.is_empty() => leaves.push((name, command)),
            within => leaves.extend(within.into_iter().map(|(inner, command)| (format!("{name} {inner}"), command))),
        }
    }
    leaves
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
