//! Why there is no connection.

use miette::Diagnostic;
use thiserror::Error;

/// Why there is no connection.
#[derive(Debug, Error, Diagnostic)]
pub enum PortError {
    /// There is no such port.
    #[error("there is no port {port}")]
    #[diagnostic(help("{}", existing(ports)))]
    Missing {
        /// The requested port.
        port: String,
        /// The ports that exist.
        ports: Vec<String>,
    },
    /// No port was named, and no USB serial port is plugged in.
    #[error("no USB serial port is plugged in")]
    #[diagnostic(help("{}", unplugged(ports)))]
    Unplugged {
        /// The ports that are built into this machine.
        ports: Vec<String>,
    },
    /// No port was named, and there are several to choose from.
    #[error("{} USB serial ports are plugged in", .ports.len())]
    #[diagnostic(help("{}", existing(ports)))]
    Several {
        /// All ports, with what is plugged in.
        ports: Vec<String>,
    },
    /// The user may not open the port.
    #[error("no permission to open {port}")]
    #[diagnostic(help(
        "serial ports belong to the group dialout (uucp on Arch): sudo usermod -aG dialout $USER, then log in again"
    ))]
    Permission {
        /// The port.
        port: String,
    },
    /// Another program has the port open.
    #[error("another program has {port} open")]
    #[diagnostic(help("close the terminal, debugger or second lifeboot that uses it (fuser {port} names it)"))]
    InUse {
        /// The port.
        port: String,
    },
    /// Nothing listens at the address.
    #[error("nothing listens at {address}")]
    #[diagnostic(help("start the emulator or the terminal server first, and check the port's number"))]
    Refused {
        /// Host and port.
        address: String,
    },
    /// The host's name is unknown.
    #[error("no host is called {host}: {reason}")]
    #[diagnostic(help("check the name; or give the host's address, as in tcp:192.168.1.7:4000"))]
    Unresolved {
        /// The name.
        host: String,
        /// The reason, as reported by the system.
        reason: String,
    },
    /// The host does not answer.
    #[error("{address} does not answer")]
    #[diagnostic(help("check the address, that the host is switched on, and that no firewall is in between"))]
    Unreachable {
        /// Host and port.
        address: String,
    },
    /// The name is that of a file or of another device.
    #[error("{port} is not a serial port")]
    #[diagnostic(help("{}", existing(ports)))]
    NotSerial {
        /// The requested port.
        port: String,
        /// The ports that exist.
        ports: Vec<String>,
    },
    /// The text is not the name of a port.
    #[error("{port} is not a host and a port's number")]
    #[diagnostic(help("write tcp:HOST:NUMBER, for example tcp:localhost:4000"))]
    Address {
        /// The text that was given.
        port: String,
    },
    /// The system cannot open the port, for another reason.
    #[error("cannot open {port}: {reason}")]
    #[diagnostic(help("{}", about_opening(port)))]
    Open {
        /// The port.
        port: String,
        /// The reason, as reported by the system.
        reason: String,
    },
}

fn about_opening(port: &str) -> &'static str {
    match port.starts_with("tcp:") {
        true => {
            "check host and number, and that the emulator or terminal server there runs and takes another connection"
        }
        false => "check that it is a serial port, and that it can do this baud rate",
    }
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
