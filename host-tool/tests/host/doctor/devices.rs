//! Serial ports and debug probes, and who may open them: on folders that simulate machines.

use crate::command_line::Folder;
use lifeboot_project::doctor::{Environment, Finding, State, examine};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// A folder that simulates a machine whose user has this number and these groups.
fn machine(user: u32, groups: &str, members: &str) -> Folder {
    let folder = Folder::new();
    for name in ["proc/self", "etc", "dev/bus/usb/001", "sys/bus/usb/devices/1-2", "sys/bus/usb/devices/usb1"] {
        fs::create_dir_all(folder.0.path().join(name)).unwrap();
    }
    let group = fs::metadata(folder.0.path()).unwrap().gid();
    let status = format!("Name:\tlifeboot\nUid:\t1\t{user}\t1\t1\nGid:\t4000\t4000\t4000\t4000\nGroups:\t{groups}\n");
    folder.put("proc/self/status", status.as_bytes());
    folder.put("etc/passwd", format!("root:x:0:0::/:\nada:x:{user}:4000::/home/ada:\n").as_bytes());
    folder.put("etc/group", format!("other:x:77777:\ndialers:x:{group}:{members}\n").as_bytes());
    folder
}

fn device(folder: &Folder, name: &str, mode: u32) {
    folder.put(name, b"");
    fs::set_permissions(folder.0.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
}

fn findings(folder: &Folder, port: Option<&str>, start: &str) -> Vec<(State, bool, String, Option<String>)> {
    let root = folder.0.path().to_owned();
    let port = port.map(str::to_owned);
    let flashes = cfg!(feature = "probe");
    let found = examine(&Environment { folder: root.clone(), root, port, flashes, ..Environment::default() });
    let of = |finding: Finding| {
        (finding.state, finding.required, format!("{}: {}", finding.subject, finding.text), finding.fix)
    };
    found.into_iter().filter(|finding| finding.subject.starts_with(start)).map(of).collect()
}

#[test]
fn ports_that_the_user_may_not_open_are_found() {
    let mine = fs::metadata(Path::new("/proc/self")).unwrap().uid();
    let (somebody, group) = (mine + 1, fs::metadata(tempfile::tempdir().unwrap().path()).unwrap().gid());
    let ok = |port: &str| vec![(State::Ok, false, format!("port {port}: may be opened"), None)];
    let shut = |port: &str, fix: &str| {
        let text = format!("port {port}: belongs to the group dialers, which you are not in");
        vec![(State::Broken, true, text, Some(fix.to_owned()))]
    };

    let folder = machine(somebody, "4 24", "grace");
    let none = "port: no USB serial port is plugged in".to_owned();
    let cable = "plug the device in, or check its cable (some carry power only)".to_owned();
    assert_eq!(findings(&folder, None, "port"), [(State::Missing, false, none, Some(cable))]);
    device(&folder, "dev/ttyACM0", 0o660);
    device(&folder, "dev/ttyS0", 0o660);
    let join = "sudo usermod -aG dialers $USER, then log in again";
    assert_eq!(findings(&folder, None, "port"), shut("/dev/ttyACM0", join));
    assert_eq!(findings(&folder, Some("/dev/ttyS0"), "port"), shut("/dev/ttyS0", join));
    device(&folder, "dev/ttyACM0", 0o666);
    assert_eq!(findings(&folder, None, "port"), ok("/dev/ttyACM0"));
    let missing = findings(&folder, Some("/dev/ttyUSB3"), "port").remove(0);
    assert_eq!((missing.0, missing.1), (State::Missing, true));

    let listed = machine(somebody, "4 24", "grace,ada");
    device(&listed, "dev/ttyUSB0", 0o660);
    let again = "log in again, so that your programs are in the group dialers; or newgrp dialers";
    assert_eq!(findings(&listed, None, "port"), shut("/dev/ttyUSB0", again));
    let member = machine(somebody, &format!("4 {group}"), "grace,ada");
    device(&member, "dev/ttyUSB0", 0o660);
    assert_eq!(findings(&member, None, "port"), ok("/dev/ttyUSB0"));
    let owner = machine(mine, "4", "");
    device(&owner, "dev/ttyUSB0", 0o600);
    assert_eq!(findings(&owner, None, "port"), ok("/dev/ttyUSB0"));
    let root = machine(0, "", "");
    device(&root, "dev/ttyUSB0", 0o000);
    assert_eq!(findings(&root, None, "port"), ok("/dev/ttyUSB0"));
}

#[test]
fn probes_that_the_user_may_not_open_are_found() {
    let mine = fs::metadata(Path::new("/proc/self")).unwrap().uid();
    let folder = machine(mine + 1, "4", "");
    let usb = "sys/bus/usb/devices/1-2";
    let put = |maker: &str, product: &str| {
        for (name, text) in
            [("idVendor", maker), ("idProduct", product), ("busnum", "1"), ("devnum", "7"), ("product", "A thing")]
        {
            folder.put(&format!("{usb}/{name}"), format!("{text}\n").as_bytes());
        }
    };
    let none = || findings(&folder, None, "debug probe").remove(0).2;
    assert_eq!(none(), "debug probe: none is plugged in");
    put("046d", "c077");
    assert_eq!(none(), "debug probe: none is plugged in");
    for (maker, product) in [("0d28", "0204"), ("0483", "374b"), ("1366", "0105"), ("2e8a", "000c")] {
        put(maker, product);
        device(&folder, "dev/bus/usb/001/007", 0o660);
        let shut = findings(&folder, None, "debug probe").remove(0);
        let text = format!("debug probe {maker}:{product}: A thing: you may not open /dev/bus/usb/001/007");
        assert_eq!((shut.0, shut.2), (State::Broken, text));
        assert!(shut.3.unwrap().contains("/etc/udev/rules.d/69-probe-rs.rules"));
        device(&folder, "dev/bus/usb/001/007", 0o666);
        let open = findings(&folder, None, "debug probe").remove(0);
        assert_eq!((open.0, open.2), (State::Ok, format!("debug probe {maker}:{product}: A thing, may be opened")));
    }
    let flashing = findings(&folder, None, "flashing");
    assert_eq!(flashing.is_empty(), cfg!(feature = "probe"));
}
