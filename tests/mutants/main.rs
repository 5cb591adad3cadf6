//! Seeded bugs: each is put into a copy of the sources, one at a time, and the tests must catch it. So the bugs cannot
//! reach what is released: nothing of them stands in the sources.
//!
//! `cargo test -p lifeboot-tests --test mutants -- --nocapture` prints which tests caught which bug.

mod bugs;
mod copy;

use bugs::{BUGS, Bug};
use copy::Copy;

#[test]
fn every_seeded_bug_is_caught() {
    let copy = Copy::new().unwrap();
    let caught: Vec<(&Bug, Vec<String>)> = BUGS.iter().map(|bug| (bug, copy.caught(bug).unwrap())).collect();
    for (bug, tests) in &caught {
        let by = tests.first().map_or("NOT CAUGHT", String::as_str);
        println!(
            "{:58} {by}{}",
            bug.name,
            if tests.len() > 1 { format!(" and {} more", tests.len() - 1) } else { String::new() }
        );
    }
    let survivors: Vec<_> = caught.iter().filter(|(_, tests)| tests.is_empty()).map(|(bug, _)| bug.name).collect();
    assert!(survivors.is_empty(), "not caught: {survivors:?}");
}

/// Without a bug, the same tests pass: what catches a bug does not fail anyway.
#[test]
fn the_sources_as_they_are_pass() {
    let copy = Copy::new().unwrap();
    for suite in bugs::Suite::ALL {
        assert_eq!(copy.failures(suite).unwrap(), Vec::<String>::new(), "{suite:?}");
    }
}
