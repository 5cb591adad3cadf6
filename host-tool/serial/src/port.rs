//! A serial port or a TCP connection, as a pipe.

use crate::choice::{Adapter, all_ports, listed};
use crate::error::PortError;
use lifeboot_client::pipe::{Pipe, PipeError};
use serialport::{ClearBuffer, ErrorKind, SerialPort};
use std::fmt::{self, Display};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Default bits per second on a serial port.
pub const BAUD: u32 = 115_200;

/// What the serialport crate reports of a file that is no terminal (ENOTTY).
const NO_TERMINAL: &str = "Not a typewriter";
const CONNECT: Duration = Duration::from_secs(3);
/// How long a port may accept no bytes: at 9600 baud, some five thousand are sent in this time.
const WRITE: Duration = Duration::from_secs(5);

/// The control lines of a serial port, as they are set when it is opened; `None` leaves a line to the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// Data terminal ready. If `None` it is raised: a USB device takes that for a host that is there.
    pub dtr: Option<bool>,
    /// Request to send.
    pub rts: Option<bool>,
}

/// Something that passed over a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traced<'a> {
    /// Bytes that were received.
    Received(&'a [u8]),
    /// Bytes that were sent.
    Sent(&'a [u8]),
}

/// Receives what passes over a port, each with the time since the port was first opened.
pub type Trace = Box<dyn FnMut(Duration, Traced<'_>) + Send>;

/// A serial port, or a TCP connection.
pub struct Port {
    name: String,
    /// The name that the port was opened by.
    given: String,
    /// The USB adapter that is plugged in there, if it is one.
    adapter: Option<Adapter>,
    baud: u32,
    signals: Signals,
    started: Instant,
    trace: Option<Trace>,
    /// `None` while the connection is lost.
    stream: Option<Stream>,
}

enum Stream {
    Serial(Box<dyn SerialPort>),
    Tcp(TcpStream),
}

impl Port {
    /// Opens the port with this name: a serial device's path, or `tcp:host:port`, which ignores `baud`.
    ///
    /// # Errors
    /// [`PortError`] if the port cannot be opened.
    pub fn open(name: &str, baud: u32) -> Result<Port, PortError> {
        Port::open_with(name, baud, Signals::default())
    }

    /// As [`open`](Self::open), and sets the control lines of a serial port.
    ///
    /// # Errors
    /// [`PortError`] if the port cannot be opened, or has no such lines.
    pub fn open_with(name: &str, baud: u32, signals: Signals) -> Result<Port, PortError> {
        let (given, started) = (name.to_owned(), Instant::now());
        let mut port =
            Port { name: name.to_owned(), given, adapter: None, baud, signals, started, trace: None, stream: None };
        port.connect()?;
        if matches!(port.stream, Some(Stream::Serial(_))) {
            port.adapter = Adapter::at(name, &all_ports());
        }
        Ok(port)
    }

    /// Passes everything that is sent and received to `trace`.
    pub fn with_trace(self, trace: Trace) -> Port {
        Port { trace: Some(trace), ..self }
    }

    fn trace(&mut self, traced: Traced<'_>) {
        let now = self.started.elapsed();
        if let Some(trace) = &mut self.trace {
            trace(now, traced);
        }
    }

    /// Returns the port's name, which may change when its adapter is plugged in again.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Finds the port that this port's adapter is at now.
    fn find_again(&mut self) -> Result<(), PortError> {
        let Some(adapter) = &self.adapter else { return Ok(()) };
        let ports = all_ports();
        match adapter.find_or_given(&self.name, &self.given, &ports) {
            Some(name) => self.name = name.to_owned(),
            None => return Err(PortError::Missing { port: self.name.clone(), ports: serial_ports() }),
        }
        // New firmware may have given the device another number.
        self.adapter = Adapter::at(&self.name, &ports);
        Ok(())
    }

    fn open_serial(&self) -> Result<Stream, PortError> {
        let port = self.name.clone();
        // A UNIX system raises DTR by itself.
        let dtr = self.signals.dtr.or(cfg!(windows).then_some(true));
        let builder = serialport::new(&port, self.baud).timeout(WRITE);
        let builder = if let Some(dtr) = dtr { builder.dtr_on_open(dtr) } else { builder };
        let opened = builder.open().and_then(|mut serial| {
            if let Some(dtr) = self.signals.dtr {
                serial.write_data_terminal_ready(dtr).map_err(|error| cannot_set("DTR", &error))?;
            }
            if let Some(rts) = self.signals.rts {
                serial.write_request_to_send(rts).map_err(|error| cannot_set("RTS", &error))?;
            }
            // Bytes that the system still holds from before belong to no request of this process.
            serial.clear(ClearBuffer::Input)?;
            Ok(Stream::Serial(serial))
        });
        opened.map_err(|error| match error.kind {
            ErrorKind::Io(io::ErrorKind::NotFound) => PortError::Missing { port, ports: serial_ports() },
            ErrorKind::Io(io::ErrorKind::PermissionDenied) => PortError::Permission { port },
            // On Linux and macOS this error means that the port is locked (serialport::Error); on Windows, that it does
            // not exist, or that another program has it open.
            ErrorKind::NoDevice if cfg!(unix) || is_listed(&port) => PortError::InUse { port },
            ErrorKind::NoDevice => PortError::Missing { port, ports: serial_ports() },
            ErrorKind::Unknown if error.description == NO_TERMINAL => {
                PortError::NotSerial { port, ports: serial_ports() }
            }
            _ => PortError::Open { port, reason: error.description },
        })
    }

    fn open_tcp(&self, address: &str) -> Result<Stream, PortError> {
        let Some((host, number)) = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()) else {
            return Err(PortError::Address { port: self.name.clone() });
        };
        if number.parse::<u16>().is_err() {
            return Err(PortError::Address { port: self.name.clone() });
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::ConnectionRefused => PortError::Refused { address: address.to_owned() },
            io::ErrorKind::TimedOut
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => PortError::Unreachable { address: address.to_owned() },
            _ => PortError::Open { port: self.name.clone(), reason: error.to_string() },
        };
        let mut last = PortError::Address { port: self.name.clone() };
        // A name like localhost has an address of each family, while the server may listen on one only.
        let unknown = |error: io::Error| PortError::Unresolved { host: host.to_owned(), reason: error.to_string() };
        for address in address.to_socket_addrs().map_err(unknown)? {
            let connected = TcpStream::connect_timeout(&address, CONNECT).and_then(|stream| {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(WRITE))?;
                Ok(stream)
            });
            match connected {
                Ok(stream) => return Ok(Stream::Tcp(stream)),
                Err(error) => last = failed(error),
            }
        }
        Err(last)
    }

    /// Closes what is left of the connection and tries once to make a new one.
    fn connect(&mut self) -> Result<(), PortError> {
        self.stream = None;
        self.stream = Some(match self.name.strip_prefix("tcp:") {
            Some(address) => self.open_tcp(address)?,
            None => {
                self.find_again()?;
                self.open_serial()?
            }
        });
        Ok(())
    }

    fn lost(&mut self, reason: impl Display) -> PipeError {
        // Closed at once: a serial adapter that returns gets its old name only if no process holds the old port.
        self.stream = None;
        PipeError::Lost { port: self.name.clone(), reason: reason.to_string() }
    }
}

fn cannot_set(signal: &str, error: &serialport::Error) -> serialport::Error {
    let kind = ErrorKind::Io(io::ErrorKind::Unsupported);
    serialport::Error::new(kind, format!("its {signal} line cannot be set: {}", error.description))
}

/// Returns whether the system lists a port of this name.
fn is_listed(port: &str) -> bool {
    all_ports().iter().any(|listed| listed.port_name.eq_ignore_ascii_case(port))
}

/// Returns the serial ports of this machine, a line each, with what is plugged in.
pub fn serial_ports() -> Vec<String> {
    listed(&all_ports())
}

impl Pipe for Port {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError> {
        // For a socket, zero would mean no timeout.
        let wait = wait.max(Duration::from_millis(1));
        let read = match &mut self.stream {
            None => return Err(self.lost("it is closed")),
            Some(Stream::Serial(serial)) => match serial.set_timeout(wait) {
                Ok(()) => serial.read(buffer),
                Err(error) => Err(error.into()),
            },
            Some(Stream::Tcp(stream)) => stream.set_read_timeout(Some(wait)).and_then(|()| stream.read(buffer)),
        };
        match read {
            Ok(0) => Err(self.lost("the other end closed it")),
            Ok(length) => {
                self.trace(Traced::Received(&buffer[..length]));
                Ok(length)
            }
            Err(error) => match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(self.lost(error)),
            },
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PipeError> {
        self.trace(Traced::Sent(bytes));
        let written = match &mut self.stream {
            None => return Err(self.lost("it is closed")),
            Some(Stream::Serial(serial)) => match serial.set_timeout(WRITE) {
                Ok(()) => serial.write_all(bytes),
                Err(error) => Err(error.into()),
            },
            Some(Stream::Tcp(stream)) => stream.write_all(bytes),
        };
        written.map_err(|error| self.lost(error))
    }

    fn reconnect(&mut self) -> Result<(), PipeError> {
        self.connect().map_err(|error| self.lost(error))
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn pause(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port").field("name", &self.name).field("baud", &self.baud).finish_non_exhaustive()
    }
}
