//! Watches a project or an ELF file, and makes a program to push from each change.
//!
//! | module | does |
//! | --- | --- |
//! | `changes` | sees files change, and waits until they have settled |
//! | `build` | builds in the background |
//! | `project` | what cargo reports about the project |
//!
//! Each program that is pushed gets a version of its own: the project's, with a growing build number.

mod build;
mod changes;
mod error;
mod project;

pub use build::{Build, Building, Built};
pub use changes::Changes;
pub use error::WatchError;
pub use project::Project;
