//! Why there is no connection.

use miette::Diagnostic;
use thiserror::Error;

/// Why there is no connection.
#[derive(Debug, Error, Diagnostic)]
pub enum PortError {
    /// No such port.
    #[error("there is no port {port}")]
    #[diagnostic(help("{}", existing(ports)))]
    Missing {
        /// The requested port.
        port: String,
        /// Those that there are.
        ports: Vec<String>,
    },
    /// None was named, and nothing is plugged in.
    #[error("no USB serial port is plugged in")]
    #[diagnostic(help("{}", unplugged(ports)))]
    Unplugged {
        /// Those that are built into this machine.
        ports: Vec<String>,
    },
    /// None was named, and there is a choice.
    #[error("{} USB serial ports are plugged in", .ports.len())]
    #[diagnostic(help("{}", existing(ports)))]
    Several {
        /// All of them, with what is plugged in.
        ports: Vec<String>,
    },
    /// The user may not open it.
    #[error("no permission to open {port}")]
    #[diagnostic(help(
        "serial ports belong to the group dialout (uucp on Arch): sudo usermod -aG dialout $USER, then log in again"
    ))]
    Permission {
        /// The port.
        port: String,
    },
    /// Somebody else has it open.
    #[error("another program has {port} open")]
    #[diagnostic(help("close the terminal, debugger or second lifeboot that uses it (fuser {port} names it)"))]
    InUse {
        /// The port.
        port: String,
    },
    /// Nothing listens there.
    #[error("nothing listens at {address}")]
    #[diagnostic(help("start the emulator or the terminal server first, and check the port's number"))]
    Refused {
        /// Host and port.
        address: String,
    },
    /// Not the name of a port.
    #[error("{port} is not a host and a port's number")]
    #[diagnostic(help("write tcp:HOST:NUMBER, for example tcp:localhost:4000"))]
    Address {
        /// What was given.
        port: String,
    },
    /// The system does not open it, for another reason.
    #[error("cannot open {port}: {reason}")]
    #[diagnostic(help("check that it is a serial port, and that it can do this baud rate"))]
    Open {
        /// The port.
        port: String,
        /// The system's words.
        reason: String,
    },
}

const PLUG_IN: &str = "plug the device in, or check its cable (some carry power only)";

fn existing(ports: &[String]) -> String {
    match ports {
        [] => format!("no serial port was found: {PLUG_IN}"),
        ports => format!("name one of these with --port or LIFEBOOT_PORT:{}", lines(ports)),
    }
}

fn unplugged(ports: &[String]) -> String {
    match ports {
        [] => PLUG_IN.to_owned(),
        ports => format!("{PLUG_IN}; or name a port of this machine with --port or LIFEBOOT_PORT:{}", lines(ports)),
    }
}

fn lines(ports: &[String]) -> String {
    ports.iter().map(|port| format!("\n    {port}")).collect()
}
