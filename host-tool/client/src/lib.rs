//! The conversation with a device: requests, answers, and their meaning.
//!
//! | module | does |
//! | --- | --- |
//! | [`pipe`] | what carries the bytes, and the clock that measures waits |
//! | [`link`] | requests and their answers, over a line that loses bytes |
//! | [`push`](mod@push) | transfers an image to a device and waits for its confirm |
//! | [`device`] | a device's state, confirm, cancel, rollback, reset |
//! | [`admission`] | whether a device would accept an image, before any of it is sent |
//! | [`refusal`] | the meaning of a device's refusals, and what to do next |
//! | [`state`] | what a device's state says about the device and about an image |
//! | [`describe`] | texts for states and outcomes |
//! | [`text`] | a device's text, made safe to show |
//! | [`max_stall`] | how long the application stalls during a push |
//!
//! Nothing here opens a port, reads a file or handles a signal, and all waiting happens in the pipe. The help of every
//! error says what to do next.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod admission;
pub mod describe;
pub mod device;
pub mod link;
pub mod max_stall;
mod other_host;
pub mod pipe;
pub mod push;
pub mod refusal;
mod restart;
pub mod state;
pub mod text;
