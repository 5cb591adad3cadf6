//! Seeded bugs, in a copy of the sources: the tests must catch each. So the bugs cannot reach what is released: nothing of
//! them stands in the sources.
//!
//! All of them are built at once. Each is a branch of the function that it changes (`seed.rs`), off unless a number in the
//! environment turns it on; the test binaries then run once a bug, several at a time, up to the first failure. A bug is
//! caught if a test fails *and* the code with the bug was executed.
//!
//! What only runs in a bootloader is built once a bug instead (`rebuild.rs`), with the feature `deep`; and so that not only
//! bugs are caught that somebody thought of, that tier tries what cargo-mutants lists as well (`listed.rs`).
//!
//! With the feature `compact` the copy has the compact verifier; the deep tier runs both.
//!
//! `cargo test-seeded -- --nocapture` prints which test caught which bug first.

#![cfg_attr(
    not(all(feature = "deep", not(feature = "compact"))),
    expect(dead_code, reason = "the deep tier tries all mutants, in more suites")
)]

mod bug;
mod bugs;
mod build;
mod copy;
mod first;
// Of the default verifier's build.
#[cfg(all(feature = "deep", not(feature = "compact")))]
mod listed;
#[cfg(feature = "deep")]
mod rebuild;
mod run;
mod seed;
#[expect(dead_code, reason = "called in the copy only")]
mod seeded;
mod suite;

use crate::bug::Bug;
use bugs::bugs;
use build::Build;
use first::FirstTests;
use run::{Run, check_names, listed, run};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use suite::{Binary, Suite};

/// What runs: a suite, with a bug on or with none.
#[derive(Clone, Copy)]
struct Job {
    suite: Suite,
    bug: Option<(usize, &'static Bug)>,
}

/// What became of each: the suites without a bug, then the bugs.
static RUNS: LazyLock<Vec<(Job, Run)>> = LazyLock::new(|| {
    let on_host: Vec<_> = bugs().enumerate().filter(|(_, bug)| Suite::ON_HOST.contains(&bug.suite)).collect();
    let build = Build::with(&on_host).unwrap();
    let without = Suite::ON_HOST.map(|suite| Job { suite, bug: None });
    let with = on_host.into_iter().map(|(number, bug)| Job { suite: bug.suite, bug: Some((number, bug)) });
    run_all(&build, without.into_iter().chain(with).collect())
});

/// Runs them, as many at a time as there are cores.
fn run_all(build: &Build, jobs: Vec<Job>) -> Vec<(Job, Run)> {
    for job in jobs.iter().filter(|job| job.bug.is_none()) {
        check_names(build.executable(job.suite.binary()).unwrap(), job.suite).unwrap();
    }
    let first = FirstTests::read().unwrap();
    let list = |binary: Binary| (binary.name(), listed(build.executable(binary).unwrap()).unwrap());
    let names = BTreeMap::from(Binary::OF_BUGS.map(list));
    // A test that is no more is none to begin with.
    let first_of = |job: &Job| {
        let test = first.of(job.bug?.1.name)?;
        names[job.suite.binary().name()].iter().find(|name| *name == test).map(String::as_str)
    };
    let left = Mutex::new(jobs.into_iter().enumerate());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut done = Vec::new();
        while let Some((place, job)) = next() {
            let notes = build.folder.join("target/runs").join(place.to_string());
            let executable = build.executable(job.suite.binary()).unwrap();
            let number = job.bug.map(|(number, _)| number);
            let run = run(executable, job.suite, first_of(&job), number, &build.folder, &notes).unwrap();
            print(job.bug.map(|(_, bug)| bug), job.suite, &run);
            done.push((place, job, run));
        }
        done
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    done.sort_by_key(|(place, ..)| *place);
    let caught = done.iter().filter_map(|(_, job, run)| Some((job.bug?.1.name, run.test()?)));
    first.compare(caught).unwrap();
    done.into_iter().map(|(_, job, run)| (job, run)).collect()
}

fn print(bug: Option<&Bug>, suite: Suite, run: &Run) {
    let what = bug.map_or_else(|| format!("no bug, {suite:?}"), |bug| bug.name.to_owned());
    let reached =
        if run.reached || bug.is_none_or(|bug| !Suite::ON_HOST.contains(&bug.suite)) { "" } else { "not reached; " };
    println!(
        "{what:76} {:5.1} s  {reached}{}",
        run.time.as_secs_f32(),
        run.failure.as_deref().unwrap_or("nothing fails")
    );
}

#[test]
fn every_seeded_bug_is_reached_and_caught() {
    let bugs = RUNS.iter().filter_map(|(job, run)| Some((job.bug?.1, run)));
    let survivors: Vec<_> = bugs.filter(|(_, run)| !run.reached || run.failure.is_none()).collect();
    assert!(survivors.is_empty(), "not caught: {survivors:#?}");
}

/// Without a bug, the same tests pass: what catches a bug does not fail anyway.
#[test]
fn the_sources_as_they_are_pass() {
    for (job, run) in RUNS.iter().filter(|(job, _)| job.bug.is_none()) {
        assert_eq!((&run.failure, run.reached), (&None, false), "{:?}", job.suite);
    }
}

/// What only runs in a bootloader, and the tests that boot one.
#[cfg(feature = "deep")]
#[test]
fn every_bug_that_is_built_into_a_bootloader_is_caught() {
    let rebuild = rebuild::Rebuild::new().unwrap();
    for suite in Suite::REBUILT {
        let run = rebuild.run(suite, None).unwrap();
        print(None, suite, &run);
        assert_eq!(run.failure, None, "{suite:?}");
    }
    let mut survivors = Vec::new();
    for bug in bugs().filter(|bug| Suite::REBUILT.contains(&bug.suite)) {
        let run = rebuild.run(bug.suite, Some(bug)).unwrap();
        print(Some(bug), bug.suite, &run);
        if run.failure.is_none() {
            survivors.push(bug.name);
        }
    }
    assert!(survivors.is_empty(), "not caught: {survivors:?}");
}
