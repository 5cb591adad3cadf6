//! What a link reports while it waits, and that a wait can be cancelled.

use crate::device::{Device, Firmware};
use crate::line::Wire;
use crate::pushes::recipe;
use lifeboot_client::device;
use lifeboot_client::link::{Link, LinkError, LinkEvent, Retry, Waiting};
use lifeboot_client::pipe::Pipe;
use lifeboot_client::push::{Options, Until, push};
use lifeboot_example_boards::MICROBIT;
use lifeboot_logs::Item;
use lifeboot_wire::Command;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A link whose reports of waits are recorded, with the second of each.
fn noting(link: Link<Wire>) -> (Link<Wire>, Arc<Mutex<Vec<String>>>) {
    let said = Arc::new(Mutex::new(Vec::new()));
    let note = said.clone();
    let link = link.with_listener(move |now, heard| {
        if let Some(item) = Item::of(&heard) {
            note.lock().unwrap().push(format!("{} s: {item}", now.as_secs()));
        }
    });
    (link, said)
}

#[test]
fn a_device_that_does_not_answer_is_waited_for_aloud_and_not_for_ever() {
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(0, Firmware::Hangs);
    device.reset(0, lifeboot_core::record::Cause::PowerOn);
    let (mut link, said) = noting(Wire::to(device).link());
    assert!(matches!(link.status(Retry::SHORT), Err(LinkError::Silent)));
    assert_eq!(*said.lock().unwrap(), ["1 s: waiting for the device to answer"]);
    // Once for each silence, not for each repeated request.
    assert!(matches!(link.status(Retry::SHORT), Err(LinkError::Silent)));
    assert_eq!(said.lock().unwrap().len(), 1);
}

/// At 200 bits a second an answer takes longer than all attempts together; but it is arriving.
#[test]
fn an_answer_that_is_arriving_is_waited_for() {
    let wire = Wire::to(Device::new(&MICROBIT));
    (wire.bench_mut().rate, wire.bench_mut().pace) = (1, 50);
    let mut link = wire.link();
    assert_eq!(link.status(Retry::SHORT).unwrap().running, lifeboot_wire::Slot::A);
    assert!(wire.now() > Duration::from_secs(4), "{:?}", wire.now());
    assert!(wire.bench().sent < 100, "the request was repeated: {}", wire.bench().sent);
    // Noise without an end is not waited for without an end.
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(0, Firmware::Hangs);
    device.reset(0, lifeboot_core::record::Cause::PowerOn);
    let wire = Wire::to(device);
    let clock = wire.clone();
    let mut link = wire.link().with_stop(move || {
        clock.bench_mut().device.transmitted.extend([0xfe; 40]);
        false
    });
    assert!(matches!(link.status(Retry::SHORT), Err(LinkError::Silent)));
    assert!(wire.now() < Duration::from_secs(45), "{:?}", wire.now());
}

#[test]
fn a_line_with_a_long_delay_needs_a_longer_time_for_answers() {
    let wire = Wire::to(Device::new(&MICROBIT));
    wire.bench_mut().delay = 2200;
    assert!(matches!(wire.link().status(Retry::SHORT), Err(LinkError::Silent)));
    let mut link = wire.link().with_answer_timeout(Duration::from_secs(10));
    assert!(link.status(Retry::SHORT).is_ok());
    let options = Options { timeout: Duration::from_secs(120), ..Options::default() };
    push(&mut link, &recipe(&MICROBIT, 1, 6000).image(), &options, &mut ()).unwrap();
    assert!(device::rollback(&mut link, Duration::from_secs(60)).is_ok());
}

#[test]
fn text_of_another_program_is_named() {
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(0, Firmware::Hangs);
    device.reset(0, lifeboot_core::record::Cause::PowerOn);
    let wire = Wire::to(device);
    wire.bench_mut().device.transmitted.extend(b"\r\nU-Boot 2024.01 \x1b[2J(Jan 08)\r\n=> ");
    let error = wire.link().status(Retry::SHORT).unwrap_err();
    assert!(matches!(error, LinkError::Stranger { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "something answers at this port, but it is not Lifeboot: \"U-Boot 2024.01 \\x1b[2J(Jan 08)\""
    );
    wire.bench_mut().device.transmitted.extend(b"\r\nlogin: \x1b[2Jroot\r\n");
    let error = wire.link().status(Retry::SHORT).unwrap_err();
    assert!(error.to_string().ends_with("not Lifeboot: \"login: \\x1b[2Jroot\""), "{error}");
}

/// A program that prints all the time and never sends a zero.
#[test]
fn text_without_a_pause_is_passed_on_whole() {
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(0, Firmware::Hangs);
    device.reset(0, lifeboot_core::record::Cause::PowerOn);
    let wire = Wire::to(device);
    let printing = wire.clone();
    let mut line = 0;
    let text = Arc::new(Mutex::new(Vec::new()));
    let note = text.clone();
    let mut link = wire.link().with_listener(move |_, heard| {
        if let LinkEvent::Other(bytes) = heard {
            note.lock().unwrap().extend_from_slice(bytes);
        }
    });
    for _ in 0..350 {
        while printing.bench().device.transmitted.len() < 100 {
            let printed = format!("line {line} of a program that never pauses\n");
            printing.bench_mut().device.transmitted.extend(printed.bytes());
            line += 1;
        }
        link.receive(Duration::from_millis(5)).unwrap();
    }
    link.receive(Duration::from_secs(2)).unwrap();
    let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() > 300, "{}", lines.len());
    for (number, line) in lines.iter().enumerate() {
        assert!(line.starts_with(&format!("line {number} of ")), "{number}: {line}");
    }
}

#[test]
fn a_port_that_is_away_is_waited_for_aloud() {
    let wire = Wire::to(Device::new(&MICROBIT)).unplugged_at(0, 4000);
    let (mut link, said) = noting(wire.link());
    link.status(Retry::SHORT).unwrap();
    assert_eq!(
        *said.lock().unwrap(),
        [
            "0 s: the connection to the test's wire is lost: it was cut",
            "1 s: waiting for the port to come back, 10 seconds at most",
            "4 s: connected again",
        ]
    );
}

#[test]
fn another_host_is_waited_for_aloud() {
    let wire = Wire::to(Device::new(&MICROBIT));
    wire.link().ask(&Command::Abort, Retry::SHORT).unwrap();
    let mut first = wire.link();
    let image = recipe(&MICROBIT, 1, 6000).image();
    crate::hosts::begin(&mut first, &image);
    let (mut second, said) = noting(wire.link());
    assert!(device::confirm(&mut second).is_ok());
    assert_eq!(*said.lock().unwrap(), ["0 s: waiting for another host to fall silent, 6 seconds at most"]);
}

#[test]
fn every_wait_can_be_called_off() {
    // While it sends, and while it waits for a trial that does not end.
    let sending = "stopped; the device goes on with 1.0.0 in slot A, confirmed; what was sent stays in the other slot";
    let trial = "stopped; the device runs 1.1.0 in slot B, on trial, and goes back by itself unless that confirms";
    for (firmware, length, after, words) in
        [(Firmware::Healthy, 60_000, 2000, sending), (Firmware::Unsure, 9_000, 6_000, trial)]
    {
        let mut device = Device::new(&MICROBIT);
        device.firmware_does(1, firmware);
        let wire = Wire::to(device);
        let clock = wire.clone();
        let mut link = wire.link().with_stop(move || clock.now() >= Duration::from_millis(after));
        let image = recipe(&MICROBIT, 1, length).image();
        let stopped = push(&mut link, &image, &Options::default(), &mut ()).unwrap_err();
        assert_eq!(stopped.to_string(), words);
        assert!(wire.now() < Duration::from_millis(after + 700), "{:?}", wire.now());
        // The session is free: the next host is served at once, and resumes.
        let before = wire.now();
        let options = Options { until: Until::Pending, ..Options::default() };
        let next = push(&mut wire.link().with_busy_wait(Duration::ZERO), &image, &options, &mut ()).unwrap();
        assert_eq!(next.skipped > 0, words == sending, "{next:?}");
        assert!(wire.now() - before < Duration::from_secs(8));
    }
    // While the port is away, however long that is waited for.
    let wire = Wire::to(Device::new(&MICROBIT)).unplugged_at(0, u32::MAX);
    let (clock, asked) = (wire.clone(), Arc::new(AtomicU32::new(0)));
    let count = asked.clone();
    let mut link = wire.link().with_recovery(Duration::MAX).with_stop(move || {
        count.fetch_add(1, Relaxed);
        clock.now() >= Duration::from_secs(30)
    });
    assert!(matches!(link.status(Retry::SHORT), Err(LinkError::Stopped)));
    assert!(asked.load(Relaxed) > 20);
}

#[test]
fn what_a_link_waits_for_is_said_only_once_it_takes_long() {
    let (mut link, said) = noting(Wire::to(Device::new(&MICROBIT)).link());
    link.status(Retry::SHORT).unwrap();
    assert_eq!(said.lock().unwrap().len(), 0);
    assert!(Item::of(&LinkEvent::Waiting(Waiting::Answer)).is_some() && Item::of(&LinkEvent::Resynchronised).is_none());
}
