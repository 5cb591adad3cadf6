//! USB serial adapters: which one is meant, and those that are unplugged and come back.

use crate::device::Device;
use crate::line::Wire;
use crate::ports::{carry, carry_until, lifeboot};
use crate::pushes::recipe;
use crate::reported::line;
use lifeboot_client::link::{Link, LinkEvent};
use lifeboot_client::push::{Options, PushOutcome, push};
use lifeboot_example_boards::MICROBIT;
use lifeboot_report::Failure;
use lifeboot_serial::{Adapter, BAUD, Port, choose, serial_ports};
use serialport::{SerialPort, SerialPortInfo, SerialPortType, TTYPort, UsbPortInfo};
use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// A port with a USB adapter, as the system lists it.
fn usb(name: &str, product: Option<&str>, serial_number: Option<&str>) -> SerialPortInfo {
    SerialPortInfo {
        port_name: name.to_owned(),
        port_type: SerialPortType::UsbPort(UsbPortInfo {
            vid: 0x2e8a,
            pid: 10,
            serial_number: serial_number.map(str::to_owned),
            manufacturer: Some(" ".to_owned()),
            product: product.map(str::to_owned),
            interface: None,
        }),
    }
}

#[test]
fn without_a_name_the_only_usb_port_is_taken() {
    let built_in = SerialPortInfo { port_name: "/dev/ttyS0".to_owned(), port_type: SerialPortType::PciPort };
    let (pico, unnamed) = (usb("/dev/ttyACM0", Some("Pico"), None), usb("/dev/ttyUSB1", None, None));
    let chosen = |ports: &[&SerialPortInfo]| choose(&ports.iter().copied().cloned().collect::<Vec<_>>());
    let said = |ports: &[&SerialPortInfo]| Failure::new(&chosen(ports).unwrap_err()).to_string();

    assert_eq!(chosen(&[&built_in, &pico]).unwrap(), "/dev/ttyACM0");
    let numbered = usb("/dev/ttyACM10", Some(" Debug Probe "), Some("E66058388335"));
    assert_eq!(
        said(&[&pico, &built_in, &unnamed, &numbered]),
        "error: 3 USB serial ports are plugged in\n  help: name one of these with --port or LIFEBOOT_PORT:\n    \
         /dev/ttyACM0   Pico\n    \
         /dev/ttyUSB1   USB 2e8a:000a\n    \
         /dev/ttyACM10  Debug Probe (E66058388335)"
    );
    let advice =
        "error: no USB serial port is plugged in\n  help: plug the device in, or check its cable (some carry power \
                  only)"
            .to_owned();
    assert_eq!(said(&[]), advice);
    assert_eq!(
        said(&[&built_in]),
        advice + "; or name a port of this machine with --port or LIFEBOOT_PORT:\n    /dev/ttyS0"
    );
}

/// Independently of this machine's ports.
#[test]
fn a_port_that_is_not_there_leads_to_those_that_are() {
    let output = lifeboot(&["status", "--port", "/dev/ttyNone7"]);
    let help = match serial_ports() {
        ports if ports.is_empty() => {
            "no serial port was found: plug the device in, or check its cable (some carry power only)".to_owned()
        }
        ports => format!("name one of these with --port or LIFEBOOT_PORT:\n    {}", ports.join("\n    ")),
    };
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!("error: there is no port /dev/ttyNone7\n  help: {help}\n")
    );
}

/// Whatever this machine has, each of its ports is listed.
#[test]
fn the_ports_of_this_machine_are_listed() {
    let report = line("ports", &lifeboot(&["ports", "--json"]));
    let names: Vec<&str> =
        report["ports"].as_array().unwrap().iter().map(|port| port["name"].as_str().unwrap()).collect();
    let text = String::from_utf8(lifeboot(&["ports"]).stdout).unwrap();
    assert_eq!(names.len(), serial_ports().len());
    for (name, listed) in names.iter().zip(serial_ports()) {
        assert!(listed.starts_with(name) && text.contains(&format!("| {name} ")), "{listed}: {text}");
    }
    assert_eq!(names.is_empty(), text.starts_with("no serial port was found: plug the device in"), "{text}");
}

#[test]
fn an_adapter_is_found_again_under_another_name() {
    let before = [usb("/dev/ttyACM0", None, Some("E66")), usb("/dev/ttyACM1", None, Some("E77"))];
    let adapter = Adapter::at("/dev/ttyACM0", &before).unwrap();
    let moved = [usb("/dev/ttyACM1", None, Some("E77")), usb("/dev/ttyACM2", None, Some("E66"))];
    assert_eq!(adapter.find("/dev/ttyACM0", &moved), Some("/dev/ttyACM2"));
    // Another adapter with the old name is not taken for it.
    let other = [usb("/dev/ttyACM0", None, Some("E77"))];
    assert_eq!(adapter.find("/dev/ttyACM0", &other), None);
    // Unless that is the name that was given: an update may change what a device calls itself.
    assert_eq!(adapter.find_or_given("/dev/ttyACM0", "/dev/ttyACM0", &other), Some("/dev/ttyACM0"));
    assert_eq!(adapter.find_or_given("/dev/ttyACM0", "/dev/ttyACM1", &other), None);
    assert_eq!(adapter.find_or_given("/dev/ttyACM0", "/dev/ttyACM1", &moved), Some("/dev/ttyACM2"));
    let built_in = [SerialPortInfo { port_name: "/dev/ttyACM0".to_owned(), port_type: SerialPortType::PciPort }];
    assert_eq!(adapter.find_or_given("/dev/ttyACM0", "/dev/ttyACM0", &built_in), None);
    // Two that differ only in their names.
    let twins = [usb("/dev/ttyUSB0", None, None), usb("/dev/ttyUSB1", None, None)];
    let twin = Adapter::at("/dev/ttyUSB1", &twins).unwrap();
    assert_eq!(twin.find("/dev/ttyUSB1", &twins), Some("/dev/ttyUSB1"));
    assert_eq!(twin.find("/dev/ttyUSB2", &twins), None);
}

/// Plugs an adapter in: a new terminal behind an old name. Returns its far end, and what keeps it open while no host is
/// there.
#[cfg(unix)]
fn plug_in(name: &Path) -> (TTYPort, File) {
    let (mut adapter, port) = TTYPort::pair().unwrap();
    adapter.set_timeout(Duration::from_millis(1)).unwrap();
    let node = port.name().unwrap();
    let held = File::options().read(true).write(true).open(&node).unwrap();
    std::os::unix::fs::symlink(&node, name).unwrap();
    (adapter, held)
}

#[test]
#[cfg(unix)]
fn a_push_survives_an_adapter_that_is_unplugged_and_plugged_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("adapter");
    let mut first = Some(plug_in(&name));
    let (held, holding) = mpsc::channel();
    let (seen, missed) = mpsc::channel();
    let server = thread::spawn({
        let name = name.clone();
        move || {
            let mut wire = Wire::to(Device::new(&MICROBIT));
            let (adapter, _) = first.as_mut().unwrap();
            carry_until(&mut wire, adapter, |carried| carried > 3000);
            std::fs::remove_file(&name).unwrap();
            drop(first);
            missed.recv().unwrap();
            let (mut second, file) = plug_in(&name);
            held.send(file).unwrap();
            carry(&mut wire, &mut second);
        }
    });
    let connections = Arc::new(AtomicU32::new(0));
    let mut link = Link::new(Port::open(name.to_str().unwrap(), BAUD).unwrap(), 1).with_listener({
        let connections = connections.clone();
        move |_, heard| match heard {
            LinkEvent::Lost(_) => seen.send(()).unwrap(),
            LinkEvent::Connected => {
                connections.fetch_add(1, Relaxed);
            }
            _ => {}
        }
    });
    let pushed = push(&mut link, &recipe(&MICROBIT, 1, 9000).image(), &Options::default(), &mut ()).unwrap();
    assert_eq!((pushed.outcome, connections.load(Relaxed)), (PushOutcome::Confirmed, 1));
    drop((link, holding.recv().unwrap()));
    server.join().unwrap();
}
