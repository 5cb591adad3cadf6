//! A host that sends arbitrary messages: any bytes, under any session's and request's number. It waits only if
//! required, and repeats nothing by itself.

use crate::line::Wire;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::pipe::Pipe;
use lifeboot_wire::frame::{self, Decoder};
use lifeboot_wire::{self as wire, Answer, Body, Command, Request};
use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};
use std::collections::VecDeque;
use std::time::Duration;

/// Bytes of image that it sends at once.
pub const PIECE: u32 = 256;
/// How long it waits for an answer: longer than any device here works on a request.
const WAIT: Duration = Duration::from_millis(1500);

pub struct Stranger {
    pub wire: Wire,
    pub session: u16,
    /// That of its last request.
    pub number: u8,
    /// Everything that it has sent.
    pub sent: Vec<u8>,
    unread: VecDeque<u8>,
    decoder: Decoder<1200>,
}

/// A message's bytes, whatever they mean.
struct Raw<'a>(&'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}

/// The frame around a message.
pub fn framed(message: &impl Serialize) -> Vec<u8> {
    let (mut scratch, mut out) = ([0; 2048], [0; 2100]);
    let length = frame::encode(message, &mut scratch, &mut out).unwrap();
    out[..length].to_vec()
}

/// The frame around bytes that may be no message.
pub fn framed_bytes(bytes: &[u8]) -> Vec<u8> {
    framed(&Raw(bytes))
}

/// A short text for an answer.
pub fn words(body: &Body) -> String {
    match body {
        Body::Done => "done".to_owned(),
        Body::Refused(refusal) => format!("refused: {refusal:?}"),
        Body::Status(_) => "status".to_owned(),
        Body::Keys(_) => "keys".to_owned(),
        Body::Quarantine(_) => "quarantine".to_owned(),
        Body::Begun { next } => format!("begun at {next}"),
        Body::Written { next } => format!("written {next}"),
        Body::Patched { next } => format!("patched {next}"),
        Body::Digests(digests) => format!("{} digests", digests.len() / wire::DIGEST_LENGTH),
        Body::Log(_) | Body::BootLog(_) => "log".to_owned(),
        Body::Recovery { .. } => "state".to_owned(),
        Body::Identity(_) => "identity".to_owned(),
        Body::Map(_) => "map".to_owned(),
    }
}

impl Stranger {
    pub fn new(wire: &Wire, session: u16) -> Self {
        Stranger {
            wire: wire.clone(),
            session,
            number: 0,
            sent: Vec::new(),
            unread: VecDeque::new(),
            decoder: Decoder::new(),
        }
    }

    /// The frame of a request under this number.
    pub fn frame(&self, number: u8, command: &Command) -> Vec<u8> {
        framed(&Request { session: self.session, number, command: command.clone() })
    }

    /// Sends bytes.
    pub fn say(&mut self, bytes: &[u8]) {
        self.sent.extend_from_slice(bytes);
        self.wire.write(bytes).unwrap();
    }

    /// Sends a request without waiting for an answer. Returns its number.
    pub fn request(&mut self, command: &Command) -> u8 {
        self.number = self.number.checked_add(1).unwrap_or(1);
        let frame = self.frame(self.number, command);
        self.say(&frame);
        self.number
    }

    /// Sends a request, and returns the answer.
    pub fn ask(&mut self, command: &Command) -> String {
        let number = self.request(command);
        self.hear(number)
    }

    /// Returns the answer to the request of this number.
    pub fn hear(&mut self, number: u8) -> String {
        let until = self.wire.now() + WAIT;
        loop {
            while let Some(byte) = self.unread.pop_front() {
                let is_whole = self.decoder.push(byte);
                match self.decoder.message::<Answer>() {
                    Some(answer) if is_whole && answer.number == number => return words(&answer.body),
                    // If it is no request, its number is not known.
                    Some(Answer { number: 0, body: body @ Body::Refused(_) }) if is_whole => {
                        return format!("{}, to nobody", words(&body));
                    }
                    _ => {}
                }
            }
            let left = until.saturating_sub(self.wire.now());
            if left.is_zero() {
                return "no answer".to_owned();
            }
            let mut buffer = [0; 4096];
            let length = self.wire.read(&mut buffer, left).unwrap();
            self.unread.extend(&buffer[..length]);
        }
    }

    /// Waits until nothing is under way, and drops the answers.
    pub fn forget(&mut self) {
        let mut buffer = [0; 4096];
        while self.wire.read(&mut buffer, Duration::from_millis(200)).unwrap() > 0 {}
        self.unread.clear();
    }

    /// Begins a transfer of the image into slot B of a device that runs version 1.`minor`.0, or nothing.
    pub fn begin(&mut self, image: &ImageFile, running: wire::Version) -> String {
        let header = image.header_bytes();
        self.ask(&Command::Begin { header, running, target: wire::Slot::B, force: false })
    }

    /// Sends these bytes of the image, which are the next ones.
    pub fn write(&mut self, image: &ImageFile, from: u32, to: u32) {
        let content = image.to_bytes();
        for offset in (from..to).step_by(PIECE as usize) {
            let bytes = &content[offset as usize..to.min(offset + PIECE) as usize];
            let answer = self.ask(&Command::Write { offset, bytes });
            assert!(answer.starts_with("written"), "{offset}: {answer}");
        }
    }

    /// Sends all of the image's bytes.
    pub fn write_all(&mut self, image: &ImageFile) {
        let (table, payload) = ranges(image);
        self.write(image, table.0, table.1);
        self.write(image, payload.0, payload.1);
    }
}

/// Where the image's table and payload begin and end.
pub fn ranges(image: &ImageFile) -> ((u32, u32), (u32, u32)) {
    let header = image.header();
    let (table, payload) = (header.table_offset().unwrap(), u32::from(header.header_length));
    ((table, table + header.table_length), (payload, payload + header.payload_length))
}
