//! The guide (`docs/guide.md`), followed to the letter: its steps are read off the page, applied to an ordinary project
//! of `tests/guide/`, and typed; the outcome must be as the page says, on an emulated board.

mod project;

use crate::page::{self, Action, Kind, Step};
use anyhow::{Context, Result};
use lifeboot_core::Version;
use lifeboot_tests::bench::runs;
use lifeboot_tests::product;
use lifeboot_wire as wire;
use project::Project;
use std::fs;

const PAGE: &str = "docs/guide.md";

/// Follows the page with a template, except for the part to leave out. Returns the project.
fn follow(template: &str, kind: Kind, left_out: &str) -> Result<Project> {
    let page = fs::read_to_string(product::root().join(PAGE))?;
    let mut project = Project::new(template)?;
    for Step { line, action } in page::steps(&page, kind).map_err(|wrong| anyhow::anyhow!("{PAGE}:{wrong}"))? {
        if !matches!(&action, Action::Type(commands) if commands.iter().any(|command| command.text == left_out)) {
            project.take(&action).with_context(|| format!("{PAGE}:{line}, with the template {template}"))?;
        }
    }
    Ok(project)
}

/// At the end of the page the second version runs, in slot B.
fn is_updated(project: &Project) {
    let status = project.board().unwrap().status().unwrap();
    runs(&status, wire::Slot::B, Version { major: 1, minor: 1, patch: 0, build: 0 }).unwrap();
}

#[test]
fn the_guide_brings_updates_to_blocking_firmware() {
    is_updated(&follow("stm32f4xx-hal", Kind::Blocking, "").unwrap());
}

#[cfg(feature = "deep")]
#[test]
fn the_guide_brings_updates_to_async_firmware() {
    is_updated(&follow("embassy", Kind::Async, "").unwrap());
}

#[cfg(feature = "deep")]
#[test]
fn a_memory_x_that_is_left_in_the_project_stops_the_build() {
    let failure = format!("{:#}", follow("stm32f4xx-hal", Kind::Blocking, "rm memory.x").err().unwrap());
    assert!(failure.contains("`cargo build --release` does not do what the page says"), "{failure}");
    assert!(failure.contains("memory.x would be taken instead of Lifeboot's"), "{failure}");
}
