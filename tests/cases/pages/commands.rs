//! The pages' statements about the command `lifeboot`, compared with the command. `docs/commands.md` is written and
//! checked by a test of the command itself, `host-tool/src/command_line/reference.rs`.

use super::{page, pages};
use crate::terminal::lifeboot;

fn help(command: &[&str]) -> String {
    let output = lifeboot(&[command, &["--help"]].concat()).output().unwrap();
    assert!(output.status.success(), "there is no lifeboot {}", command.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// The names of each command that does something: one, or two if it is a command of a command.
fn commands() -> Vec<Vec<String>> {
    let within = |command: &[&str]| -> Vec<String> {
        let help = help(command);
        let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
        let list = list.split_once("\n\n").unwrap().0;
        // A name is indented by two spaces; what is indented further continues the line above.
        let lines = list.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
        lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
    };
    let mut all = Vec::new();
    for name in within(&[]) {
        match within(&[&name]) {
            inner if inner.is_empty() => all.push(vec![name]),
            inner => all.extend(inner.into_iter().map(|inner| vec![name.clone(), inner])),
        }
    }
    all
}

fn as_words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

#[test]
fn every_option_on_a_page_is_one_of_its_command() {
    let commands = commands();
    let mut checked = 0;
    for name in pages() {
        for line in page(name.to_str().unwrap()).lines().map(|line| line.trim_start_matches([' ', '$'])) {
            let Some(typed) = line.strip_prefix("lifeboot ") else { continue };
            let name = name.display();
            let words: Vec<&str> =
                typed.split_whitespace().take_while(|word| !["#", "|", ">"].contains(word)).collect();
            let Some(command) = commands.iter().find(|command| words.starts_with(&as_words(command))) else {
                panic!("{name}: lifeboot has no such command: {line}")
            };
            let help = help(&as_words(command));
            for option in words.iter().filter(|word| word.starts_with('-')) {
                let known = help.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
                assert!(known.into_iter().any(|word| word == *option), "{name}: {command:?} has no {option}: {line}");
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} lines were found");
}

#[test]
fn the_reference_has_each_command_and_each_option_of_its_help() {
    let reference = page("docs/commands.md");
    let for_all = reference.split("\n## lifeboot ").next().unwrap_or_default();
    for command in commands() {
        let (words, command) = (as_words(&command), command.join(" "));
        let heading = format!("\n## lifeboot {command}\n");
        let section = reference.split_once(&heading).unwrap_or_else(|| panic!("no {command} in docs/commands.md")).1;
        let section = section.split("\n## ").next().unwrap_or_default();
        let help = help(&words);
        let words = help.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
        for option in words.filter(|word| word.len() > 2 && word.starts_with("--") && *word != "--help") {
            assert!(section.contains(option) || for_all.contains(&format!("`{option}`")), "{command} {option}");
        }
    }
}
