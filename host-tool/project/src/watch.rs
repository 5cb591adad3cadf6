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
