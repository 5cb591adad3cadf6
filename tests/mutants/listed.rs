//! All mutants that cargo-mutants lists of core and updater: each is caught by a test, or accepted for a reason.
//!
//! cargo-mutants itself builds once a mutant: ten hours and more. Here its list is put into one build, as the seeded bugs
//! are (`seed.rs`), and the tests run once a mutant: those of the mutant's own file first (`order.rs`), up to the first
//! failure. What does not compile is found by what the compiler says, and left out (`viable.rs`). What no test catches
//! must be in the list of `accepted.rs`, and that must hold nothing else. `caught.json` says which test to begin with; `LIFEBOOT_BLESS=1`
//! writes it, also while the run goes on.
//!
//! `LIFEBOOT_MUTANTS=updater/src/session.rs,updater/wire` tries the mutants of the files only whose paths begin so.

mod accepted;
mod caught;
mod list;
mod order;
mod viable;

use crate::build::Build;
use crate::run::{Conditions, Part, Run, run_one, run_part};
use crate::suite::{Binary, Suite};
use accepted::accepted;
use anyhow::Result;
use caught::{Caught, CaughtBy};
use lifeboot_tests::tier::Row;
use list::Mutant;
use order::Turn;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::{env, thread};
use viable::Viable;

/// Environment variable: how the paths of the files begin whose mutants are tried, separated by commas.
const FILES: &str = "LIFEBOOT_MUTANTS";

#[test]
fn every_mutant_that_cargo_mutants_lists_is_caught_or_accepted() {
    let row = Row::begin("mutants of core and updater that cargo-mutants lists");
    let files = env::var(FILES).unwrap_or_default();
    let mutants = list::mutants().unwrap();
    let is_chosen = |file: &str| files.split(',').any(|beginning| file.starts_with(beginning));
    assert!(mutants.iter().any(|mutant| is_chosen(&mutant.file)), "no file begins with {files}");
    let Viable { build, left_out } = viable::build(&mutants).unwrap();
    let mut reasons = BTreeMap::<_, usize>::new();
    left_out.values().for_each(|reason| *reasons.entry(reason).or_default() += 1);
    println!("{} mutants are listed; not run: {reasons:?}", mutants.len());

    let caught_by = CaughtBy::read(&mutants).unwrap();
    let numbers =
        (0..mutants.len()).filter(|number| !left_out.contains_key(number) && is_chosen(&mutants[*number].file));
    let mut runs: Vec<_> = numbers.map(|number| (number, Run::NOTHING)).collect();
    for turn in Turn::ALL {
        for part in turn.all_parts() {
            let (_, run) = run_parts(&build, None, turn, &[part]).unwrap();
            println!("{turn:?}: no mutant, {part:?}: {:.1} s", run.time.as_secs_f32());
            assert_eq!((run.failure, run.reached), (None, false), "{part:?}");
        }
        runs = run_all(&build, &mutants, runs, turn, &caught_by);
    }
    caught_by.end().unwrap();

    let (mut survivors, mut caught_though_accepted) = (Vec::new(), Vec::new());
    for (number, run) in &runs {
        let mutant = &mutants[*number];
        match (run.failure.is_none() || !run.reached, accepted().any(|entry| entry.is_of(mutant))) {
            (true, false) => survivors.push(described(mutant, run)),
            (false, true) => caught_though_accepted.push(described(mutant, run)),
            _ => {}
        }
    }
    let is_run = |mutant: &Mutant| runs.iter().any(|(number, _)| std::ptr::eq(&mutants[*number], mutant));
    let unknown: Vec<_> = accepted()
        .filter(|entry| is_chosen(entry.file))
        .filter(|entry| !mutants.iter().any(|mutant| entry.is_of(mutant) && is_run(mutant)))
        .collect();
    row.end(runs.len(), survivors.len());
    assert!(survivors.is_empty(), "{} are neither caught nor accepted:\n{}", survivors.len(), survivors.join("\n"));
    assert!(caught_though_accepted.is_empty(), "accepted, but caught:\n{}", caught_though_accepted.join("\n"));
    assert!(unknown.is_empty(), "accepted, but not run: {unknown:#?}");
}

/// Runs the mutants that were not caught yet, as many at a time as there are cores.
fn run_all(
    build: &Build,
    mutants: &[Mutant],
    runs: Vec<(usize, Run)>,
    turn: Turn,
    caught_by: &CaughtBy,
) -> Vec<(usize, Run)> {
    let left = Mutex::new(runs.into_iter());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut done = Vec::new();
        while let Some((number, mut run)) = next() {
            let mutant = &mutants[number];
            // One that is accepted does the same as the sources: minutes of the slow tests would only say so again.
            let is_spared = turn == Turn::Slow && accepted().any(|entry| entry.is_of(mutant));
            let first = caught_by.of(mutant).filter(|_| turn == Turn::Own);
            if let Some(first) = first {
                run = run.and(run_first(build, number, first).unwrap());
            }
            if run.failure.is_none() && !is_spared {
                let (binary, more) = run_parts(build, Some(number), turn, &turn.parts(&mutant.file)).unwrap();
                run = run.and(more);
                // What does not end is found by a suite's patience, which is shorter than a test's.
                if let Some(test) = run.test().filter(|_| run.reached && !run.is_endless()) {
                    caught_by.note(mutant, Caught { binary, test: test.to_owned() }).unwrap();
                }
                println!("{turn:?}: {}", described(mutant, &run));
            }
            done.push((number, run));
        }
        done
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

/// Runs the test that caught a mutant last time.
fn run_first(build: &Build, number: usize, first: &Caught) -> Result<Run> {
    let notes = build.folder.join("target/runs").join(number.to_string());
    // Any that waits and computes for as long as the slowest may.
    let conditions =
        Conditions { bug: Some(number), copy: &build.folder, notes: &notes, endless: Suite::Life.endless() };
    let binary = Binary::ALL.into_iter().find(|binary| binary.name() == first.binary);
    run_one(build.executable(binary.expect("it was read as one of them"))?, &first.test, &conditions)
}

/// Runs parts of suites up to what fails first; returns the binary of that, too.
fn run_parts(build: &Build, bug: Option<usize>, turn: Turn, parts: &[(Suite, Part)]) -> Result<(&'static str, Run)> {
    let name = bug.map_or_else(|| "none".to_owned(), |number| number.to_string());
    let notes = build.folder.join("target/runs").join(name);
    let (mut all, mut binary) = (Run::NOTHING, "");
    for (suite, part) in parts.iter().copied() {
        let conditions = Conditions { bug, copy: &build.folder, notes: &notes, endless: turn.endless(suite) };
        all = all.and(run_part(build.executable(suite.binary())?, suite, part, &conditions)?);
        binary = suite.binary().name();
        if all.failure.is_some() {
            break;
        }
    }
    Ok((binary, all))
}

/// A line about a mutant.
fn described(mutant: &Mutant, run: &Run) -> String {
    let Mutant { file, what, line, .. } = mutant;
    let reached = if run.reached { "" } else { "not reached; " };
    let failure = run.failure.as_deref().unwrap_or("nothing fails");
    format!("{file}: {what}: `{line}`  {:.1} s  {reached}{failure}", run.time.as_secs_f32())
}
