//! The port that is meant where nobody has named one: the only USB serial port there is. A port that is built into the
//! machine is never taken for a device, since most machines have some that lead nowhere.
//!
//! And the port that was meant, once its adapter is plugged in again: the system may give it another name.

use crate::error::PortError;
use serialport::{SerialPortInfo, SerialPortType};
use std::path::Path;

/// Chooses one of these ports.
///
/// # Errors
/// [`PortError::Unplugged`] and [`PortError::Several`]: there is not just one.
pub fn choose(ports: &[SerialPortInfo]) -> Result<String, PortError> {
    let is_usb = |port: &&SerialPortInfo| matches!(port.port_type, SerialPortType::UsbPort(_));
    let candidates: Vec<&SerialPortInfo> = ports.iter().filter(is_usb).collect();
    match *candidates {
        [only] => Ok(only.port_name.clone()),
        [] => Err(PortError::Unplugged { ports: listed(ports) }),
        _ => Err(PortError::Several { ports: listed(candidates) }),
    }
}

/// What the adapter at a port is recognised by when it comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    vendor: u16,
    product: u16,
    /// Cheap ones have none, or all the same one.
    serial_number: Option<String>,
}

impl Adapter {
    /// The adapter at the port of this name; `None` if that is no USB port.
    pub fn at(name: &str, ports: &[SerialPortInfo]) -> Option<Adapter> {
        Adapter::of(ports.iter().find(|port| port.port_name == name)?)
    }

    /// The port where it is now; of several that it may be, the one that has the `last` name.
    pub fn find<'a>(&self, last: &str, ports: &'a [SerialPortInfo]) -> Option<&'a str> {
        let is_it = |port: &&SerialPortInfo| Adapter::of(port).as_ref() == Some(self);
        let candidates: Vec<&str> = ports.iter().filter(is_it).map(|port| &*port.port_name).collect();
        match *candidates {
            [only] => Some(only),
            _ => candidates.into_iter().find(|name| *name == last),
        }
    }

    fn of(port: &SerialPortInfo) -> Option<Adapter> {
        let SerialPortType::UsbPort(usb) = &port.port_type else { return None };
        Some(Adapter { vendor: usb.vid, product: usb.pid, serial_number: usb.serial_number.clone() })
    }
}

/// The serial ports of this machine, by name.
pub fn all_ports() -> Vec<SerialPortInfo> {
    // Where there is no such folder, as in some containers, serialport panics.
    if cfg!(target_os = "linux") && !Path::new("/sys/class/tty").is_dir() {
        return Vec::new();
    }
    let mut ports = serialport::available_ports().unwrap_or_default();
    // macOS names each port twice; this is the name that waits for a modem's carrier.
    ports.retain(|port| !(cfg!(target_os = "macos") && port.port_name.starts_with("/dev/tty.")));
    // ttyUSB2 before ttyUSB10.
    ports.sort_by_cached_key(|port| (port.port_name.len(), port.port_name.clone()));
    ports
}

/// A line for each port: its name, and what is plugged in there, as far as it says so.
pub fn listed<'a>(ports: impl IntoIterator<Item = &'a SerialPortInfo>) -> Vec<String> {
    let ports: Vec<&SerialPortInfo> = ports.into_iter().collect();
    let width = ports.iter().map(|port| port.port_name.len()).max().unwrap_or_default();
    let line =
        |port: &&SerialPortInfo| format!("{:<width$}  {}", port.port_name, plugged_in(port)).trim_end().to_owned();
    ports.iter().map(line).collect()
}

/// `product (serial number)` of what is plugged in.
fn plugged_in(port: &SerialPortInfo) -> String {
    let SerialPortType::UsbPort(usb) = &port.port_type else { return String::new() };
    let said =
        |word: &Option<String>| word.as_deref().map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned);
    let product = said(&usb.product).or_else(|| said(&usb.manufacturer));
    let product = product.unwrap_or_else(|| format!("USB {:04x}:{:04x}", usb.vid, usb.pid));
    match said(&usb.serial_number) {
        Some(serial_number) => format!("{product} ({serial_number})"),
        None => product,
    }
}
