//! The devices of a `fleet.toml`.

use super::error::{FleetError, Source, Wrong, wrong};
use super::values::{Table, Value};
use crate::device::DeviceId;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const KEYS: [&str; 3] = ["id", "port", "labels"];
const EXAMPLE: &str = "[[device]]";
/// How many digits an id has: two for each of the up to 16 bytes that the wire carries.
const DIGITS: RangeInclusive<usize> = 2..=32;

/// A device of a fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetDevice {
    /// The device.
    pub id: DeviceId,
    /// The port at which it is looked for first; `None` if it may be at any.
    pub port: Option<String>,
    /// Its labels, by which waves take it.
    pub labels: BTreeMap<String, String>,
    /// The line of the file at which it begins, counted from 1; 0 if it is in none.
    pub line: usize,
}

impl FleetDevice {
    /// Returns the device at a port that reports no id.
    pub fn at_port(port: &str) -> FleetDevice {
        FleetDevice::new(DeviceId::at_port(port), Some(port.to_owned()))
    }

    /// Returns a device without labels.
    pub fn new(id: DeviceId, port: Option<String>) -> FleetDevice {
        FleetDevice { id, port, labels: BTreeMap::new(), line: 0 }
    }
}

/// Reads all devices.
pub fn devices(table: &Table, source: Source) -> Result<Vec<FleetDevice>, FleetError> {
    let tables = table.tables("device", EXAMPLE)?;
    if tables.is_empty() {
        let help = "add a table for each device: [[device]], id = \"…\"; lifeboot devices lists the ids".to_owned();
        return Err(source.error(0, Wrong { what: "the fleet has no devices".to_owned(), help }));
    }
    let mut all = Vec::new();
    let (mut ids, mut ports) = (BTreeMap::new(), BTreeMap::new());
    for table in tables {
        let device = device(&table, source)?;
        if let Some(line) = ids.insert(device.id.clone(), device.line) {
            let (what, help) = (format!("the device {} is in line {line} already", device.id), "name each device once");
            return Err(source.error(table.at, Wrong { what, help: help.to_owned() }));
        }
        if let Some(port) = &device.port
            && let Some(line) = ports.insert(port.clone(), device.line)
        {
            let what = format!("the device in line {line} is at the port {port} already");
            let help = "leave the port out: devices are found by their id, whichever port they are at".to_owned();
            return Err(source.error(table.at, Wrong { what, help }));
        }
        all.push(device);
    }
    Ok(all)
}

fn device(table: &Table, source: Source) -> Result<FleetDevice, FleetError> {
    table.only("a device", &KEYS)?;
    let id = table.value("id").map(|value| value.read("\"00112233445566aa\"", device_id)).transpose()?;
    let port = table.value("port").map(|value| value.text("\"/dev/ttyACM0\"")).transpose()?;
    let id = match (id, port) {
        (Some(id), _) => id,
        (None, Some(port)) => DeviceId::at_port(port),
        (None, None) => {
            let help = "add its id, or the port that it is always at: lifeboot devices lists both".to_owned();
            return Err(source.error(table.at, Wrong { what: "a device has neither id nor port".to_owned(), help }));
        }
    };
    let labels = table.value("labels").map(labels).transpose()?.unwrap_or_default();
    Ok(FleetDevice { id, port: port.map(str::to_owned), labels, line: source.line(table.at) })
}

/// Reads a device's id, in letters of any case.
fn device_id(text: &str) -> Result<DeviceId, Wrong> {
    let is_legal = DIGITS.contains(&text.len())
        && text.len().is_multiple_of(2)
        && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_legal {
        true => Ok(DeviceId(text.to_ascii_lowercase())),
        false => {
            wrong(format!("{text:?} is no device id"), "write its hexadecimal digits, as lifeboot devices lists it")
        }
    }
}

/// Reads a device's name as a wave has it: an id, or `port:` and a port.
pub fn named(text: &str) -> Result<DeviceId, Wrong> {
    if text.starts_with("port:") { Ok(DeviceId(text.to_owned())) } else { device_id(text) }
}

/// Reads labels. A number is the text of its digits.
pub fn labels(value: Value) -> Result<BTreeMap<String, String>, FleetError> {
    let table = value.table("{ line = \"3\" }")?;
    let pairs = table.values().iter().map(|value| {
        let text = match value.number() {
            Some(number) => number?.to_string(),
            None => value.text("\"3\"")?.to_owned(),
        };
        Ok((value.key.to_owned(), text))
    });
    pairs.collect()
}
