//! Runs test binaries, and tells how that ended.

use crate::build::{Executable, at_copy};
use crate::first::BLESS;
use crate::seeded::{BUG, REACHED};
use crate::suite::{Endless, Suite};
use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What runs a test binary: one that is left behind, since somebody ended this program, ends by itself in an hour.
const LIMITED: &str = "ulimit -t 3600; exec \"$0\" \"$@\"";

/// A second of a process, as Linux counts it (proc(5), `USER_HZ`).
const TICKS: u64 = 100;

/// The signal that no process sends to itself (signal(7), `SIGKILL`).
const KILL: i32 = 9;

/// What libtest prints behind the name of a test that fails.
const FAILED: &str = " ... FAILED";

/// What became of a suite.
#[derive(Debug)]
pub struct Run {
    /// What was seen to fail first; `None` if all passed.
    pub failure: Option<String>,
    /// Whether the code with the bug was executed.
    pub reached: bool,
    /// How long it computed.
    pub time: Duration,
}

impl Run {
    /// Of no tests.
    pub const NOTHING: Run = Run { failure: None, reached: false, time: Duration::ZERO };

    /// The test that failed first.
    pub fn test(&self) -> Option<&str> {
        self.failure.as_deref()?.split(' ').next()
    }

    /// Whether what failed did not end, or ended the process.
    #[cfg(feature = "deep")]
    pub fn is_endless(&self) -> bool {
        self.failure.as_deref().is_some_and(|failure| failure.contains(' '))
    }

    /// This and then that.
    pub fn and(self, next: Run) -> Run {
        let failure = self.failure.or(next.failure);
        Run { failure, reached: self.reached | next.reached, time: self.time + next.time }
    }
}

/// Runs a suite with a bug on, or with none, up to what fails first; `notes` is a folder of this run's own. What `first` names
/// runs before, alone.
pub fn run(
    executable: &Executable,
    suite: Suite,
    first: Option<&str>,
    bug: Option<usize>,
    copy: &Path,
    notes: &Path,
) -> Result<Run> {
    let on = Conditions { bug, copy, notes, endless: suite.endless() };
    if let Some(test) = first {
        let run = run_one(executable, test, &on)?;
        if run.failure.is_some() {
            return Ok(run);
        }
    }
    let run = run_part(executable, suite, Part::Quick, &on)?;
    if run.failure.is_some() || suite.slow().is_empty() {
        return Ok(run);
    }
    Ok(run.and(run_part(executable, suite, Part::Slow, &on)?))
}

/// Runs a test alone.
pub fn run_one(executable: &Executable, test: &str, on: &Conditions) -> Result<Run> {
    Ok(run_tests(executable, &["--exact", test], on)?.1)
}

/// Checks that each name in a suite's list of slow tests is that of one test: one that was renamed or moved since would
/// otherwise be found out when all that runs before it has passed, or run with the quick ones.
pub fn check_names(executable: &Executable, suite: Suite) -> Result<()> {
    let tests = listed(executable).with_context(|| format!("{suite:?}"))?;
    let named = |name: &str| tests.iter().filter(|test| test.contains(name)).count();
    let wrong: Vec<_> = suite.slow().iter().filter(|name| named(name) != 1).collect();
    ensure!(wrong.is_empty(), "{suite:?}: names in suite.rs that are not those of one test each: {wrong:?}");
    Ok(())
}

/// The tests of a binary.
pub fn listed(executable: &Executable) -> Result<Vec<String>> {
    let output = Command::new(&executable.path).current_dir(&executable.folder).args(["--list"]).output()?;
    let listed = String::from_utf8(output.stdout)?;
    let tests: Vec<_> = listed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect();
    ensure!(!tests.is_empty(), "the test binary lists no tests");
    Ok(tests)
}

/// A part of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Quick,
    Slow,
}

/// What tests run under.
pub struct Conditions<'a> {
    /// The bug that is on.
    pub bug: Option<usize>,
    /// The folder of the copy.
    pub copy: &'a Path,
    /// A folder of the run's own.
    pub notes: &'a Path,
    pub endless: Endless,
}

/// Runs a part of a suite, up to what fails first.
pub fn run_part(executable: &Executable, suite: Suite, part: Part, on: &Conditions) -> Result<Run> {
    let slow = suite.slow();
    let tests: Vec<_> = match part {
        Part::Quick => suite.tests().iter().copied().chain(slow.iter().flat_map(|test| ["--skip", test])).collect(),
        Part::Slow => slow.to_vec(),
    };
    let (tests, run) = run_tests(executable, &tests, on)?;
    let are_all = part == Part::Quick || tests == slow.len();
    ensure!(are_all, "{suite:?}: {tests} tests run by the names of {}", slow.len());
    Ok(run)
}

/// Runs the tests that these arguments choose, up to what fails first; returns how many were to run.
fn run_tests(executable: &Executable, tests: &[&str], on: &Conditions) -> Result<(usize, Run)> {
    fs::create_dir_all(on.notes)?;
    let reached = on.notes.join("reached");
    fs::remove_file(&reached).or_else(|error| if reached.exists() { Err(error) } else { Ok(()) })?;
    let mut command = Command::new("sh");
    at_copy(&mut command, on.copy).current_dir(&executable.folder).args(["-c", LIMITED]).arg(&executable.path);
    match on.bug {
        Some(number) => command.args(tests).env(BUG, number.to_string()).env(REACHED, &reached),
        None => command.args(tests).env_remove(BUG).env_remove(REACHED),
    };
    let Ended { tests, failure, time } = run_up_to_a_failure(&mut command, on.notes, on.endless)?;
    Ok((tests, Run { failure, reached: reached.exists(), time }))
}

/// How tests ended.
struct Ended {
    /// How many were to run.
    tests: usize,
    failure: Option<String>,
    time: Duration,
}

fn run_up_to_a_failure(tests: &mut Command, notes: &Path, endless: Endless) -> Result<Ended> {
    let printed = notes.join("printed.txt");
    let mut child = tests
        // Suites run beside each other instead.
        .args(["--format", "pretty", "--test-threads", "1"])
        // A property that fails has to be seen, not minimised; and no folder of old failures is kept.
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        // What a test would write instead of comparing it, it could not miss.
        .env_remove(BLESS)
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(File::create(&printed)?)
        .stderr(File::create(notes.join("complaints.txt"))?)
        // A group of its own: it is ended with everything that it started.
        .process_group(0)
        .spawn()
        .context("cannot run sh")?;
    let (failure, time) = wait(&mut child, &printed, endless)?;
    let text = fs::read_to_string(&printed)?;
    let mut words = text
        .lines()
        .find_map(|line| line.strip_prefix("running "))
        .with_context(|| format!("the tests did not run: see {}", notes.display()))?
        .split(' ');
    let tests = words.next().and_then(|tests| tests.parse().ok()).context("cannot read what the tests say")?;
    ensure!(tests > 0, "there are no such tests");
    Ok(Ended { tests, failure, time })
}

/// Waits for the first failure, or for the end; how long was computed until then.
fn wait(child: &mut Child, printed: &Path, endless: Endless) -> Result<(Option<String>, Duration)> {
    let mut time = Duration::ZERO;
    // How much was printed when something was printed last, and when that was.
    let (mut length, mut used, mut since) = (0, time, Instant::now());
    loop {
        let ended = child.try_wait()?;
        let text = fs::read_to_string(printed)?;
        let failed = text.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(FAILED)).map(str::to_owned);
        if let Some(status) = ended {
            return Ok((how_it_ended(status, failed, &text)?, time));
        }
        time = processor_time(child.id()).unwrap_or(time);
        if text.len() != length {
            (length, used, since) = (text.len(), time, Instant::now());
        }
        let is_endless = time.saturating_sub(used) > endless.computes || since.elapsed() > endless.waits;
        if failed.is_some() || is_endless {
            Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status()?;
            child.wait()?;
            return Ok((failed.or_else(|| Some(format!("{} does not end", running(&text)))), time));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn how_it_ended(status: ExitStatus, failed: Option<String>, text: &str) -> Result<Option<String>> {
    if failed.is_none()
        && let Some(signal) = status.signal()
    {
        // What overflows its stack or aborts does not kill itself; somebody else did.
        ensure!(signal != KILL, "the tests were killed:\n{text}");
        return Ok(Some(format!("{} ends the process, {status}", running(text))));
    }
    ensure!(text.lines().any(|line| line.starts_with("test result:")), "the tests did not run:\n{text}");
    ensure!(status.success() == failed.is_none(), "cannot read what the tests say:\n{text}");
    Ok(failed)
}

/// The test whose name was printed without what became of it.
fn running(text: &str) -> &str {
    let last = text.lines().next_back().and_then(|line| line.strip_prefix("test "));
    last.and_then(|line| line.strip_suffix(" ... ")).unwrap_or("a test")
}

/// How long a process has computed: user and system (proc(5), `/proc/pid/stat`); `None` if it is no more.
fn processor_time(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which may hold anything, the first field is the third.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1000 / TICKS))
}
