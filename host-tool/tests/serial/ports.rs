//! Ports: what cannot be opened, and TCP.

use crate::device::Device;
use crate::line::Wire;
use crate::pushes::recipe;
use lifeboot_client::link::{Link, LinkError, Retry};
use lifeboot_client::pipe::Pipe;
use lifeboot_client::pipe::PipeError;
use lifeboot_client::push::{Options, PushOutcome, push};
use lifeboot_core::layout::MAP_LENGTH;
use lifeboot_example_boards::MICROBIT;
use lifeboot_serial::{BAUD, Port, PortError};
use serde_json::Value;
use serialport::{SerialPort, TTYPort};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub fn lifeboot(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboot"));
    // The settings of this machine's user must not affect the tests.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LIFEBOOT_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// Carries a device's line over a stream, until that is closed.
pub fn carry(wire: &mut Wire, stream: &mut (impl Read + Write)) {
    carry_until(wire, stream, |_| false);
}

/// As [`carry`], or until so many bytes have come from the host.
pub fn carry_until(wire: &mut Wire, stream: &mut (impl Read + Write), is_enough: impl Fn(usize) -> bool) {
    let mut buffer = [0; 4096];
    let mut carried = 0;
    while !is_enough(carried) {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => {
                carried += length;
                wire.write(&buffer[..length]).unwrap();
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        // Time passes faster here.
        let length = wire.read(&mut buffer, Duration::from_millis(20)).unwrap();
        if stream.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}

/// Carries a device's line over so many connections, one after the other.
pub fn serve(listener: TcpListener, connections: u32) {
    serve_at(&mut Wire::to(Device::new(&MICROBIT)), &listener, connections);
}

/// Carries this line over so many connections, one after the other.
pub fn serve_at(wire: &mut Wire, listener: &TcpListener, connections: u32) {
    for _ in 0..connections {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        carry(wire, &mut stream);
    }
}

pub fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("tcp:{}", listener.local_addr().unwrap());
    (listener, port)
}

#[test]
fn the_command_pushes_over_tcp() {
    let (listener, port) = listener();
    let server = thread::spawn(move || serve(listener, 4));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firmware.img");
    std::fs::write(&path, recipe(&MICROBIT, 1, 5000).image().to_bytes()).unwrap();
    let path = path.to_str().unwrap();

    let status = lifeboot(&["status", "--port", &port]);
    let text = String::from_utf8(status.stdout).unwrap();
    assert!(
        text.starts_with("microbit, bootloader format 1\n") && text.contains("\n| A    | 1.0.0   | 0     | "),
        "{text}"
    );
    let pushed = lifeboot(&["push", path, "--port", &port]);
    let (out, err) = (String::from_utf8(pushed.stdout).unwrap(), String::from_utf8(pushed.stderr).unwrap());
    assert_eq!(pushed.status.code(), Some(0), "{out}{err}");
    assert!(out.ends_with("1.1.0 runs and is confirmed\n"), "{out}");
    assert!(err.contains("sending\n") && err.contains("waiting for it to confirm\n"), "{err}");
    let again = lifeboot(&["push", path, "--port", &port]);
    assert_eq!(String::from_utf8(again.stdout).unwrap(), "1.1.0 runs already and is confirmed: nothing to do\n");
    let rolled_back = lifeboot(&["rollback", "--port", &port]);
    assert!(String::from_utf8(rolled_back.stdout).unwrap().starts_with("running: 1.0.0 in slot A"));
    server.join().unwrap();
}

#[test]
fn the_port_is_that_of_the_flag_or_the_environment_or_the_project() {
    let (listener, port) = listener();
    let server = thread::spawn(move || serve(listener, 3));
    let folder = tempfile::tempdir().unwrap();
    let status = |said_there: &str, variable: Option<&str>, arguments: &[&str]| {
        std::fs::write(folder.path().join("lifeboot.toml"), format!("port = \"{said_there}\"\n")).unwrap();
        let mut command = command(&[&["status"], arguments].concat());
        command.envs(variable.map(|port| ("LIFEBOOT_PORT", port))).current_dir(&folder).output().unwrap()
    };
    let nowhere = "/dev/ttyNone7";
    let cases = [
        status(&port, None, &[]),
        status(nowhere, Some(&port), &[]),
        status(nowhere, Some(nowhere), &["--port", &port]),
    ];
    for output in cases {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    server.join().unwrap();
    let output = status(nowhere, None, &[]);
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: there is no port /dev/ttyNone7\n"));
}

#[test]
#[cfg(unix)]
fn a_serial_port_carries_a_push_and_is_nobody_elses_meanwhile() {
    let (mut adapter, port) = TTYPort::pair().unwrap();
    let name = port.name().unwrap();
    // Held open, or the adapter would have no peer; but not locked.
    let held = std::fs::OpenOptions::new().read(true).write(true).open(&name).unwrap();
    drop(port);
    let server = thread::spawn(move || {
        adapter.set_timeout(Duration::from_millis(1)).unwrap();
        carry(&mut Wire::to(Device::new(&MICROBIT)), &mut adapter);
    });
    let mut link = Link::new(Port::open(&name, BAUD).unwrap(), 1);
    let image = recipe(&MICROBIT, 1, 5000).image();
    let pushed = push(&mut link, &image, &Options::default(), &mut ()).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Confirmed);
    let second = Port::open(&name, BAUD).unwrap_err();
    assert!(matches!(second, PortError::InUse { .. }), "{second:?}");
    drop((link, held));
    server.join().unwrap();
}

#[test]
fn a_connection_that_is_dropped_is_made_again() {
    let (listener, port) = listener();
    let (dropped, wait) = mpsc::channel();
    let server = thread::spawn(move || {
        drop::<TcpStream>(listener.accept().unwrap().0);
        dropped.send(()).unwrap();
        serve(listener, 1);
    });
    let mut link = Link::new(Port::open(&port, BAUD).unwrap(), 1);
    wait.recv().unwrap();
    assert!(link.status(Retry::SHORT).is_ok());
    drop(link);
    server.join().unwrap();
}

#[test]
fn a_connection_that_stays_away_is_an_error() {
    let (listener, port) = listener();
    let mut link = Link::new(Port::open(&port, BAUD).unwrap(), 1).with_recovery(Duration::from_millis(500));
    drop(listener.accept().unwrap());
    drop(listener);
    let error = link.status(Retry::SHORT).unwrap_err();
    assert!(matches!(&error, LinkError::Pipe(PipeError::Lost { .. })), "{error:?}");
}

#[test]
fn what_cannot_be_opened_says_why_and_what_to_do() {
    let (listener, port) = listener();
    drop(listener);
    let closed = port.strip_prefix("tcp:").unwrap();
    let cases = [
        ("/dev/ttyNone7", "there is no port /dev/ttyNone7".to_owned()),
        ("tcp:localhost", "tcp:localhost is not a host and a port's number".to_owned()),
        (&port, format!("nothing listens at {closed}")),
        ("tcp:localhost:99999", "tcp:localhost:99999 is not a host and a port's number".to_owned()),
        ("tcp::4000", "tcp::4000 is not a host and a port's number".to_owned()),
        ("tcp:no-such-host.invalid:4000", "no host is called no-such-host.invalid: ".to_owned()),
        ("/dev/null", "/dev/null is not a serial port\n".to_owned()),
    ];
    for (port, words) in cases {
        let output = lifeboot(&["status", "--port", port]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.starts_with(&format!("error: {words}")) && text.contains("\n  help: "), "{text}");
    }
}

#[test]
fn what_is_said_fits_the_terminal_and_the_wish() {
    let (listener, port) = listener();
    let server = thread::spawn(move || serve(listener, 5));
    let status = |arguments: &[&str], columns: &str| {
        let output =
            command(&[&["status", "--port", &port], arguments].concat()).env("COLUMNS", columns).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (narrow, _) = status(&[], "40");
    assert!(narrow.contains("\nslot         A\nversion      1.0.0\n"), "{narrow}");
    assert!(narrow.lines().all(|line| line.len() <= 40), "{narrow}");
    let (wide, said) = status(&[], "200");
    assert!(wide.contains("| A    | 1.0.0   | 0     | ") && said.is_empty(), "{wide}{said}");
    let (same, said) = status(&["-v"], "200");
    assert_eq!(same, wide);
    assert!(said.starts_with(&format!("opened {port}\n+0.0")), "{said}");
    assert!(said.contains(" bytes: 00") && said.lines().any(|line| line.contains(" < ")), "{said}");
    // Progress and waiting are for those who want them.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firmware.img");
    std::fs::write(&path, recipe(&MICROBIT, 1, 5000).image().to_bytes()).unwrap();
    let push = lifeboot(&["push", path.to_str().unwrap(), "--port", &port, "--quiet"]);
    assert!(push.status.success() && push.stderr.is_empty(), "{push:?}");
    assert!(String::from_utf8(push.stdout).unwrap().ends_with("1.1.0 runs and is confirmed\n"));
    assert_eq!(lifeboot(&["status", "--port", &port, "-q", "-v"]).status.code(), Some(2));
    assert!(lifeboot(&["status", "--port", &port, "-q"]).stderr.is_empty());
    server.join().unwrap();
}

/// A pseudo-terminal has no control lines; what was asked for and cannot be done is an error.
#[test]
#[cfg(unix)]
fn control_lines_are_set_or_it_is_said_that_they_cannot_be() {
    let (_adapter, port) = TTYPort::pair().unwrap();
    let name = port.name().unwrap();
    drop(port);
    for (flag, signal) in [("--dtr", "DTR"), ("--rts", "RTS")] {
        for level in ["on", "off"] {
            let output = lifeboot(&["status", "--port", &name, flag, level]);
            let text = String::from_utf8(output.stderr).unwrap();
            assert!(
                text.starts_with(&format!("error: cannot open {name}: its {signal} line cannot be set: ")),
                "{text}"
            );
        }
        assert_eq!(lifeboot(&["status", "--port", &name, flag, "up"]).status.code(), Some(2));
    }
}

/// Sends a signal to a process.
pub fn signal(process: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &process.id().to_string()]).status().unwrap().success());
}

/// The lines on stdout of a command that these signals end, one after the other, once it has printed `text`; and its exit
/// status.
fn ended_by(arguments: &[&str], text: &str, signals: &[&str]) -> (Vec<Value>, Option<i32>) {
    let mut process = command(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut read: Vec<String> = Vec::new();
    while !read.last().is_some_and(|line| line.contains(text)) {
        read.push(lines.next().expect("the text comes"));
    }
    for name in signals {
        signal(&process, name);
        thread::sleep(Duration::from_millis(200));
    }
    read.extend(lines);
    let status = process.wait().unwrap();
    (read.iter().map(|line| serde_json::from_str(line).unwrap()).collect(), status.code())
}

#[test]
fn a_push_that_a_signal_stops_ends_with_an_error_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firmware.img");
    std::fs::write(&path, recipe(&MICROBIT, 1, 90_000).image().to_bytes()).unwrap();
    for name in ["-INT", "-TERM"] {
        let (listener, port) = listener();
        let server = thread::spawn(move || serve(listener, 2));
        let push = ["push", path.to_str().unwrap(), "--json", "--port", &port];
        let (lines, status) = ended_by(&push, "\"progress\"", &[name]);
        let error = &lines.last().unwrap()["error"];
        let words =
            "stopped; the device goes on with 1.0.0 in slot A, confirmed; what was sent stays in the other slot";
        assert_eq!((error["message"].as_str(), status), (Some(words), Some(1)), "{lines:?}");
        assert_eq!(error["help"], "to go on, push again: it resumes");
        assert!(lines.iter().rev().skip(1).all(|line| line["event"].is_string()), "{lines:?}");
        // The session is free, and the next push resumes.
        let output = lifeboot(&push);
        let text = String::from_utf8(output.stdout).unwrap();
        let result: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert!(result["outcome"] == "confirmed" && result["skipped"].as_u64().unwrap() > 0, "{text}");
        server.join().unwrap();
    }
}

#[test]
fn the_second_signal_ends_it_at_once_and_still_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firmware.img");
    std::fs::write(&path, recipe(&MICROBIT, 1, 9000).image().to_bytes()).unwrap();
    // A port at which nothing answers.
    let (_listener, port) = listener();
    let push = ["push", path.to_str().unwrap(), "--json", "--port", &port];
    let (lines, status) = ended_by(&push, "\"asking\"", &["-INT", "-INT"]);
    assert_eq!((lines.last().unwrap()["error"]["message"].as_str(), status), (Some("stopped by a signal"), Some(130)));
    assert!(lines.iter().filter(|line| line["error"].is_object()).count() == 1, "{lines:?}");
}

#[test]
fn wrong_arguments_are_told_before_a_port_is_opened() {
    let digits = lifeboot(&["push", "firmware.img", "--port", "/dev/ttyNone7", "--force", "0123456789"]);
    assert_eq!(digits.status.code(), Some(2));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("firmware.img");
    let mut file = recipe(&MICROBIT, 1, 5000).image().to_bytes();
    std::fs::write(&path, &file).unwrap();
    let path = path.to_str().unwrap();
    let other = lifeboot(&["push", path, "--port", "/dev/ttyNone7", "--force", &"01".repeat(16)]);
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8(other.stderr).unwrap().starts_with("error: --force names another image"));

    for (change, words) in [(1usize, "damaged"), (0, "truncated")] {
        file[1000] ^= change as u8;
        // The map and one byte more.
        let length = if change == 0 { file.len() - 4 - MAP_LENGTH - 1 } else { file.len() };
        std::fs::write(path, &file[..length]).unwrap();
        let damaged = lifeboot(&["push", path, "--port", "/dev/ttyNone7"]);
        let text = String::from_utf8(damaged.stderr).unwrap();
        assert!(damaged.status.code() == Some(1) && text.contains(words), "{text}");
    }
}
