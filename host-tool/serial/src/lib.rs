//! Pipes to devices: serial ports, and TCP connections to an emulator or a terminal server.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod choice;
mod error;
mod port;

pub use choice::{Adapter, all_ports, choose, listed};
pub use error::PortError;
pub use port::{BAUD, Port, Signals, serial_ports};
