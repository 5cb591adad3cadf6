//! The gateway: devices at this machine's ports, updated by a fleet server that speaks hawkBit's DDI.
//!
//! | module | does |
//! | --- | --- |
//! | [`ddi`] | asks the server, and checks what it answers |
//! | [`controller`] | decides what is next for a device: pure, over a log of events |
//! | [`store`] | keeps that log |
//! | [`cache`], [`digest`] | keep artifacts, each downloaded once |
//! | [`gateway`] | the service: threads that carry out what is decided |
//! | [`settings`] | the table `[gateway]` of `fleet.toml` |
//! | [`status`], [`metrics`] | what goes on, for the status page and for Prometheus |
//! | [`inbox`] | a folder whose images are handed to the caller |
//! | [`systemd`], [`signals`], [`stop`] | what makes it a service |
//!
//! The devices are the caller's: a [`Site`](lifeboot_fleet::device::Site). Nothing here opens a port of a device.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod begin;
pub mod cache;
pub mod controller;
pub mod ddi;
mod device;
pub mod digest;
pub mod gateway;
mod hub;
pub mod inbox;
pub mod metrics;
mod page;
mod push;
mod schedule;
pub mod settings;
pub mod signals;
pub mod status;
pub mod stop;
pub mod store;
pub mod systemd;
mod turn;
mod workers;

pub use page::PageError;
