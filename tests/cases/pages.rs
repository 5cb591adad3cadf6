//! What the pages of this repository say of the command `lifeboot`, held against the command.

use crate::terminal::lifeboot;
use lifeboot_tests::product;
use std::collections::BTreeMap;
use std::fs;

/// The pages with lines to type. The guide's are typed by a test of its own.
const PAGES: [&str; 6] = [
    "README.md",
    "tests/README.md",
    "updater/README.md",
    "bootloader/src/chip/nrf51/README.md",
    "bootloader/src/chip/rp2040/README.md",
    "bootloader/src/chip/stm32f4/README.md",
];

fn page(name: &str) -> String {
    fs::read_to_string(product::root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn help(command: &[&str]) -> String {
    let output = lifeboot(&[command, &["--help"]].concat()).output().unwrap();
    assert!(output.status.success(), "there is no lifeboot {}", command.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// Each command, and what its help says first.
fn commands() -> BTreeMap<String, String> {
    let help = help(&[]);
    let list = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in list.lines() {
        match line.trim_start().split_once("  ") {
            // A name stands two spaces in; what is further in goes on with the last one.
            Some((name, about)) if !line.starts_with("   ") => commands.push((name.into(), about.trim().into())),
            _ => commands.last_mut().unwrap().1 += &format!(" {}", line.trim()),
        }
    }
    commands.into_iter().filter(|(name, _)| name != "help").collect()
}

#[test]
fn the_readmes_table_has_each_command_in_the_words_of_its_help() {
    let readme = page("README.md");
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `lifeboot ")?.strip_suffix(" |"));
    let table: BTreeMap<String, String> =
        rows.filter_map(|row| row.split_once("` | ")).map(|(name, about)| (name.into(), about.into())).collect();
    assert_eq!(table, commands());
}

#[test]
fn every_option_on_a_page_is_one_of_its_command() {
    let commands = commands();
    let mut checked = 0;
    for name in PAGES {
        for line in page(name).lines().map(|line| line.trim_start_matches([' ', '$'])) {
            let Some(typed) = line.strip_prefix("lifeboot ") else { continue };
            let words: Vec<&str> = typed.split_whitespace().take_while(|word| *word != "#").collect();
            let Some(command) = words.first().filter(|word| commands.contains_key(**word)) else {
                panic!("{name}: lifeboot has no such command: {line}")
            };
            let help = help(&[command]);
            for option in words.iter().filter(|word| word.starts_with('-')) {
                let known = help.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
                assert!(known.into_iter().any(|word| word == *option), "{name}: {command} has no {option}: {line}");
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} lines were found");
}
