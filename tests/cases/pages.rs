//! What the pages of this repository say of the command `lifeboot`, held against the command; and the tests that they name,
//! against the tests.

use crate::terminal::lifeboot;
use lifeboot_tests::product;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

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

/// The functions and modules of tests under a folder.
fn tests_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(path.file_name().map(|name| name.display().to_string()));
            tests_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(path.file_stem().map(|name| name.display().to_string()));
            let source = fs::read_to_string(&path).unwrap();
            let is_test = |lines: &[&str; 2]| lines[0].trim_start().starts_with("#[");
            let lines: Vec<&str> = source.lines().collect();
            let functions = lines.array_windows().filter(|lines| is_test(lines));
            let name = |line: &str| Some(line.trim_start().strip_prefix("fn ")?.split('(').next()?.to_owned());
            found.extend(functions.filter_map(|[_, line]| name(line)));
        }
    }
}

#[test]
fn every_test_that_the_page_on_security_names_is_there() {
    let mut tests = BTreeSet::new();
    for folder in ["tests/cases", "host-tool/tests", "bootloader/core/src", "updater"] {
        tests_in(&product::root().join(folder), &mut tests);
    }
    let page = page("SECURITY.md");
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let mut checked = 0;
    for row in rows {
        let last = row.trim_end_matches([' ', '|']).rsplit("| ").next().unwrap();
        for name in last.split('`').skip(1).step_by(2) {
            let known = name.split("::").all(|part| tests.contains(part));
            assert!(known, "SECURITY.md names a test that there is not: {name}");
            checked += 1;
        }
    }
    assert!(checked > 15, "only {checked} tests were found");
}
