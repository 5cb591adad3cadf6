//! Keys whose text is given where the name of a file is wanted, as a CI's secret easily is. Invariant: such a value is
//! refused before anything can show it, clap's own errors and help included.

use crate::error::Error;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use lifeboot_artifact::keys::is_text_of_key;
use std::any::TypeId;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// What the values of these arguments are called, which may have several lines.
const TEXTS: [&str; 4] = ["COMMAND", "TEXT", "REASON", "CARGO BUILD ARGUMENTS"];

/// What the text of a key begins with.
const BEGIN: &str = "-----BEGIN";

/// Returns an argument, with a variable's value left out of the help if that must not be shown.
pub fn hidden(argument: Arg) -> Arg {
    match variable(&argument) {
        Some((_, value)) if is_text_of_key(&value) => argument.hide_env_values(true),
        _ => argument,
    }
}

/// Returns the error for a command line that was understood, if one of its values is the text of a key.
pub fn refused(command: &Command, matches: &ArgMatches) -> Option<Error> {
    let (mut command, mut matches) = (command, matches);
    loop {
        if let Some(error) = command.get_arguments().find_map(|argument| refused_value(argument, matches)) {
            return Some(error);
        }
        let (name, within) = matches.subcommand()?;
        (command, matches) = (command.find_subcommand(name)?, within);
    }
}

fn refused_value(argument: &Arg, matches: &ArgMatches) -> Option<Error> {
    let id = argument.get_id().as_str();
    let source = matches.try_contains_id(id).ok().and_then(|_| matches.value_source(id))?;
    let values = matches.try_get_raw(id).ok()??;
    let is_text = argument.get_value_names().into_iter().flatten().any(|name| TEXTS.contains(&name.as_str()));
    // Several values of one variable are separated by commas, which no key has.
    let mut values = values.map(OsStr::to_string_lossy);
    let wrong = values.find(|value| if is_text { value.contains(BEGIN) } else { is_text_of_key(value) })?;
    Some(match (source, argument.get_env().and_then(OsStr::to_str)) {
        (ValueSource::EnvVariable, Some(variable)) => in_variable(variable, argument, &wrong),
        _ => Error::KeyInArgument { argument: flag(argument), holds: holds(&wrong), wanted: wanted(argument) },
    })
}

/// Returns the error to show instead of clap's, if that shows the text of a key.
pub fn refused_instead(command: &Command, error: &clap::Error) -> Option<Error> {
    let shown = error.render().to_string();
    let is_shown =
        |value: &str| is_text_of_key(value) && value.lines().any(|line| line.len() > 3 && shown.contains(line));
    let arguments: Vec<_> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    if let Some(at) = arguments.iter().position(|argument| is_shown(argument)) {
        let before = arguments[..at].last().filter(|before| before.starts_with('-') && !is_text_of_key(before));
        let own = arguments[at].split_once('=').map(|(name, _)| name.to_owned());
        let own = own.filter(|name| name.starts_with('-') && !is_text_of_key(name));
        return Some(in_argument(own.or(before.cloned()), &arguments[at]));
    }
    of_variables(command, &is_shown).or_else(|| {
        // Not reached by a value that is known here; it is not shown either way.
        shown.contains(BEGIN).then(|| in_argument(None, BEGIN))
    })
}

/// Returns the error for the first variable with such a value.
fn of_variables(command: &Command, is_shown: &dyn Fn(&str) -> bool) -> Option<Error> {
    let wrong = |argument: &Arg| {
        let (name, value) = variable(argument)?;
        is_shown(&value).then(|| in_variable(&name, argument, &value))
    };
    let own = command.get_arguments().find_map(wrong);
    own.or_else(|| command.get_subcommands().find_map(|command| of_variables(command, is_shown)))
}

fn in_variable(variable: &str, argument: &Arg, value: &str) -> Error {
    let (flag, holds, wanted) = (flag(argument), holds(value), wanted(argument));
    Error::KeyInVariable { variable: variable.to_owned(), flag, holds, wanted }
}

/// Returns the error for an argument that was not understood, so that only its name is known, if that.
fn in_argument(name: Option<String>, value: &str) -> Error {
    let argument = name.unwrap_or_else(|| "an argument".to_owned());
    Error::KeyInArgument { argument, holds: holds(value), wanted: "the name of a file, or another value of one line" }
}

fn holds(value: &str) -> &'static str {
    if value.contains(BEGIN) { "the key itself" } else { "several lines" }
}

fn wanted(argument: &Arg) -> &'static str {
    match argument.get_value_parser().type_id() == TypeId::of::<PathBuf>() {
        true => "the name of a file",
        false => "a value of one line",
    }
}

/// Returns the variable that an argument takes its value from, if it is set, with its value.
fn variable(argument: &Arg) -> Option<(String, String)> {
    let name = argument.get_env()?;
    let value: OsString = std::env::var_os(name)?;
    Some((name.to_str()?.to_owned(), value.to_string_lossy().into_owned()))
}

/// Returns an argument as a user writes it.
fn flag(argument: &Arg) -> String {
    match (argument.get_long(), argument.get_value_names()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some([name, ..])) => name.to_string(),
        (None, _) => argument.get_id().to_string(),
    }
}
