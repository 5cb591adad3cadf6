//! The list of errors that a device, or the way to one, causes: `tests/errors/serial.txt`.

use crate::device::{Device, Firmware, factory_image};
use crate::error_list::List;
use crate::images::{Recipe, id, key, next_key};
use crate::line::Wire;
use crate::ports::{carry, listener};
use crate::pushes::{push_to, recipe};
use lifeboot_artifact::boards::MapError;
use lifeboot_client::device::{self, DeviceError};
use lifeboot_client::link::{LinkError, Retry};
use lifeboot_client::pipe::{Pipe, PipeError};
use lifeboot_client::push::{Options, PushError, Until, push};
use lifeboot_client::refusal::{RefusalContext, Refused};
use lifeboot_example_boards::{MICROBIT, STM32F405};
use lifeboot_serial::{BAUD, Port, PortError};
use lifeboot_wire::{OutcomeEnding, Recovery, Refusal, Rejection, ResetCause, Status};
use miette::Diagnostic;
use serialport::{SerialPort, TTYPort};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;
use std::{fs, thread};

/// The output of a command with a device at the other end of a TCP connection.
fn at(folder: &Path, wire: impl FnOnce() -> Wire + Send + 'static, arguments: &str) -> Output {
    let (listener, port) = listener();
    let server = thread::spawn(move || {
        let mut wire = wire();
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        carry(&mut wire, &mut stream);
    });
    let output = said(folder, &format!("{arguments} --port {port}"));
    server.join().unwrap();
    output
}

fn said(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboot"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LIFEBOOT_")) {
        command.env_remove(name);
    }
    command.args(arguments.split_whitespace()).current_dir(folder).output().unwrap()
}

/// The final output of a command, without the progress of a push.
fn end(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    let at = text.find("error: ").unwrap_or_else(|| panic!("no error in {text}"));
    text[at..].to_owned()
}

#[test]
fn the_list_is_as_written() {
    let mut list = List::default();
    let folder = tempfile::tempdir().unwrap();
    ports(&mut list, folder.path());
    devices(&mut list, folder.path());
    refusals(&mut list);
    list.compare("serial.txt");
}

fn ports(list: &mut List, folder: &Path) {
    list.chapter("Ports");
    let (closed, port) = listener();
    drop(closed);
    list.name(port.trim_start_matches("tcp:").to_owned(), "HOST:NUMBER");
    for (circumstances, line) in [
        ("Nobody listens there", format!("status --port {port}")),
        ("A host without a port's number", "status --port tcp:localhost".to_owned()),
    ] {
        list.add(circumstances, &line, &said(folder, &line));
    }
    let (adapter, port) = TTYPort::pair().unwrap();
    let name = port.name().unwrap();
    let other = Port::open(&name, BAUD).unwrap();
    list.name(name.clone(), "/dev/PORT");
    let line = format!("status --port {name}");
    list.add("Another program has the port", &line, &said(folder, &line));
    drop((adapter, port, other));

    // These depend on this machine's adapters and user.
    let port = || "/dev/ttyACM0".to_owned();
    let ports = || vec!["/dev/ttyS0".to_owned()];
    let reason = || "failed to lookup address information: Name or service not known".to_owned();
    let words: [(&str, Box<dyn Diagnostic>); 9] = [
        ("A port that there is not", PortError::Missing { port: port(), ports: ports() }.into()),
        (
            "Something else than a serial port",
            PortError::NotSerial { port: "/dev/null".to_owned(), ports: ports() }.into(),
        ),
        ("A host that nobody knows", PortError::Unresolved { host: "devboard".to_owned(), reason: reason() }.into()),
        ("A port that fails", PortError::Open { port: port(), reason: "Input/output error".to_owned() }.into()),
        ("A host that does not answer", PortError::Unreachable { address: "192.168.1.7:4000".to_owned() }.into()),
        ("No port named, and none plugged in", PortError::Unplugged { ports: ports() }.into()),
        (
            "No port named, and two plugged in",
            PortError::Several { ports: vec![port(), "/dev/ttyUSB1".to_owned()] }.into(),
        ),
        ("A port that the user may not open", PortError::Permission { port: port() }.into()),
        (
            "An adapter that is unplugged for longer than a while",
            PipeError::Lost { port: port(), reason: "Broken pipe".to_owned() }.into(),
        ),
    ];
    for (circumstances, error) in words {
        list.add_words(circumstances, &*error);
    }
}

fn devices(list: &mut List, folder: &Path) {
    list.chapter("Devices");
    fs::write(folder.join("next.img"), recipe(&MICROBIT, 1, 5000).image().to_bytes()).unwrap();
    fs::write(folder.join("later.img"), recipe(&MICROBIT, 2, 5000).image().to_bytes()).unwrap();
    fs::write(folder.join("other.img"), recipe(&STM32F405, 1, 5000).image().to_bytes()).unwrap();
    let with = |firmware| {
        move || {
            let mut device = Device::new(&MICROBIT);
            device.firmware_does(1, firmware);
            Wire::to(device)
        }
    };
    let mut add = |circumstances: &str, line: &str, output: Output| {
        list.add_text(circumstances, &format!("{line} --port PORT"), &end(&output), output.status.code().unwrap());
    };

    let silent = || {
        let wire = Wire::to(Device::new(&MICROBIT));
        wire.bench_mut().device.firmware_does(0, Firmware::Hangs);
        let now = wire.bench().now;
        wire.bench_mut().device.reset(now, lifeboot_core::record::Cause::PowerOn);
        wire
    };
    add("Firmware that hangs", "status", at(folder, silent, "status"));
    add("An image for another board", "push other.img", at(folder, with(Firmware::Healthy), "push other.img"));
    add("No firmware to go back to", "rollback", at(folder, with(Firmware::Healthy), "rollback"));
    add("Nothing to cancel", "cancel", at(folder, with(Firmware::Healthy), "cancel"));
    fs::write(folder.join("first.img"), factory_image(&MICROBIT).to_bytes()).unwrap();
    let other_pending = || {
        let wire = Wire::to(Device::new(&MICROBIT));
        let options = Options { until: Until::Pending, ..Options::default() };
        push(&mut wire.link(), &recipe(&MICROBIT, 1, 5000).image(), &options, &mut ()).unwrap();
        wire
    };
    add("What runs, while another image is pending", "push first.img", at(folder, other_pending, "push first.img"));
    add("Firmware that never confirms", "push next.img", at(folder, with(Firmware::Hangs), "push next.img"));
    let previous_hangs = || {
        let wire = Wire::to(Device::new(&MICROBIT));
        push_to(&wire, &recipe(&MICROBIT, 1, 5000).image()).unwrap();
        wire.bench_mut().device.firmware_does(0, Firmware::Hangs);
        wire
    };
    add("Previous firmware that hangs", "rollback", at(folder, previous_hangs, "rollback"));
    let previous_broken = || {
        let wire = Wire::to(Device::new(&MICROBIT));
        wire.bench_mut().device.firmware_does(1, Firmware::Unsure);
        let options = Options { until: Until::Pending, ..Options::default() };
        push(&mut wire.link(), &recipe(&MICROBIT, 1, 5000).image(), &options, &mut ()).unwrap();
        let now = wire.bench().now;
        wire.bench_mut().device.reset(now, lifeboot_core::record::Cause::Request);
        let payload = MICROBIT.slot(lifeboot_core::Slot::A).start + MICROBIT.header_length;
        wire.bench_mut().device.flash.put(payload, &[0; 64]);
        wire
    };
    add("Previous firmware that broke during the trial", "rollback", at(folder, previous_broken, "rollback"));

    let higher = || {
        let wire = Wire::to(Device::new(&MICROBIT));
        push_to(&wire, &Recipe { epoch: 3, ..recipe(&MICROBIT, 1, 5000) }.image()).unwrap();
        wire
    };
    add("Previous firmware below the epoch floor", "rollback", at(folder, higher, "rollback"));
    let revoked = || {
        let wire = Wire::to(Device::new(&MICROBIT));
        push_to(&wire, &recipe(&MICROBIT, 1, 5000).image_by(&next_key(), &[id(&key())])).unwrap();
        wire
    };
    add("Previous firmware by a key that was revoked", "rollback", at(folder, revoked, "rollback"));
    add("An update by a key that was revoked", "push later.img", at(folder, revoked, "push later.img"));

    // Errors that take a minute, or faults of a device: their texts.
    let wire = Wire::to(Device::new(&MICROBIT));
    wire.bench_mut().device.firmware_does(0, Firmware::Hangs);
    let away = device::reset(&mut wire.link(), Duration::from_secs(30)).unwrap_err();
    assert!(matches!(away, DeviceError::Away { .. }), "{away}");
    let wire = Wire::to(Device::new(&MICROBIT));
    wire.bench_mut().device.knows_recovery = false;
    let stays = device::recover(&mut wire.link(), Duration::from_secs(30)).unwrap_err();
    assert!(matches!(stays, DeviceError::NotInRecovery { .. }), "{stays}");
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(1, Firmware::Unsure);
    let options = Options { timeout: Duration::from_secs(5), ..Options::default() };
    let late = push(&mut Wire::to(device).link(), &recipe(&MICROBIT, 1, 5000).image(), &options, &mut ()).unwrap_err();
    let wire = Wire::to(Device::new(&MICROBIT));
    let clock = wire.clone();
    let mut link = wire.link().with_stop(move || clock.now() >= Duration::from_secs(1));
    let stopped = push(&mut link, &recipe(&MICROBIT, 1, 50_000).image(), &Options::default(), &mut ()).unwrap_err();
    let running = || "1.0.0 in slot A, confirmed".to_owned();
    let words: [(&str, Box<dyn Diagnostic>); 19] = [
        ("A device that does not come back", away.into()),
        ("Firmware that does not ask for recovery, to lifeboot reset --recovery", stays.into()),
        ("Firmware that does not confirm within --timeout", late.into()),
        ("A line that nothing gets through", LinkError::Noisy.into()),
        ("An answer to another question", LinkError::Unexpected.into()),
        ("A device that does not report its flash map", lifeboot_host_tool::Error::NoMapReported.into()),
        (
            "A flash map that contradicts itself",
            LinkError::Map(MapError { name: "acme-press".to_owned(), what: "the slots overlap" }).into(),
        ),
        ("A device that says it takes more than any frame holds", LinkError::TooLong.into()),
        ("Ctrl-C", LinkError::Stopped.into()),
        ("A device that restarts again and again", PushError::Interrupted { times: 10 }.into()),
        (
            "Another host that pushed while this one waited, to lifeboot rollback",
            DeviceError::Changed { change: "1.1.0 in slot B is pending".to_owned() }.into(),
        ),
        (
            "Another host that pushed during a rollback",
            DeviceError::Overtaken { change: "1.1.0 in slot B is pending".to_owned() }.into(),
        ),
        (
            "Another host that pushed while this one waited, to lifeboot push",
            PushError::Changed { change: "1.1.0 in slot B is pending".to_owned() }.into(),
        ),
        ("Ctrl-C during a push", stopped.into()),
        ("A newer device's answer", LinkError::Unreadable { kind: 23 }.into()),
        (
            "A TCP connection that the other end has reset",
            LinkError::from(PipeError::Lost {
                port: "tcp:localhost:4000".to_owned(),
                reason: "Connection reset by peer (os error 104)".to_owned(),
            })
            .into(),
        ),
        ("Another program at the port", LinkError::Stranger { text: "U-Boot 2024.01".to_owned() }.into()),
        ("A device that stages no images", PushError::CannotStage { reason: "its firmware is older than that" }.into()),
        ("Another host that began an update meanwhile", PushError::CalledOff { running: running() }.into()),
    ];
    for (circumstances, error) in words {
        list.add_words(circumstances, &*error);
    }
}

/// Each reason for which a device refuses something.
fn refusals(list: &mut List) {
    list.chapter("What devices refuse");
    let image = Recipe { epoch: 2, ..recipe(&STM32F405, 1, 5000) }.image();
    let wire = Wire::to(Device::new(&MICROBIT));
    push_to(&wire, &Recipe { epoch: 3, ..recipe(&MICROBIT, 1, 4000) }.image()).unwrap();
    wire.bench_mut().device.firmware_does(2, Firmware::Hangs);
    push_to(&wire, &Recipe { epoch: 3, ..recipe(&MICROBIT, 2, 4000) }.image()).unwrap_err();
    let status = wire.link().status(Retry::SHORT).unwrap();
    let (ending, cause) = (OutcomeEnding::NotConfirmed, ResetCause::Watchdog);
    let quarantine = [Rejection { ending, cause, digest: *image.header().digest.first_chunk().unwrap() }];
    for refusal in REFUSALS {
        let (status, image) = (Some(&status), Some(image.header()));
        let circumstances = RefusalContext { status, image, quarantine: &quarantine, ..RefusalContext::default() };
        let refused = Refused::new(refusal, circumstances);
        list.add_words(&format!("{refusal:?}"), &DeviceError::from(refused));
    }
    // After a rescue in vain.
    let lost = Status { confirmed: None, recovery: None, ..status.clone() };
    let in_recovery = Status { confirmed: None, recovery: Some(Recovery::LastFirmware), ..status.clone() };
    for (refusal, status) in [(Refusal::TrialRunning, &lost), (Refusal::OtherSlot, &in_recovery)] {
        let (status, image) = (Some(status), Some(image.header()));
        let circumstances = RefusalContext { status, image, quarantine: &quarantine, ..RefusalContext::default() };
        let refused = Refused::new(refusal, circumstances);
        list.add_words(&format!("{refusal:?}, where nothing is confirmed"), &DeviceError::from(refused));
    }
    // The target of a rollback.
    let circumstances = RefusalContext { status: Some(&status), ..RefusalContext::default() };
    let refused = Refused::new(Refusal::Rejected, circumstances);
    list.add_words("Rejected, a rollback", &DeviceError::from(refused));
    // An image that is activated by its digest.
    let named = image.header().digest.first_chunk().copied();
    let circumstances =
        RefusalContext { status: Some(&status), named, quarantine: &quarantine, ..RefusalContext::default() };
    for refusal in [Refusal::Rejected, Refusal::Epoch, Refusal::RevokedKey] {
        list.add_words(&format!("{refusal:?}, a digest"), &DeviceError::from(Refused::new(refusal, circumstances)));
    }
}

const REFUSALS: [Refusal; 39] = [
    Refusal::NoImage,
    Refusal::Format,
    Refusal::UnknownKey,
    Refusal::RevokedKey,
    Refusal::Signature,
    Refusal::Board,
    Refusal::Bounds,
    Refusal::OtherSlot,
    Refusal::Bootloader,
    Refusal::Epoch,
    Refusal::Table,
    Refusal::Digest,
    Refusal::Entry,
    Refusal::Stack,
    Refusal::Flash,
    Refusal::OtherRunning,
    Refusal::OtherTarget,
    Refusal::TrialRunning,
    Refusal::Rejected,
    Refusal::Schema,
    Refusal::Busy,
    Refusal::NoTransfer,
    Refusal::Incomplete,
    Refusal::NotErased,
    Refusal::Command,
    Refusal::NoBootloader,
    Refusal::NoSlot,
    Refusal::Recovery,
    Refusal::OwnKey,
    Refusal::OtherImage,
    Refusal::Patch,
    Refusal::Superseded,
    Refusal::RollbackRequested,
    Refusal::NothingPending,
    Refusal::AlreadyStarted,
    Refusal::Geometry,
    Refusal::Cancelled,
    Refusal::NotStaged,
    Refusal::Staged,
];
