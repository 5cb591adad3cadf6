//! The port that is meant where nobody has named one: the only USB serial port there is. A port that is built into the
//! machine is never taken for a device, since most machines have some that lead nowhere.
//!
//! And the port that was meant, once its adapter is plugged in again: the system may give it another name.

use super::PortError;
use serialport::{SerialPortInfo, SerialPortType};

/// Chooses one of these ports.
///
/// # Errors
/// [`PortError::Unplugged`] and [`PortError::Several`]: there is not just one.
pub fn choose(ports: &[SerialPortInfo]) -> Result<String, PortError> {
    let is_usb = |port: &&SerialPortInfo| matches!(port.port_type, SerialPortType::UsbPort(_));
    let candidates: Vec<&SerialPortInfo> = ports.iter().filter(is_usb).collect();
    match *candidates {
        [only] => Ok(only.port_name.clone()),
        [] => Err(PortError::Unplugged { ports: ports.iter().map(described).collect() }),
        _ => Err(PortError::Several { ports: candidates.into_iter().map(described).collect() }),
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
    /// The adapter at the port of this name; `None` where that is no USB port.
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

/// A port's name, and what is plugged in there, as far as it says so.
pub fn described(port: &SerialPortInfo) -> String {
    let SerialPortType::UsbPort(usb) = &port.port_type else { return port.port_name.clone() };
    let words = [&usb.manufacturer, &usb.product, &usb.serial_number];
    let words: Vec<&str> =
        words.into_iter().flatten().map(|word| word.trim()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return format!("{} (USB {:04x}:{:04x})", port.port_name, usb.vid, usb.pid);
    }
    format!("{} ({})", port.port_name, words.join(", "))
}
