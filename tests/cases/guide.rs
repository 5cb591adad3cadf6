//! The guide (`updater/README.md`), followed to the letter: its steps are read off the page, applied to an ordinary project
//! of `tests/guide/`, and typed; what the page says about the outcome has to come true, on an emulated board.

mod page;
mod project;

use lifeboot_core::Version;
use lifeboot_tests::bench::runs;
use lifeboot_tests::product;
use lifeboot_updater::wire;
use page::{Kind, Step};
use project::Project;
use std::fs;

const PAGE: &str = "updater/README.md";

/// Follows the page with a template; returns the project, its board updated.
fn follow(template: &str, kind: Kind) -> Project {
    let page = fs::read_to_string(product::root().join(PAGE)).unwrap();
    let mut project = Project::new(template).unwrap_or_else(|error| panic!("{error:#}"));
    for Step { line, action } in page::steps(&page, kind).unwrap_or_else(|wrong| panic!("{PAGE}:{wrong}")) {
        project.take(&action).unwrap_or_else(|error| panic!("{PAGE}:{line}, with the template {template}: {error:#}"));
    }
    project
}

/// At the end of the page the third version runs: back in slot A.
fn is_updated(project: &Project) {
    let status = project.board().unwrap().status().unwrap();
    runs(&status, wire::Slot::A, Version { major: 1, minor: 2, patch: 0, build: 0 }).unwrap();
}

#[test]
fn the_guide_brings_updates_to_blocking_firmware() {
    is_updated(&follow("stm32f4xx-hal", Kind::Blocking));
}

#[test]
fn the_guide_brings_updates_to_async_firmware() {
    is_updated(&follow("embassy", Kind::Async));
}
