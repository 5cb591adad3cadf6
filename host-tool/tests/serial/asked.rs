//! What the command says of answers that it cannot read; and which ports it asks.

use crate::ports::{command, listener, serve};
use crate::stranger::framed_bytes;
use lifeboot_wire::Request;
use lifeboot_wire::frame::Decoder;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::thread;

/// Answers each request with a message of these bytes behind the request's number, until the connection is closed.
fn answer(listener: &TcpListener, bytes: &[u8]) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut decoder: Decoder<1200> = Decoder::new();
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|length| length == 1) {
        if decoder.push(byte[0])
            && let Some(Request { number, .. }) = decoder.message()
            && stream.write_all(&framed_bytes(&[&[number], bytes].concat())).is_err()
        {
            return;
        }
    }
}

fn said(bytes: &'static [u8], line: &str) -> String {
    let (listener, port) = listener();
    let device = thread::spawn(move || answer(&listener, bytes));
    let words: Vec<String> = line.split(' ').map(|word| word.replace("PORT", &port)).collect();
    let output = command(&words.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    device.join().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_answer_that_cannot_be_read_is_no_silence() {
    let unreadable = "error: the device answers, but with something that this version cannot read: an answer of kind ";
    for (what, answer, text) in [
        ("a newer answer", &[99, 1, 2, 3][..], "99\n"),
        ("a newer answer with a large number", &[0x80 | 44, 2, 1], "300\n"),
        ("a state that is cut off", &[2, 5], "2\n"),
    ] {
        let said = said(answer, "status --port PORT --quiet");
        let found = said.strip_prefix(unreadable).unwrap_or_else(|| panic!("{what}: {said}"));
        assert!(
            found.starts_with(text) && found.contains("  help: use the lifeboot that belongs to"),
            "{what}: {said}"
        );
    }
    // Done, to a question.
    let said = said(&[0], "status --port PORT --quiet");
    assert!(said.starts_with("error: the device's answer does not fit the question\n"), "{said}");
}

fn found(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{output:?}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    found["devices"].as_array().unwrap().iter().map(|device| device["port"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_port_that_is_given_twice_is_asked_once() {
    let (listener, port) = listener();
    // As many connections as there are commands.
    let server = thread::spawn(move || serve(listener, 2));
    let output = command(&["devices", "--port", &port, "--port", &port, "--json"]).output().unwrap();
    assert_eq!(found(&output), std::slice::from_ref(&port));
    let output = command(&["status", "--port", &port, "--port", &port, "--json"]).output().unwrap();
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success() && status["board"].is_string(), "{status}");
    server.join().unwrap();
}

#[test]
fn devices_takes_its_port_from_the_environment() {
    let (listener, port) = listener();
    let server = thread::spawn(move || serve(listener, 1));
    let output = command(&["devices", "--json"]).env("LIFEBOOT_PORT", &port).output().unwrap();
    assert_eq!(found(&output), [port]);
    server.join().unwrap();
}
