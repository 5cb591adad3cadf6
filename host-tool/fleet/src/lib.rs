//! Rollouts: one image, many devices.
//!
//! | module | does |
//! | --- | --- |
//! | [`device`] | what the fleet's devices are called, what can be asked of them, and how that ends |
//! | [`definition`] | what a rollout is to do: image, waves, rules |
//! | [`blast_radius`] | how many devices a bad image can hurt before a rollout stops by itself |
//! | [`fleet_file`] | `fleet.toml`: a fleet, and how it falls into waves |
//! | [`rollout`] | the core: events, the state that they add up to, and the decision what is to be done |
//! | [`log`] | the log of a rollout on disk, and the locks beside it: the only module that does I/O |
//! | [`time`], [`window`] | instants as numbers, and the hours in which devices may be touched |
//!
//! Nothing here knows a clock, a thread, a port or a network: what drives a rollout brings them.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod blast_radius;
pub mod definition;
pub mod device;
pub mod fleet_file;
pub mod log;
pub mod rollout;
pub mod time;
pub mod window;
