//! Devices that report arbitrary numbers: a host neither panics nor hangs.

use crate::images::{Chance, version};
use crate::pushes::recipe;
use lifeboot_client::device;
use lifeboot_client::link::{Link, Retry};
use lifeboot_client::pipe::{Pipe, PipeError};
use lifeboot_client::push::{Options, push};
use lifeboot_example_boards::MICROBIT;
use lifeboot_logs::Shared;
use lifeboot_report::{Device, Report};
use lifeboot_wire::frame::{self, Decoder};
use lifeboot_wire::{self as wire, Answer, Body, Command, DIGEST_LENGTH, DIGESTS, Request, SlotContent};
use std::collections::VecDeque;
use std::time::Duration;

/// Numbers at which sums and products overflow, and some that are in range.
const NUMBERS: [u32; 14] = [
    0,
    1,
    255,
    256,
    512,
    1024,
    4096,
    65_536,
    0x7fff_ff00,
    0x8000_0000,
    u32::MAX - 255,
    u32::MAX - 31,
    u32::MAX - 1,
    u32::MAX,
];

/// A device that answers each request with arbitrary numbers.
struct Hostile {
    chance: Chance,
    decoder: Box<Decoder<20_000>>,
    answers: VecDeque<u8>,
    requests: u32,
    now: Duration,
}

impl Hostile {
    fn new(seed: u64) -> Self {
        let (answers, now) = (VecDeque::new(), Duration::ZERO);
        Hostile { chance: Chance(seed), decoder: Box::default(), answers, requests: 0, now }
    }

    fn number(&mut self) -> u32 {
        NUMBERS[self.chance.below(NUMBERS.len() as u64) as usize]
    }

    fn status(&mut self) -> wire::Status {
        let image = SlotContent::Image { version: version(0).into(), epoch: 0, digest: [7; 16] };
        wire::Status {
            wire: self.number() as u8,
            board: MICROBIT.name_bytes(),
            bootloader: 1,
            demo_key: false,
            running: wire::Slot::A,
            confirmed: Some(wire::Slot::A),
            trial: None,
            slots: [image, [SlotContent::Unfinished, image][self.chance.below(2) as usize]],
            epoch_floor: 0,
            revoked: self.number() as u8,
            outcome: None,
            window: self.number(),
            chunk: self.number(),
            map: self.number(),
            boot: None,
            recovery: None,
            journal_failing: None,
        }
    }
}

impl Pipe for Hostile {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, PipeError> {
        let length = self.answers.len().min(buffer.len());
        buffer.iter_mut().zip(self.answers.drain(..length)).for_each(|(place, byte)| *place = byte);
        self.now += if length == 0 { wait } else { Duration::from_millis(1) };
        Ok(length)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PipeError> {
        for byte in bytes {
            if !self.decoder.push(*byte) {
                continue;
            }
            self.requests += 1;
            let Some(Request { number, command, .. }) = self.decoder.message::<Request<'_>>() else { continue };
            let (command, digests) = match command {
                Command::Digests { count, .. } => (Command::Abort, usize::from(count)),
                Command::Write { .. } => (Command::Skip { to: 0 }, 0),
                Command::Begin { .. } => (Command::Finish, 0),
                Command::Status => (Command::Status, 0),
                _ => (Command::Cancel, 0),
            };
            let zeros = [0; DIGESTS * DIGEST_LENGTH];
            let next = self.number();
            let body = match command {
                Command::Abort => Body::Digests(&zeros[..digests * DIGEST_LENGTH]),
                Command::Skip { .. } => Body::Written { next },
                Command::Finish => Body::Begun { next },
                Command::Status => Body::Status(self.status()),
                _ => Body::Done,
            };
            let (mut scratch, mut out) = ([0; 1024], [0; 1100]);
            let length = frame::encode(&Answer { number, body }, &mut scratch, &mut out).unwrap();
            self.answers.extend(&out[..length]);
        }
        Ok(())
    }

    fn reconnect(&mut self) -> Result<(), PipeError> {
        Ok(())
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn pause(&mut self, time: Duration) {
        self.now += time;
    }
}

#[test]
fn no_number_of_a_device_makes_a_host_panic_or_hang() {
    let image = recipe(&MICROBIT, 1, 5000).image();
    for seed in 0..600 {
        let mut link = Link::new(Hostile::new(seed), 7);
        let options = Options { timeout: Duration::from_secs(20), ..Options::default() };
        let pushed = push(&mut link, &image, &options, &mut ());
        assert!(pushed.is_err(), "seed {seed}: {pushed:?}");
        assert!(link.pipe().requests < 20_000, "seed {seed}: {}", link.pipe().requests);
        let _ = device::confirm(&mut link);
        let status = link.status(Retry::SHORT).unwrap();
        let device = Device::from(&status);
        assert!(!device.to_string().is_empty() && !device.json().is_empty());
    }
}

/// The largest times that a program can give: they mean for ever, and are not a sum that overflows.
#[test]
fn a_time_without_end_is_no_overflow() {
    let image = recipe(&MICROBIT, 1, 5000).image();
    let mut link = Link::new(Hostile::new(1), 7).with_recovery(Duration::MAX).with_busy_wait(Duration::MAX);
    link.pipe().now = Duration::from_secs(5);
    let options = Options { timeout: Duration::MAX, ..Options::default() };
    let _ = push(&mut link, &image, &options, &mut ());
    let _ = device::reset(&mut link, Duration::MAX);
    assert!(link.receive(Duration::ZERO).is_ok());
    let retry = Retry { timeout: Duration::MAX, attempts: 1 };
    assert!(link.status(retry).is_ok());
    let monitor = Shared::new(Vec::new(), None, Box::new(|_| {}));
    let mut turns = 0;
    monitor
        .listen(&mut link, |_| {
            turns += 1;
            turns < 5
        })
        .unwrap();
}
