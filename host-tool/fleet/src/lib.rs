//! Rollouts: one image, many devices.
//!
//! | module | does |
//! | --- | --- |
//! | [`device`] | what the fleet's devices are called, what can be asked of them, and how that ends |
//! | [`definition`] | what a rollout is to do: image, waves, rules |
//! | [`blast_radius`] | how many devices a bad image can hurt before a rollout stops by itself |
//! | [`fleet_file`] | `fleet.toml`: a fleet, and how it falls into waves |
//! | [`rollout`] | the core: events, the state that they add up to, and the decision what is to be done |
//! | [`time`], [`window`] | instants as numbers, and the hours in which devices may be touched |
//! | [`log`], [`orders`] | the log of a rollout on disk with the locks beside it, and the orders of a person |
//! | [`drive`] | a driver: has a site do what the core decides |
//! | [`lines`] | a site: devices at lines, each found by its id |
//!
//! All but the last three rows is pure: it knows no clock, no thread and no file. Ports and clocks come from the caller.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod blast_radius;
pub mod definition;
pub mod device;
pub mod drive;
pub mod fleet_file;
pub mod lines;
pub mod log;
pub mod orders;
pub mod rollout;
pub mod time;
pub mod window;
