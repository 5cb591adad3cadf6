//! A copy of the workspace, in which sources may be changed.

use crate::bugs::{Bug, Suite};
use anyhow::{Context, Result, ensure};
use lifeboot_tests::product;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What the copy needs of the workspace.
const ENTRIES: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    ".cargo",
    "bootloader",
    "updater",
    "firmware-example",
    "host-tool",
    "tests",
    "README.md",
];

/// Tests that take this long, seconds otherwise, will never end: a bug can do that, too.
const ENDLESS_AFTER: Duration = Duration::from_secs(300);

/// What a test that fails has behind its name, as libtest says it.
const FAILED: &str = " ... FAILED";

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The copy. There is one place for it, so that what was built once stays.
pub struct Copy {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Copy {
    /// Brings the copy up to date.
    pub fn new() -> Result<Self> {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = product::output()?.join("mutants");
        fs::create_dir_all(&folder)?;
        for entry in ENTRIES {
            bring(&product::root().join(entry), &folder.join(entry))?;
        }
        Ok(Copy { folder, _alone: alone })
    }

    /// The test of the bug's suite that fails with it first; `None` where none does.
    pub fn caught_by(&self, bug: &Bug) -> Result<Option<String>> {
        let path = self.folder.join(bug.file);
        let sound = fs::read_to_string(&path).with_context(|| bug.file)?;
        ensure!(
            sound.matches(bug.from).count() == 1,
            "{}: {} does not hold `{}` exactly once: bring the bug up to date",
            bug.name,
            bug.file,
            bug.from
        );
        fs::write(&path, sound.replace(bug.from, bug.to))?;
        let failure = self.failure(bug.suite);
        fs::write(&path, sound)?;
        failure.with_context(|| bug.name)
    }

    /// The test of a suite that fails first; the others are not waited for.
    pub fn failure(&self, suite: Suite) -> Result<Option<String>> {
        let (package, test, which) = suite.command();
        let (printed, complaints) = (self.folder.join("printed.txt"), self.folder.join("complaints.txt"));
        let mut child = Command::new(env!("CARGO"))
            .args(["test", "--quiet", "--offline", "--package", package, "--test", test, "--", "--format", "pretty"])
            .args(which)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            // A property that fails has to be seen, not minimised; and no folder of old failures is kept.
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
            .env("RUST_BACKTRACE", "0")
            // Most of the time goes into linking; nobody debugs here.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .stdin(Stdio::null())
            .stdout(File::create(&printed)?)
            .stderr(File::create(&complaints)?)
            // A group of its own: it is ended with everything that it started.
            .process_group(0)
            .spawn()
            .context("cannot run cargo")?;
        let end = Instant::now() + ENDLESS_AFTER;
        loop {
            let ended = child.try_wait()?;
            let text = fs::read_to_string(&printed)?;
            let failed = text.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(FAILED));
            if let Some(status) = ended {
                let ran = text.lines().any(|line| line.starts_with("test result:"));
                ensure!(ran, "the copy does not build:\n{}", fs::read_to_string(&complaints)?);
                ensure!(status.success() == failed.is_none(), "cannot read what cargo says:\n{text}");
                return Ok(failed.map(str::to_owned));
            }
            let is_endless = Instant::now() > end;
            if failed.is_some() || is_endless {
                Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status()?;
                child.wait()?;
                return Ok(Some(failed.unwrap_or("none: the tests do not end").to_owned()));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Copies a file or folder, and touches nothing that is the same already.
fn bring(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            bring(&entry.path(), &to.join(entry.file_name()))?;
        }
        for entry in fs::read_dir(to)? {
            let entry = entry?;
            if !from.join(entry.file_name()).exists() {
                fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()))?;
            }
        }
        return Ok(());
    }
    let bytes = fs::read(from).with_context(|| from.display().to_string())?;
    if fs::read(to).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    fs::write(to, bytes).with_context(|| to.display().to_string())
}
