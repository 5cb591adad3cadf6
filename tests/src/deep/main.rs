//! `cargo test-deep`: all tests of this package in the deep tier, then those of `cases/` and the seeded bugs again with the compact
//! verifier, and one table of what they tried. Arguments are those of the tests: `cargo test-deep lives::` runs the lives only.

use anyhow::{Context, Result, ensure};
use lifeboot_tests::product;
use lifeboot_tests::tier::{Entry, TABLE, table};
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use std::{env, fs};

/// What cargo does beside the filters that were given.
const TESTS: [&str; 6] = ["test", "--profile", "deep", "--package", "lifeboot-tests", "--no-fail-fast"];

/// And with which verifier: the default one, and the compact one, of which cargo-mutants' list knows nothing.
const RUNS: [&[&str]; 2] =
    [&["--features", "deep"], &["--features", "deep,compact", "--test", "lifeboot", "--test", "mutants"]];

fn main() -> Result<ExitCode> {
    let folder = tempfile::tempdir().context("cannot make a folder for the table: set TMPDIR to a folder of yours")?;
    let path = folder.path().join("table");
    fs::write(&path, "")?;
    let begun = Instant::now();
    let (mut passed, mut failed, mut all_ended_well) = (0, 0, true);
    for run in RUNS {
        let mut cargo = Command::new(env!("CARGO"))
            .args(TESTS)
            .args(run)
            .arg("--")
            .args(env::args_os().skip(1))
            .current_dir(product::root())
            .env(TABLE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run cargo")?;
        for line in BufReader::new(cargo.stdout.take().context("cargo has no output")?).lines() {
            let line = line?;
            println!("{line}");
            passed += usize::from(line.starts_with("test ") && line.ends_with(" ... ok"));
            failed += usize::from(line.starts_with("test ") && line.ends_with(" ... FAILED"));
        }
        all_ended_well &= cargo.wait()?.success();
    }

    let rows = fs::read_to_string(&path)?;
    let mut entries = rows.lines().map(serde_json::from_str).collect::<Result<Vec<Entry>, _>>()?;
    entries.sort_by(|one, other| one.what.cmp(&other.what));
    ensure!(passed + failed > 0 || !all_ended_well, "no test ran: no name fits");
    entries.push(Entry {
        what: "all tests, these among them".to_owned(),
        cases: passed + failed,
        failures: failed,
        seconds: begun.elapsed().as_secs_f64(),
        is_complete: true,
    });
    print!("\n{}", table(&entries));
    Ok(if all_ended_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
