//! Chooses the port if none was named: the only USB serial port there is. A port that is built into the machine is
//! never chosen, since most machines have some that are not connected.
//!
//! Also finds an adapter again that was unplugged: the system may give its port another name.

use crate::error::PortError;
use lifeboot_client::text::escaped;
use serialport::{SerialPortInfo, SerialPortType};
use std::path::Path;

/// Chooses one of these ports.
///
/// # Errors
/// [`PortError::Unplugged`] or [`PortError::Several`] if there is not exactly one USB serial port.
pub fn choose(ports: &[SerialPortInfo]) -> Result<String, PortError> {
    let is_usb = |port: &&SerialPortInfo| matches!(port.port_type, SerialPortType::UsbPort(_));
    let candidates: Vec<&SerialPortInfo> = ports.iter().filter(is_usb).collect();
    match *candidates {
        [only] => Ok(only.port_name.clone()),
        [] => Err(PortError::Unplugged { ports: listed(ports) }),
        _ => Err(PortError::Several { ports: listed(candidates) }),
    }
}

/// What identifies the adapter at a port when it is plugged in again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    vendor: u16,
    product: u16,
    /// Cheap adapters have none, or all have the same one.
    serial_number: Option<String>,
}

impl Adapter {
    /// Returns the adapter at the port of this name; `None` if that is not a USB port.
    pub fn at(name: &str, ports: &[SerialPortInfo]) -> Option<Adapter> {
        Adapter::of(ports.iter().find(|port| port.port_name == name)?)
    }

    /// Returns the port that the adapter is at now; if several match, the one named `last` is preferred.
    pub fn find<'a>(&self, last: &str, ports: &'a [SerialPortInfo]) -> Option<&'a str> {
        let is_it = |port: &&SerialPortInfo| Adapter::of(port).as_ref() == Some(self);
        let candidates: Vec<&str> = ports.iter().filter(is_it).map(|port| &*port.port_name).collect();
        match *candidates {
            [only] => Some(only),
            _ => candidates.into_iter().find(|name| *name == last),
        }
    }

    /// As [`find`](Self::find); if the adapter is not there, the USB port with the name `given`: an update may change
    /// a device's product id or serial number.
    pub fn find_or_given<'a>(&self, last: &str, given: &str, ports: &'a [SerialPortInfo]) -> Option<&'a str> {
        let is_given = |port: &&SerialPortInfo| port.port_name == given && Adapter::of(port).is_some();
        self.find(last, ports).or_else(|| ports.iter().find(is_given).map(|port| &*port.port_name))
    }

    fn of(port: &SerialPortInfo) -> Option<Adapter> {
        let SerialPortType::UsbPort(usb) = &port.port_type else { return None };
        Some(Adapter { vendor: usb.vid, product: usb.pid, serial_number: usb.serial_number.clone() })
    }
}

/// Returns the serial ports of this machine, sorted by name.
pub fn all_ports() -> Vec<SerialPortInfo> {
    // The serialport crate panics if there is no such folder, as in some containers.
    if cfg!(target_os = "linux") && !Path::new("/sys/class/tty").is_dir() {
        return Vec::new();
    }
    let mut ports = serialport::available_ports().unwrap_or_default();
    // macOS gives each port two names; this is the one that waits for a modem's carrier.
    ports.retain(|port| !(cfg!(target_os = "macos") && port.port_name.starts_with("/dev/tty.")));
    // Sorts ttyUSB2 before ttyUSB10.
    ports.sort_by_cached_key(|port| (port.port_name.len(), port.port_name.clone()));
    ports
}

/// A serial port of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPort {
    /// The name that it is opened by.
    pub name: String,
    /// The USB device that is plugged in there, if it is one.
    pub usb: Option<FoundUsb>,
}

/// A USB device that is a serial port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUsb {
    /// The vendor id.
    pub vendor_id: u16,
    /// The product id.
    pub product_id: u16,
    /// What it calls itself.
    pub product: Option<String>,
    /// Its serial number.
    pub serial_number: Option<String>,
}

/// Returns the serial ports of this machine, sorted by name.
pub fn found_ports() -> Vec<FoundPort> {
    let usb = |port: &SerialPortInfo| match &port.port_type {
        SerialPortType::UsbPort(usb) => Some(FoundUsb {
            vendor_id: usb.vid,
            product_id: usb.pid,
            product: usb.product.clone().or_else(|| usb.manufacturer.clone()),
            serial_number: usb.serial_number.clone(),
        }),
        _ => None,
    };
    all_ports().iter().map(|port| FoundPort { name: port.port_name.clone(), usb: usb(port) }).collect()
}

/// Returns a line for each port: its name, and what is plugged in there, if known.
pub fn listed<'a>(ports: impl IntoIterator<Item = &'a SerialPortInfo>) -> Vec<String> {
    let ports: Vec<&SerialPortInfo> = ports.into_iter().collect();
    let width = ports.iter().map(|port| port.port_name.len()).max().unwrap_or_default();
    let line =
        |port: &&SerialPortInfo| format!("{:<width$}  {}", port.port_name, plugged_in(port)).trim_end().to_owned();
    ports.iter().map(line).collect()
}

/// Returns `product (serial number)` of what is plugged in.
fn plugged_in(port: &SerialPortInfo) -> String {
    let SerialPortType::UsbPort(usb) = &port.port_type else { return String::new() };
    let said = |word: &Option<String>| word.as_deref().map(str::trim).filter(|word| !word.is_empty()).map(escaped);
    let product = said(&usb.product).or_else(|| said(&usb.manufacturer));
    let product = product.unwrap_or_else(|| format!("USB {:04x}:{:04x}", usb.vid, usb.pid));
    match said(&usb.serial_number) {
        Some(serial_number) => format!("{product} ({serial_number})"),
        None => product,
    }
}
