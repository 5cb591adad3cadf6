//! The whole command line: the rules that every command's help, manual page and completions must follow.

use super::leaves;
use crate::arguments::Arguments;
use clap::{Command, CommandFactory};
use lifeboot_project::settings::SETTINGS;
use std::collections::BTreeSet;

/// Returns every command, built, without the one that prints help; of a command with commands of its own, these.
fn commands() -> Vec<(String, Command)> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command = command.mut_subcommands(|command| command.disable_help_subcommand(true));
    command.build();
    leaves(&command).into_iter().map(|(name, command)| (name, command.clone())).collect()
}

#[test]
fn clap_finds_nothing_wrong() {
    Arguments::command().debug_assert();
}

#[test]
fn every_command_has_examples_that_its_parser_takes() {
    for (name, command) in commands() {
        let help = command.get_after_help().map(|help| help.to_string()).unwrap_or_default();
        assert!(help.starts_with("Examples:\n"), "{name}'s help ends without examples");
        let prefix = format!("lifeboot {name}");
        let mut count = 0;
        // Lines of other commands only show context; what follows a redirection or a pipe belongs to the shell.
        for line in help.lines().map(str::trim).filter(|line| line.starts_with("lifeboot ")) {
            let words = words(line);
            let words = words.iter().take_while(|word| ![">", "|", "#"].contains(&word.as_str()));
            Arguments::command().try_get_matches_from(words).unwrap_or_else(|error| panic!("{line}\n{error}"));
            count += usize::from(line == prefix || line.starts_with(&(prefix.clone() + " ")));
        }
        assert!(count > 0, "{name}'s examples do not show {name}");
    }
}

/// Splits a line into words, as a shell does: quotes keep words together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.chars() {
        match letter {
            '"' | '\'' if quote.is_none() => quote = Some(letter),
            letter if quote == Some(letter) => quote = None,
            ' ' if quote.is_none() => words.push(String::new()),
            letter => words.last_mut().expect("there is always one").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_line_of_help_fits_a_hundred_columns() {
    for (name, mut command) in commands() {
        let help = command.render_long_help().to_string();
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
        }
    }
}

#[test]
fn every_argument_says_what_it_is() {
    for (name, command) in commands() {
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name} {}", argument.get_id());
        }
    }
}

#[test]
fn every_setting_has_a_variable_that_a_command_takes_and_the_other_way_round() {
    let commands = commands();
    let arguments = commands.iter().flat_map(|(_, command)| command.get_arguments());
    let variables = arguments.filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned()));
    let settings = SETTINGS.iter().map(|setting| setting.variable());
    assert_eq!(variables.collect::<BTreeSet<_>>(), settings.collect());
}
