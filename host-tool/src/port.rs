//! The byte pipe to a device: a serial port, or TCP to an emulator or a terminal server.
//!
//! [`Pipe`] is all that the rest of the tool needs of one, its clock included, so that a test or another program can
//! put its own in place. A pipe may lose, damage or repeat bytes: the layer above sees to that.

mod choice;
mod error;

pub use choice::{Adapter, all_ports, choose, listed};
pub use error::PortError;

use serialport::{ClearBuffer, ErrorKind, SerialPort};
use std::fmt::{self, Display};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Bits a second on a serial port where nothing else is said.
pub const BAUD: u32 = 115_200;

const CONNECT: Duration = Duration::from_secs(3);
/// How long a port may take no bytes: at 9600 baud, some five thousand go out in this time.
const WRITE: Duration = Duration::from_secs(5);

/// A byte pipe to a device, and the clock that waiting is measured by.
pub trait Pipe {
    /// Reads what has arrived, and waits for it where there is nothing yet. 0 bytes: nothing came in time.
    ///
    /// # Errors
    /// The connection is gone; [`reconnect`](Self::reconnect) may bring it back.
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PortError>;

    /// Writes all of the bytes.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn write(&mut self, bytes: &[u8]) -> Result<(), PortError>;

    /// Gives up what is left of the connection and tries once to make a new one.
    ///
    /// # Errors
    /// Why there is none, yet.
    fn reconnect(&mut self) -> Result<(), PortError>;

    /// The time since some moment that stays the same.
    fn now(&self) -> Duration;

    /// When what was read last had arrived.
    fn heard(&self) -> Duration {
        self.now()
    }

    /// Lets time pass.
    fn pause(&mut self, time: Duration);
}

impl<P: Pipe + ?Sized> Pipe for Box<P> {
    fn heard(&self) -> Duration {
        (**self).heard()
    }

    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PortError> {
        (**self).read(buffer, wait)
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), PortError> {
        (**self).write(bytes)
    }
    fn reconnect(&mut self) -> Result<(), PortError> {
        (**self).reconnect()
    }
    fn now(&self) -> Duration {
        (**self).now()
    }
    fn pause(&mut self, time: Duration) {
        (**self).pause(time);
    }
}

/// A serial port, or a TCP connection.
pub struct Port {
    name: String,
    /// What is plugged in there, if that is a USB adapter.
    adapter: Option<Adapter>,
    baud: u32,
    started: Instant,
    /// None between a lost connection and the next.
    stream: Option<Stream>,
}

enum Stream {
    Serial(Box<dyn SerialPort>),
    Tcp(TcpStream),
}

impl Port {
    /// Opens the port with this name: a serial device's path, or `tcp:host:port`, for which `baud` means nothing.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn open(name: &str, baud: u32) -> Result<Port, PortError> {
        let mut port = Port { name: name.to_owned(), adapter: None, baud, started: Instant::now(), stream: None };
        port.reconnect()?;
        if matches!(port.stream, Some(Stream::Serial(_))) {
            port.adapter = Adapter::at(name, &all_ports());
        }
        Ok(port)
    }

    /// The port's name: another one than at first where its adapter came back under another.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Looks where the adapter is that was plugged in here.
    fn find_again(&mut self) -> Result<(), PortError> {
        let Some(adapter) = &self.adapter else { return Ok(()) };
        match adapter.find(&self.name, &all_ports()) {
            Some(name) => self.name = name.to_owned(),
            None => return Err(PortError::Missing { port: self.name.clone(), ports: serial_ports() }),
        }
        Ok(())
    }

    fn open_serial(&self) -> Result<Stream, PortError> {
        let port = self.name.clone();
        let opened = serialport::new(&port, self.baud).timeout(WRITE).open().and_then(|serial| {
            // What the system kept from before answers nobody who is still there.
            serial.clear(ClearBuffer::Input)?;
            Ok(Stream::Serial(serial))
        });
        opened.map_err(|error| match error.kind {
            ErrorKind::Io(io::ErrorKind::NotFound) => PortError::Missing { port, ports: serial_ports() },
            ErrorKind::Io(io::ErrorKind::PermissionDenied) => PortError::Permission { port },
            // On Linux and macOS this says that it is locked (serialport::Error); on Windows, that it is not there.
            ErrorKind::NoDevice if cfg!(unix) => PortError::InUse { port },
            ErrorKind::NoDevice => PortError::Missing { port, ports: serial_ports() },
            _ => PortError::Open { port, reason: error.description },
        })
    }

    fn open_tcp(&self, address: &str) -> Result<Stream, PortError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::ConnectionRefused => PortError::Refused { address: address.to_owned() },
            io::ErrorKind::InvalidInput => PortError::Address { port: self.name.clone() },
            _ => PortError::Open { port: self.name.clone(), reason: error.to_string() },
        };
        let mut last = PortError::Address { port: self.name.clone() };
        // A name like localhost has an address of each family, and the listener may have one only.
        for address in address.to_socket_addrs().map_err(failed)? {
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

    fn lost(&mut self, reason: impl Display) -> PortError {
        // Closed at once: a serial adapter that comes back gets its old name only when nobody holds it.
        self.stream = None;
        PortError::Lost { port: self.name.clone(), reason: reason.to_string() }
    }
}

/// The serial ports of this machine, a line each, with what is plugged in.
pub fn serial_ports() -> Vec<String> {
    listed(&all_ports())
}

impl Pipe for Port {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PortError> {
        // Zero would mean for ever, to a socket.
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
            Ok(length) => Ok(length),
            Err(error) => match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(self.lost(error)),
            },
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PortError> {
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

    fn reconnect(&mut self) -> Result<(), PortError> {
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
