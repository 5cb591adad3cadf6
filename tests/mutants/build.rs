//! The build of the copied sources: one, with all bugs in it.

use crate::bug::Bug;
use crate::copy::{Changes, copy};
use crate::seed::{Seed, bug_at, seed};
use crate::suite::Binary;
use anyhow::{Context, Result, bail, ensure};
use lifeboot_tests::product;
use serde_json::Value;
use std::collections::btree_map::{BTreeMap, Entry};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs};

/// How the members of the workspace are built. Optimised a little, since the tests run more than a hundred times; and in no
/// way that they are built otherwise, since what was built of this copy must never be taken for the workspace's.
const PROFILE: [&str; 4] = ["opt-level=1", "debug=false", "incremental=false", "codegen-units=16"];

/// With the tests that a newcomer's `cargo test` does without, and with the verifier that these tests are for.
const FEATURES: &str = if cfg!(feature = "compact") {
    "lifeboot-tests/every-change,lifeboot-tests/compact"
} else {
    "lifeboot-tests/every-change"
};

/// The crate that holds the switch.
const SWITCH: &str = "seeded";

/// What was built.
pub struct Build {
    /// The folder of the copy.
    pub folder: PathBuf,
    binaries: Vec<(String, Executable)>,
}

/// A test binary.
#[derive(Clone)]
pub struct Executable {
    /// Its file.
    pub path: PathBuf,
    /// The folder of its package, in which cargo runs it.
    pub folder: PathBuf,
}

/// A bug and its number.
pub type Numbered<'a> = (usize, &'a Bug);

impl Build {
    /// Builds the sources with all of these bugs, each beside the code that it is a bug of.
    pub fn with(bugs: &[Numbered]) -> Result<Self> {
        let mut files = BTreeMap::<&str, (String, Vec<Seed>)>::new();
        for (number, bug) in bugs {
            let (text, seeds) = match files.entry(bug.file) {
                Entry::Vacant(free) => free.insert((source(bug.file)?, Vec::new())),
                Entry::Occupied(file) => file.into_mut(),
            };
            seeds.push(Seed { number: *number, name: bug.name, place: bug.place(text)?, to: bug.to });
        }
        let changes = seeded(&files)?;
        let build = Build::of(copy("seeded", &changes)?, &Binary::OF_BUGS);
        build.map_err(|complaints| {
            let blamed = blamed(&complaints.to_string(), &changes);
            match blamed.iter().find_map(|error| bugs.iter().find(|(number, _)| Some(*number) == error.seed)) {
                Some((_, bug)) => complaints.context(format!("{}: its code does not build", bug.name)),
                None => complaints,
            }
        })
    }

    /// Builds these test binaries of a copy.
    pub fn of(folder: PathBuf, binaries: &[Binary]) -> Result<Self> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["test", "--features", FEATURES]);
        cargo.args(["--no-run", "--message-format", "json-render-diagnostics"]);
        if binaries.iter().any(|binary| binary.is_of_units()) {
            cargo.arg("--lib");
        }
        for binary in binaries.iter().filter(|binary| !binary.is_of_units()) {
            cargo.args(["--test", binary.name()]);
        }
        let Output { status, stdout, stderr } = cargo_of(&mut cargo, &folder)?;
        ensure!(status.success(), "the copy does not build:\n{}", String::from_utf8_lossy(&stderr));
        let mut binaries = Vec::new();
        for line in String::from_utf8(stdout)?.lines() {
            let message: Value = serde_json::from_str(line)?;
            let path = |key: &str| message[key].as_str().map(PathBuf::from);
            if let (Some(path), Some(manifest)) = (path("executable"), path("manifest_path"))
                && message["profile"]["test"] == true
                && let Some(name) = message["target"]["name"].as_str()
            {
                let folder = manifest.parent().context("a package lies in a folder")?.to_owned();
                binaries.push((name.to_owned(), Executable { path, folder }));
            }
        }
        Ok(Build { folder, binaries })
    }

    /// A test binary of it.
    pub fn executable(&self, binary: Binary) -> Result<&Executable> {
        let named: Vec<_> = self.binaries.iter().filter(|(name, _)| name == binary.name()).collect();
        match named[..] {
            [(_, executable)] => Ok(executable),
            _ => bail!("{} test binaries are called {}, and not one", named.len(), binary.name()),
        }
    }
}

/// Runs a command of cargo that builds something of the copy.
pub fn cargo_of(cargo: &mut Command, folder: &Path) -> Result<Output> {
    product::NOT_FOR_BUILDS.iter().for_each(|name| {
        cargo.env_remove(name);
    });
    cargo.args(["--config", "profile.dev.package.crc.opt-level=3"]);
    for member in members(folder)? {
        for setting in PROFILE {
            cargo.args(["--config", &format!("profile.dev.package.{member}.{setting}")]);
        }
    }
    // What the workspace's tests depend on was built with them.
    if env::var_os("CARGO_BUILD_BUILD_DIR").is_none() {
        cargo.env("CARGO_BUILD_BUILD_DIR", product::target_folder());
    }
    at_copy(cargo, folder).stdin(Stdio::null()).output().context("cannot run cargo")
}

/// What is to be in a copy of the workspace so that it has these bugs: files by their paths from the root, each with its
/// text and the bugs to put into it.
pub fn seeded(files: &BTreeMap<&str, (String, Vec<Seed>)>) -> Result<Changes> {
    let mut changes = Changes::new();
    for (file, (text, seeds)) in files {
        changes.insert(file.into(), seed(text, seeds).context(file.to_string())?);
        let package = package_of(file)?;
        let switch = Path::new("").join("../".repeat(package.components().count())).join(SWITCH);
        let dependency = format!("\n[dependencies.{SWITCH}]\npath = {:?}\n", switch.display().to_string());
        let manifest = package.join("Cargo.toml");
        let text = fs::read_to_string(product::root().join(&manifest))? + &dependency;
        changes.insert(manifest, text);
    }
    changes.insert(
        Path::new(SWITCH).join("Cargo.toml"),
        format!("[package]\nname = \"{SWITCH}\"\nedition = \"2024\"\npublish = false\n\n[lib]\npath = \"lib.rs\"\n"),
    );
    changes.insert(Path::new(SWITCH).join("lib.rs"), include_str!("seeded.rs").to_owned());
    Ok(changes)
}

/// Has a program work in the copy, and leave what it builds there.
pub fn at_copy<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command.current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"))
}

/// A file of the workspace.
pub fn source(file: &str) -> Result<String> {
    fs::read_to_string(product::root().join(file)).with_context(|| format!("cannot read {file}"))
}

/// The folder of the package that a file belongs to.
fn package_of(file: &str) -> Result<PathBuf> {
    let is_package =
        |folder: &&Path| !folder.as_os_str().is_empty() && product::root().join(folder).join("Cargo.toml").exists();
    let found = Path::new(file).ancestors().skip(1).find(is_package);
    Ok(found.with_context(|| format!("{file} belongs to no package"))?.to_owned())
}

/// The names of the workspace's members.
fn members(folder: &Path) -> Result<Vec<String>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
    let Output { status, stdout, stderr } = at_copy(&mut cargo, folder).output().context("cannot run cargo")?;
    ensure!(status.success(), "the copy has no metadata:\n{}", String::from_utf8_lossy(&stderr));
    let metadata: Value = serde_json::from_slice(&stdout)?;
    let packages = metadata["packages"].as_array().context("the metadata lists no packages")?;
    let name = |package: &Value| package["name"].as_str().map(str::to_owned);
    packages.iter().map(name).collect::<Option<_>>().context("a package has no name")
}

/// An error of the compiler.
#[derive(Debug)]
pub struct BuildError {
    /// What it says first.
    pub title: String,
    /// The bug in whose code it is, if it is in a bug's.
    pub seed: Option<usize>,
}

/// The errors of a build, which have a place.
pub fn blamed(complaints: &str, changes: &Changes) -> Vec<BuildError> {
    let mut errors = Vec::new();
    let mut title = None;
    for line in complaints.lines() {
        if line.starts_with("error") {
            title = Some(line.to_owned());
        } else if let Some(place) = line.trim_start().strip_prefix("--> ")
            && let Some(title) = title.take()
        {
            let mut place = place.split(':');
            let seeded = place.next().and_then(|file| changes.get(Path::new(file)));
            let line = place.next().and_then(|line| line.parse().ok());
            errors.push(BuildError { title, seed: seeded.zip(line).and_then(|(seeded, line)| bug_at(seeded, line)) });
        } else if line.starts_with("warning") {
            title = None;
        }
    }
    errors
}
