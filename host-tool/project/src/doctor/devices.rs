//! The serial ports and debug probes that are plugged in, and whether the user may open them. Nothing is opened,
//! because opening a serial port may reset the board behind it.

use super::environment::Environment;
use super::finding::Finding;
use std::fs;
use std::path::{Path, PathBuf};

/// USB vendor and product ids of debug probes: CMSIS-DAP of Arm's DAPLink, ST-Link, J-Link, and the probe of the
/// Raspberry Pi foundation. Products are compared by their beginning, so an empty one matches any.
const PROBES: [(&str, &str); 4] = [("0d28", "0204"), ("0483", "37"), ("1366", ""), ("2e8a", "000c")];
/// <https://probe.rs/docs/getting-started/probe-setup/#linux-udev-rules>
const UDEV: &str = "sudo curl --proto '=https' -sSfo /etc/udev/rules.d/69-probe-rs.rules \
                    https://probe.rs/files/69-probe-rs.rules && sudo udevadm control --reload && sudo udevadm trigger";

pub(super) fn examine(environment: &Environment) -> Vec<Finding> {
    let mut findings = serial(environment);
    findings.extend(probes(environment));
    findings
}

fn serial(environment: &Environment) -> Vec<Finding> {
    let root = &environment.root;
    let named = environment.port.as_deref();
    if let Some(address) = named.and_then(|port| port.strip_prefix("tcp:")) {
        return vec![Finding::ok("port", format!("{address}, over TCP; lifeboot status tries it"))];
    }
    let is_adapter = |name: &str| ["ttyACM", "ttyUSB"].iter().any(|start| name.starts_with(start));
    let mut ports: Vec<String> = fs::read_dir(root.join("dev"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .filter(|name| is_adapter(name))
        .map(|name| format!("/dev/{name}"))
        .collect();
    ports.sort();
    // If the project names a port, only that port counts, whatever its name.
    ports.retain(|port| named.is_none_or(|named| named == port));
    ports.extend(named.filter(|named| !ports.iter().any(|port| port == named)).map(str::to_owned));
    if ports.is_empty() {
        let text = "no USB serial port is plugged in";
        return vec![Finding::missing("port", text, "plug the device in, or check its cable (some carry power only)")];
    }
    ports.iter().map(|port| permission(root, port)).collect()
}

fn permission(root: &Path, port: &str) -> Finding {
    let subject = format!("port {port}");
    let path = root.join(port.trim_start_matches('/'));
    let Some(access) = Access::of(root, &path) else {
        let fix = "plug the device in, or name another port: lifeboot doctor --port PORT";
        return Finding::missing(subject, "is not there", fix).required(true);
    };
    if access.is_allowed {
        return Finding::ok(subject, "may be opened");
    }
    let Access { group, user, .. } = access;
    let text = format!("belongs to the group {group}, which you are not in");
    let fix = match is_listed(root, &group, &user) {
        true => format!("log in again, so that your programs are in the group {group}; or newgrp {group}"),
        false => format!("sudo usermod -aG {group} $USER, then log in again"),
    };
    Finding::broken(subject, text, fix).required(true)
}

fn probes(environment: &Environment) -> Vec<Finding> {
    let root = &environment.root;
    let mut findings = Vec::new();
    if !environment.flashes {
        let text = "this lifeboot was built without debug probes";
        findings.push(Finding::missing("flashing", text, "cargo install --path host-tool --features probe"));
    }
    let devices = fs::read_dir(root.join("sys/bus/usb/devices")).into_iter().flatten().flatten();
    let mut probes: Vec<Finding> = devices.filter_map(|device| probe(root, &device.path())).collect();
    probes.sort_by(|one, other| one.subject.cmp(&other.subject));
    if probes.is_empty() {
        let text = "none is plugged in";
        let fix = "plug one in; or flash what lifeboot provision writes with another tool";
        probes.push(Finding::missing("debug probe", text, fix));
    }
    findings.extend(probes);
    findings
}

/// Returns the finding for a USB device; `None` if it is not a debug probe.
fn probe(root: &Path, device: &Path) -> Option<Finding> {
    let read = |name: &str| Some(fs::read_to_string(device.join(name)).ok()?.trim().to_owned());
    let (maker, product) = (read("idVendor")?, read("idProduct")?);
    PROBES.iter().find(|(known, start)| maker == *known && product.starts_with(start))?;
    let name = read("product").unwrap_or_else(|| "a debug probe".to_owned());
    let subject = format!("debug probe {maker}:{product}");
    let (bus, number): (u32, u32) = (read("busnum")?.parse().ok()?, read("devnum")?.parse().ok()?);
    let node = format!("/dev/bus/usb/{bus:03}/{number:03}");
    Some(match Access::of(root, &root.join(node.trim_start_matches('/'))) {
        Some(access) if access.is_allowed => Finding::ok(subject, format!("{name}, may be opened")),
        _ => Finding::broken(subject, format!("{name}: you may not open {node}"), UDEV),
    })
}

/// Whether the user may read and write a file, and the group that may.
struct Access {
    is_allowed: bool,
    group: String,
    user: String,
}

impl Access {
    /// Returns `None` if there is no such file.
    #[cfg(unix)]
    fn of(root: &Path, path: &Path) -> Option<Access> {
        use std::os::unix::fs::MetadataExt;
        let file = fs::metadata(path).ok()?;
        let person = Person::read(root);
        let both = 0o6;
        let wanted = if file.uid() == person.user {
            both << 6
        } else if person.groups.contains(&file.gid()) {
            both << 3
        } else {
            both
        };
        let is_allowed = person.user == 0 || file.mode() & wanted == wanted;
        let group = name_of(&root.join("etc/group"), file.gid()).unwrap_or_else(|| file.gid().to_string());
        let user = name_of(&root.join("etc/passwd"), person.user).unwrap_or_default();
        Some(Access { is_allowed, group, user })
    }

    #[cfg(not(unix))]
    fn of(_: &Path, path: &Path) -> Option<Access> {
        path.exists().then(|| Access { is_allowed: true, group: String::new(), user: String::new() })
    }
}

/// The user and the groups that this process runs as; root if the system does not report them.
struct Person {
    user: u32,
    #[cfg(unix)]
    groups: Vec<u32>,
}

impl Person {
    fn read(root: &Path) -> Person {
        let text = fs::read_to_string(root.join("proc/self/status")).unwrap_or_default();
        let numbers = |name: &str| -> Vec<u32> {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().filter_map(|number| number.parse().ok()).collect()
        };
        // Real, effective, saved, file system: the effective id counts.
        let effective = |name: &str| numbers(name).get(1).copied().unwrap_or(0);
        Person {
            user: effective("Uid:"),
            #[cfg(unix)]
            groups: [numbers("Groups:"), vec![effective("Gid:")]].concat(),
        }
    }
}

pub(super) fn is_root(root: &Path) -> bool {
    Person::read(root).user == 0
}

/// Returns the name with this number in a file like `/etc/passwd`.
#[cfg(unix)]
fn name_of(file: &Path, number: u32) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let line = lines.find(|line| line.get(2).is_some_and(|field| *field == number.to_string()))?;
    line.first().map(|name| (*name).to_owned())
}

/// Returns whether `/etc/group` lists the user in the group, even if this session started before that.
fn is_listed(root: &Path, group: &str, user: &str) -> bool {
    let text = fs::read_to_string(PathBuf::from(root).join("etc/group")).unwrap_or_default();
    text.lines().any(|line| {
        let mut fields = line.split(':');
        let is_group = fields.next() == Some(group);
        is_group && fields.nth(2).is_some_and(|members| members.split(',').any(|member| member == user))
    })
}
