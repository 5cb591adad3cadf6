//! The port that is meant where nobody has named one: the only USB serial port there is. A port that is built into the
//! machine is never taken for a device, since most machines have some that lead nowhere.

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
