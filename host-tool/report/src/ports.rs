//! `lifeboot ports`: the serial ports of this machine.

use crate::table::table;
use lifeboot_client::text::escaped;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// The serial ports of this machine.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Ports {
    /// The ports, sorted by name.
    pub ports: Vec<Port>,
}

/// A serial port.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Port {
    /// The name that --port takes.
    pub name: String,
    /// Whether it is a USB device; others are built into the machine.
    pub usb: bool,
    /// The USB vendor id; `null` if it is not a USB device.
    pub vendor_id: Option<u16>,
    /// The USB product id; `null` if it is not a USB device.
    pub product_id: Option<u16>,
    /// What the USB device calls itself; `null` if it does not say.
    pub product: Option<String>,
    /// The USB device's serial number; `null` if it does not say.
    pub serial_number: Option<String>,
}

impl Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ports.is_empty() {
            return f
                .write_str("no serial port was found: plug the device in, or check its cable (some carry power only)");
        }
        let text = |text: &Option<String>| text.as_deref().map(escaped).unwrap_or_default();
        let rows = self.ports.iter().map(|port| {
            let id = match (port.vendor_id, port.product_id) {
                (Some(vendor), Some(product)) => format!("{vendor:04x}:{product:04x}"),
                _ => String::new(),
            };
            let product = if port.usb { text(&port.product) } else { "built in".to_owned() };
            [port.name.clone(), product, text(&port.serial_number), id]
        });
        f.write_str(&table(["port", "device", "serial number", "USB id"], rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_listed_with_what_they_are() {
        let usb = Port {
            name: "/dev/ttyACM0".to_owned(),
            usb: true,
            vendor_id: Some(0x2e8a),
            product_id: Some(10),
            product: Some("Pico\x1b[2J".to_owned()),
            serial_number: Some("E660".to_owned()),
        };
        let built_in = Port {
            name: "/dev/ttyS0".to_owned(),
            usb: false,
            vendor_id: None,
            product_id: None,
            product: None,
            serial_number: None,
        };
        let text = Ports { ports: vec![built_in, usb] }.to_string();
        assert!(text.contains("| /dev/ttyS0   | built in "), "{text}");
        assert!(text.contains("| /dev/ttyACM0 | Pico\\x1b[2J | E660          | 2e8a:000a |"), "{text}");
        assert!(Ports { ports: Vec::new() }.to_string().starts_with("no serial port was found"));
    }
}
