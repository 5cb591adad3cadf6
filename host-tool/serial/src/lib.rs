//! Pipes to devices: serial ports, and TCP connections to an emulator or a terminal server.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod choice;
mod error;
mod port;

pub use choice::{Adapter, FoundPort, FoundUsb, all_ports, choose, found_ports, listed};
pub use error::PortError;
pub use port::{BAUD, Port, Signals, Trace, Traced, serial_ports};
