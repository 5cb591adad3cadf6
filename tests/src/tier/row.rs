//! A row of the table that `cargo test-deep` prints: a test that tries many cases fills one in, and prints it as well.
//!
//! The tests run in processes of their own, so rows go through a file.

use serde::{Deserialize, Serialize};
use std::env;
use std::fmt::{self, Write as _};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Instant;

/// The environment variable that names the file that rows are appended to; they are only printed if it is not set.
pub const TABLE: &str = "LIFEBOOT_TEST_TABLE";

/// The content of a row.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    /// What was tried.
    pub what: String,
    /// How many cases of it.
    pub cases: usize,
    /// How many of them failed.
    pub failures: usize,
    /// Seconds that this took.
    pub seconds: f64,
    /// Whether all cases were tried; a test that panicked earlier has not counted them.
    pub is_complete: bool,
}

/// A row that is being filled in. If it is dropped before its end, the row says so.
#[must_use]
pub struct Row {
    entry: Entry,
    begun: Instant,
}

impl Row {
    /// Begins a row, and its time.
    pub fn begin(what: impl Into<String>) -> Self {
        let what = what.into() + if cfg!(feature = "compact") { ", compact verifier" } else { "" };
        let entry = Entry { what, cases: 0, failures: 0, seconds: 0.0, is_complete: false };
        Row { entry, begun: Instant::now() }
    }

    /// Ends the row: all cases were tried, and so many of them failed.
    pub fn end(mut self, cases: usize, failures: usize) {
        self.entry =
            Entry { cases, failures, is_complete: true, what: std::mem::take(&mut self.entry.what), ..self.entry };
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        self.entry.seconds = self.begun.elapsed().as_secs_f64();
        println!("{}", self.entry);
        if let Some(path) = env::var_os(TABLE) {
            let line = serde_json::to_string(&self.entry).expect("an entry has nothing that JSON lacks") + "\n";
            let file = OpenOptions::new().create(true).append(true).open(&path);
            // One write, so that rows of several processes do not mix.
            file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the table can be written");
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { what, cases, failures, seconds, is_complete } = self;
        match is_complete {
            true => write!(f, "{what}: {cases} cases, {failures} failures, {seconds:.1} s"),
            false => write!(f, "{what}: failed before its end, after {seconds:.1} s"),
        }
    }
}

/// Rows as one table.
pub fn table(entries: &[Entry]) -> String {
    let what = entries.iter().map(|entry| entry.what.chars().count()).max().unwrap_or_default().max("what".len());
    let mut table = String::new();
    let mut line = |cells: [&str; 4]| {
        let [first, rest @ ..] = cells;
        let [cases, failures, time] = rest;
        let _ = writeln!(table, "{first:what$}  {cases:>10}  {failures:>10}  {time:>10}");
    };
    line(["what", "cases", "failures", "time"]);
    for Entry { what, cases, failures, seconds, is_complete } in entries {
        let (cases, failures) = match is_complete {
            true => (cases.to_string(), failures.to_string()),
            false => ("?".to_owned(), "stopped".to_owned()),
        };
        line([what, &cases, &failures, &format!("{seconds:.0} s")]);
    }
    table
}
