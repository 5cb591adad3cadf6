//! `fleet.toml`: what it says, and what is refused at which line.

use lifeboot_fleet::definition::{AbsentRule, Flow, ImageName, Limit, RolloutId, Wave};
use lifeboot_fleet::fleet_file::{Fleet, FleetDevice};
use miette::Diagnostic;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

fn parse(text: &str) -> Result<Fleet, lifeboot_fleet::fleet_file::FleetError> {
    Fleet::parse(Path::new("fleet.toml"), text)
}

fn id(name: &str) -> RolloutId {
    RolloutId::new(name).unwrap()
}

fn waves(text: &str, rollout: &str) -> Vec<Wave> {
    parse(text).and_then(|fleet| fleet.waves(&id(rollout))).unwrap_or_else(|error| panic!("{error}"))
}

/// The error of a fleet, or of its waves, with its help.
fn error(text: &str) -> (String, String) {
    let error = parse(text).and_then(|fleet| fleet.waves(&id("r"))).unwrap_err();
    (error.to_string(), error.help().unwrap().to_string())
}

fn many(count: u32) -> String {
    (0..count)
        .map(|number| format!("[[device]]\nid = \"{number:016x}\"\nlabels = {{ line = {} }}\n", number % 4))
        .collect()
}

const TWO: &str = "[[device]]\nid = \"aa01\"\nlabels = { line = \"3\" }\n[[device]]\nid = \"aa02\"\nport = \"COM3\"\n";

#[test]
fn a_fleet_without_waves_has_a_canary_and_the_rest() {
    let waves = waves(&many(10), "r");
    assert_eq!(waves.iter().map(|wave| wave.devices.len()).collect::<Vec<_>>(), [1, 9]);
    let [canary, rest] = &waves[..] else { panic!() };
    assert_eq!((canary.parallel, canary.max_failures, canary.min_finished), (1, Limit::Count(0), 1));
    assert_eq!((rest.parallel, rest.max_failures, rest.min_finished), (4, Limit::Percent(5), 9));
    assert_eq!((rest.soak, rest.approve), (Duration::ZERO, false));
    let ports = Fleet::of_devices(vec![FleetDevice::at_port("COM3"), FleetDevice::at_port("COM4")]);
    assert_eq!(ports.waves(&id("r")).unwrap().len(), 2);
    let one = Fleet::of_devices(vec![FleetDevice::at_port("COM3")]);
    assert_eq!(one.waves(&id("r")).unwrap().len(), 1);
    let image = ImageName { version: "1.2.3".to_owned(), digest: "00".to_owned(), board: "acme".to_owned(), map: 1 };
    let none = Fleet::of_devices(Vec::new()).definition(id("r"), vec![image.clone()], Flow::Update);
    assert_eq!(none.unwrap_err().to_string(), "the rollout has no devices");
    let twice = Fleet::of_devices(vec![FleetDevice::at_port("COM3"), FleetDevice::at_port("COM3")]);
    let error = twice.definition(id("r"), vec![image], Flow::Update).unwrap_err().to_string();
    assert_eq!(error, "the device port:COM3 is in two waves, or twice in one");
}

#[test]
fn what_is_written_is_kept() {
    let text = format!(
        "silent-after = \"90s\"\nabsent = \"fail\"\nwindow = \"22:00-05:00 local\"\n{TWO}[[wave]]\n\
         name = \"first\"\nlabels = {{ line = 3 }}\nparallel = 2\nmax-failures = 1\nmin-finished = 1\nsoak = \"1h\"\napprove = true\n[[wave]]\nrest = true\n"
    );
    let fleet = parse(&text).unwrap();
    assert_eq!((fleet.rules().silent_after, fleet.rules().absent), (Duration::from_secs(90), AbsentRule::Fail));
    assert!(fleet.rules().window.is_some());
    assert_eq!(fleet.devices()[1].port.as_deref(), Some("COM3"));
    let [first, rest] = &fleet.waves(&id("r")).unwrap()[..] else { panic!() };
    assert_eq!((first.name.as_str(), first.devices[0].0.as_str()), ("first", "aa01"));
    assert_eq!((first.parallel, first.max_failures, first.min_finished), (2, Limit::Count(1), 1));
    assert_eq!((first.soak, first.approve), (Duration::from_secs(3600), true));
    assert_eq!(rest.name, "wave 2");
}

#[test]
fn percent_take_the_same_devices_each_time_and_others_for_another_rollout() {
    let text = many(1000) + "[[wave]]\npercent = 10\n[[wave]]\npercent = \"50%\"\n[[wave]]\nrest = true\n";
    let taken = waves(&text, "1.2.3");
    assert_eq!(taken.iter().map(|wave| wave.devices.len()).collect::<Vec<_>>(), [100, 450, 450]);
    assert_eq!(taken, waves(&text, "1.2.3"));
    let reversed: String = text.split("[[device]]").collect::<Vec<_>>()[1..1000]
        .iter()
        .rev()
        .map(|device| format!("[[device]]{device}"))
        .collect();
    let reversed = reversed + "[[device]]" + text.split("[[device]]").last().unwrap();
    assert_eq!(taken[0], waves(&reversed, "1.2.3")[0], "the order of the file does not matter");
    let first: BTreeSet<_> = taken[0].devices.iter().cloned().collect();
    let other = waves(&text, "1.2.4");
    let both = other[0].devices.iter().filter(|device| first.contains(device)).count();
    assert!(both < 40, "{both} of 100 are in both");
}

#[test]
fn a_device_is_where_it_is_named_and_else_where_it_fits_first() {
    let text = many(8)
        + "[[wave]]\nlabels = { line = 1 }\n"
        + "[[wave]]\ndevices = [\"0000000000000001\", \"0000000000000002\"]\n[[wave]]\nrest = true\n";
    let names = |wave: &Wave| wave.devices.iter().map(|device| device.0[15..].to_owned()).collect::<String>();
    assert_eq!(waves(&text, "r").iter().map(names).collect::<Vec<_>>(), ["5", "12", "03467"]);
}

#[test]
fn each_error_names_its_line_and_what_to_write() {
    let wave = |rules: &str| format!("{TWO}[[wave]]\n{rules}\n[[wave]]\nrest = true\n");
    let cases = [
        (String::new(), "1: the fleet has no devices", "[[device]]"),
        ("a = [".to_owned(), "1: ", "KEY = VALUE"),
        (format!("abcent = \"skip\"\n{TWO}"), "1: a fleet has no abcent", "write absent"),
        (format!("absent = \"skipp\"\n{TWO}"), "1: absent: \"skipp\" is no way to treat", "write skip"),
        (format!("silent-after = 10\n{TWO}"), "1: silent-after: a text in quotes is wanted", "\"10m\""),
        (format!("\nwindow = \"22:00-05:00\"\n{TWO}"), "2: window: it does not say whose hours", "+02:00"),
        (format!("{TWO}[[device]]\nlabels = {{ a = \"b\" }}\n"), "7: a device has neither id nor port", "add its id"),
        (format!("{TWO}[[device]]\nid = \"AA01\"\n"), "7: the device aa01 is in line 1 already", "once"),
        (
            format!("{TWO}[[device]]\nid = \"aa03\"\nport = \"COM3\""),
            "7: the device in line 4 is at the port COM3",
            "by their id",
        ),
        (format!("{TWO}[[device]]\nid = \"press 7\""), "8: id: \"press 7\" is no device id", "hexadecimal"),
        (format!("{TWO}[[device]]\nname = \"press 7\""), "8: a device has no name", "the keys are id, labels, port"),
        (wave("soak = \"10m\""), "7: the wave takes no devices", "write one of devices"),
        (wave("percent = 10\nrest = true"), "7: percent and rest in one wave", "write one of devices"),
        (wave("percent = 101"), "8: percent: 101 percent are more than all", "100 or less"),
        (wave("percent = 50\nname = \"\""), "9: name: a text that is not empty is wanted", "name = \"line 3\""),
        (
            wave("percent = 50\nname = \"a\\u001b[2J\""),
            "9: name: a text without control characters is wanted",
            "line 3",
        ),
        (wave("percent = 0"), "8: percent: a number from 1 to 100 is wanted", "percent = 10"),
        (wave("labels = { lien = \"3\" }"), "8: labels: no device has a label \"lien\"", "write line"),
        (
            wave("labels = { line = \"4\" }"),
            "8: labels: no device has the label line = \"4\"",
            "the values of line are 3",
        ),
        (wave("labels = {}"), "8: labels: a label or more is wanted", "{ line = \"3\" }"),
        (wave("devices = [\"aa04\"]"), "8: devices: the fleet has no device aa04", "write aa01"),
        (wave("devices = [\"aa01\", \"aa01\"]"), "8: devices: aa01 is in line 8 already", "one wave"),
        (wave("devices = []"), "8: devices: a device or more is wanted", "for example"),
        (wave("rest = true"), "7: rest: waves after this one would be empty", "the last wave"),
        (wave("rest = false"), "8: rest: true, or nothing at all, is wanted", "rest = true"),
        (wave("percent = 50\nsoak = \"10\""), "9: soak: \"10\" has a number without a unit", "\"10m\""),
        (wave("percent = 50\nsoak = 10"), "9: soak: a duration has a unit", "write soak = \"10m\""),
        (wave("percent = 50\nparallel = 0"), "9: parallel: 0 is too few: nothing would ever begin", "parallel = 1"),
        (wave("percent = 50\nparallel = -1"), "9: parallel: -1 is no number from 0", "parallel = 5"),
        (
            wave("percent = 50\nmax-failures = \"101%\""),
            "9: max-failures: 101 percent are more than all",
            "100 or less",
        ),
        (wave("percent = 50\nmax_failures = 1"), "9: a wave has no max_failures", "write max-failures"),
        (wave("percent = 50\napprove = \"yes\""), "9: approve: true or false is wanted", "approve = true"),
        (
            wave("percent = 50\nmin-finished = 2"),
            "7: min-finished: the wave \"canary\" has 1 devices, not 2",
            "= 1, or less",
        ),
        (wave("percent = 100"), "9: the wave \"wave 2\" has no devices left", "remove it"),
        (wave("percent = 50\nname = \"wave 2\""), "10: the wave in line 7 is called \"wave 2\" already", "rename"),
        (format!("{TWO}[[wave]]\ndevices = [\"aa01\"]"), "4: no wave takes the device aa02", "rest = true"),
    ];
    for (text, what, help) in cases {
        let (said, advice) = error(&text);
        assert!(said.starts_with(&format!("fleet.toml:{what}")), "{text}\nsays: {said}\nnot: {what}");
        assert!(advice.contains(help), "{said}\nadvises: {advice}\nnot: {help}");
    }
}
