//! Seeded bugs: each is put into a copy of the sources, one at a time, and the tests must catch it. So the bugs cannot
//! reach what is released: nothing of them stands in the sources.
//!
//! `cargo test -p lifeboot-tests --test mutants -- --nocapture` prints which test caught which bug first.

mod bugs;
mod copy;

use bugs::{Suite, bugs};
use copy::Copy;

#[test]
fn every_seeded_bug_is_caught() {
    let copy = Copy::new().unwrap();
    let mut survivors = Vec::new();
    for bug in bugs() {
        let test = copy.caught_by(bug).unwrap();
        println!("{:76} {}", bug.name, test.as_deref().unwrap_or("NOT CAUGHT"));
        if test.is_none() {
            survivors.push(bug.name);
        }
    }
    assert!(survivors.is_empty(), "not caught: {survivors:?}");
}

/// Without a bug, the same tests pass: what catches a bug does not fail anyway.
#[test]
fn the_sources_as_they_are_pass() {
    let copy = Copy::new().unwrap();
    for suite in Suite::ALL.iter().copied() {
        assert_eq!(copy.failure(suite).unwrap(), None, "{suite:?}");
    }
}
