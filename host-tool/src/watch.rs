//! Watches a project, or an ELF file, and makes of each change a program to push.
//!
//! | module | does |
//! | --- | --- |
//! | `changes` | sees files change, and waits until they have settled |
//! | `build` | builds, beside whatever else goes on |
//! | `project` | what cargo says of the project |
//!
//! What is pushed in between has a version of its own: the project's, with a build number that grows.

mod build;
mod changes;
mod error;
mod project;

pub use build::{Build, Building, Built};
pub use changes::Changes;
pub use error::WatchError;
pub use project::Project;

use lifeboot_core::Version;
use lifeboot_wire::{self as wire, SlotContent, Status};

/// The version of the next push: `base` with a build number above that of all that the device knows of.
pub fn next_version(base: Version, status: &Status) -> Version {
    let slots = status.slots.iter().filter_map(|slot| match slot {
        SlotContent::Image { version, .. } => Some(*version),
        SlotContent::Empty | SlotContent::Unfinished => None,
    });
    let known = slots.chain(status.outcome.map(|outcome| outcome.version));
    let of_base =
        |version: &wire::Version| (version.major, version.minor, version.patch) == (base.major, base.minor, base.patch);
    let highest = known.filter(of_base).map(|version| version.build).max();
    Version { build: highest.map_or(base.build, |highest| highest.saturating_add(1).max(base.build)), ..base }
}
