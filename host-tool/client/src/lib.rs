//! The conversation with a device: requests, answers, and what they mean.
//!
//! | module | does |
//! | --- | --- |
//! | [`pipe`] | what carries the bytes, and the clock that waiting is measured by |
//! | [`link`] | requests and their answers, over a line that loses bytes |
//! | [`push`](mod@push) | brings an image into a device and sees it confirmed |
//! | [`device`] | a device's state, confirm, rollback, reset |
//! | [`admission`] | whether a device would take an image, before any of it is sent |
//! | [`refusal`] | what a device's refusals mean, and what to do next |
//! | [`state`] | what a device's state says, of itself and of an image |
//! | [`describe`] | states and outcomes in words |
//! | [`max_stall`] | how long the application stalls during a push |
//!
//! Nothing here opens a port, reads a file or waits for a signal: the pipe does what waiting there is. Every error says
//! in its help what to do next.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod admission;
pub mod describe;
pub mod device;
pub mod link;
pub mod max_stall;
pub mod pipe;
pub mod push;
pub mod refusal;
mod restart;
pub mod state;
