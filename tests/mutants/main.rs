//! Seeded bugs: each is put into a copy of the sources, one at a time, and the tests must catch it. So the bugs cannot
//! reach what is released: nothing of them stands in the sources.
//!
//! `cargo test -p lifeboot-tests --test mutants -- --nocapture` prints which check caught which bug.

mod bugs;
mod copy;

use bugs::{Suite, bugs};
use copy::Copy;

/// Letters of a check's message that are shown.
const SHOWN: usize = 150;

#[test]
fn every_seeded_bug_is_caught() {
    let copy = Copy::new().unwrap();
    let mut survivors = Vec::new();
    for bug in bugs() {
        match &copy.failures_with(bug).unwrap()[..] {
            [] => {
                println!("{:60} NOT CAUGHT", bug.name);
                survivors.push(bug.name);
            }
            [first, others @ ..] => {
                let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
                println!("{:60} {}{more}", bug.name, first.test);
                println!("    {}", first.message.chars().take(SHOWN).collect::<String>());
            }
        }
    }
    assert!(survivors.is_empty(), "not caught: {survivors:?}");
}

/// Without a bug, the same tests pass: what catches a bug does not fail anyway.
#[test]
fn the_sources_as_they_are_pass() {
    let copy = Copy::new().unwrap();
    for suite in Suite::ALL.iter().copied() {
        assert_eq!(copy.failures(suite).unwrap(), [], "{suite:?}");
    }
}
