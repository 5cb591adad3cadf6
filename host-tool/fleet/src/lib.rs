//! Rollouts: one image, many devices.
//!
//! | module | does |
//! | --- | --- |
//! | [`device`] | what the fleet's devices are called, what can be asked of them, and how that ends |
//! | [`definition`] | what a rollout is to do: image, waves, rules |
//! | [`blast_radius`] | how many devices a bad image can hurt before a rollout stops by itself |
//! | [`rollout`] | the core: events, the state that they add up to, and the decision what is to be done |
//! | [`time`], [`window`] | instants as numbers, and the hours in which devices may be touched |
//!
//! | [`drive`], [`orders`] | a driver: has a site do what the core decides, and follows a person's orders |
//! | [`lines`] | a site of devices at real lines |
//!
//! Only the last row but one and the last know threads and files; ports, clock and network come from the caller.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod blast_radius;
pub mod definition;
pub mod device;
pub mod drive;
pub mod lines;
pub mod orders;
pub mod rollout;
pub mod time;
pub mod window;
