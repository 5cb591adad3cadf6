//! `lifeboot ports`

use crate::error::Error;
use lifeboot_report::{Port, Ports};
use lifeboot_serial::found_ports;

/// List the serial ports of this machine, with what is plugged in
///
/// Opens none of them. Without --port, the other commands take the only USB serial port there is.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot ports
  lifeboot ports --json")]
pub struct Arguments {}

pub fn run(_: &Arguments) -> Result<Ports, Error> {
    let report = |port: lifeboot_serial::FoundPort| Port {
        name: port.name,
        usb: port.usb.is_some(),
        vendor_id: port.usb.as_ref().map(|usb| usb.vendor_id),
        product_id: port.usb.as_ref().map(|usb| usb.product_id),
        product: port.usb.as_ref().and_then(|usb| usb.product.clone()),
        serial_number: port.usb.and_then(|usb| usb.serial_number),
    };
    Ok(Ports { ports: found_ports().into_iter().map(report).collect() })
}
