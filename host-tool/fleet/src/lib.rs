//! Rollouts: one image, many devices.
//!
//! | module | does |
//! | --- | --- |
//! | [`device`] | what the fleet's devices are called, what can be asked of them, and how that ends |
//!
//! Nothing here knows a clock, a thread, a port or a network: whoever drives a rollout brings them.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod device;
