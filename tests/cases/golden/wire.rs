//! The wire format: a frame for each command and each answer, and the number of each variant.

use super::file::{compare, piece};
use lifeboot_core::image::Invalid;
use lifeboot_core::layout::MAP_LENGTH;
use lifeboot_example_boards::MICROBIT;
use lifeboot_wire::frame::{self, Decoder};
use lifeboot_wire::{
    Answer, Body, Boot, Command, Fault, Identity, Keys, Outcome, OutcomeEnding, Recovery, Refusal, Rejection, Request,
    ResetCause, Signed, Slot, SlotContent, Start, Status, Trial, Version, capability,
};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// Holds every frame of this file.
const LONGEST: usize = 512;

const VERSION: Version = Version { major: 1, minor: 300, patch: 70_000, build: 20_000_000 };
const DIGEST: [u8; 16] = *b"half of a digest";

#[test]
fn commands() {
    let header: Vec<u8> = (0..=255).collect();
    let commands = [
        Command::Status,
        Command::Begin { header: &header, running: VERSION, target: Slot::B, force: false },
        Command::Begin { header: &[], running: VERSION, target: Slot::A, force: true },
        Command::Digests { offset: 0x0001_0400, length: 1024, count: 8 },
        Command::Write { offset: 0x100, bytes: b"\0canonical\0bytes" },
        Command::Skip { to: 0x0002_0000 },
        Command::Finish,
        Command::Abort,
        Command::Confirm,
        Command::Rollback,
        Command::Reset,
        Command::Keys,
        Command::Quarantine,
        Command::Recover,
        Command::BeginPatch { format: 1, from: &DIGEST },
        Command::Patch { offset: 0x1234, bytes: b"\0compressed" },
        Command::Cancel,
        Command::Identity,
        Command::Map,
        Command::FinishStaged,
        Command::Activate { image: &DIGEST, force: true },
    ];
    each_variant_is_there::<Command>(&commands);
    let pieces: Vec<_> = (1..)
        .zip(&commands)
        .map(|(number, command)| {
            let request = Request { session: 0xbeef, number, command: command.clone() };
            piece(format!("{number}: {}", name(command)), &framed(&request))
        })
        .collect();
    let committed = compare("commands.hex", &pieces);

    for ((number, command), piece) in (1..).zip(&commands).zip(&committed) {
        let mut decoder = Decoder::<LONGEST>::new();
        let request = Request { session: 0xbeef, number, command: command.clone() };
        assert_eq!(received(&mut decoder, &piece.bytes), Some(request));
    }
}

#[test]
fn answers() {
    let status = Status {
        wire: 2,
        board: MICROBIT.name_bytes(),
        bootloader: 1,
        demo_key: true,
        running: Slot::A,
        confirmed: Some(Slot::B),
        trial: Some(Trial { slot: Slot::B, attempts: 2, power_attempts: 10 }),
        slots: [SlotContent::Image { version: VERSION, epoch: 200, digest: DIGEST }, SlotContent::Empty],
        epoch_floor: 128,
        revoked: 0b0100,
        outcome: Some(Outcome {
            ending: OutcomeEnding::NotConfirmed,
            slot: Slot::B,
            cause: ResetCause::Watchdog,
            version: VERSION,
            digest: DIGEST,
            fault: None,
        }),
        window: 1024,
        chunk: 545,
        map: 0x1718_191a,
        boot: Some(Boot { cause: ResetCause::Watchdog, start: Start::Trial, verification: 870 }),
        recovery: None,
        journal_failing: Some(false),
    };
    let blank = Status {
        demo_key: false,
        trial: None,
        slots: [SlotContent::Unfinished; 2],
        epoch_floor: 0,
        revoked: 0,
        outcome: None,
        ..status.clone()
    };
    let crashed = status.outcome.map(|outcome| Outcome {
        cause: ResetCause::Fault,
        fault: Some(Fault { pc: 0x0001_2abc, status: 0x0000_8200 }),
        ..outcome
    });
    let crashed = Status { outcome: crashed, ..status.clone() };
    let rejection = |ending, cause| Some(Rejection { ending, cause, digest: *b"of adigest" });
    let bodies = [
        Body::Done,
        Body::Refused(Refusal::NotErased),
        Body::Status(status),
        Body::Status(blank),
        Body::Status(crashed),
        Body::Begun { next: 0x1c200 },
        Body::Written { next: 0x100 },
        Body::Digests(b"8 bytes!8 bytes!"),
        Body::Log(&[0; 3]),
        Body::BootLog(&[1, 0, 9, 0]),
        Body::Recovery {
            why: Recovery::Requested,
            chunk: 512,
            info: b"info",
            record: b"record",
            headers: [b"header A", b"header B"],
        },
        Body::Keys(Keys {
            ids: [Some([0x0a, 0x1b, 0x2c, 0x3d]), Some([0xff; 4]), None, None],
            revoked: 0b01,
            signed: [None, Some(Signed { key: [0xff; 4], revokes: 0b01 })],
        }),
        Body::Quarantine([
            rejection(OutcomeEnding::NotConfirmed, ResetCause::Fault),
            rejection(OutcomeEnding::Invalid, ResetCause::Unknown),
            None,
        ]),
        Body::Patched { next: 0x1234 },
        Body::Identity(Identity {
            wire: 4,
            board: *b"acme-press\0\0\0\0\0\0",
            map: 0x1718_191a,
            device: b"\x01\x02\x03",
            capabilities: capability::PATCHES,
            chunk: 512,
        }),
        Body::Map(&[0x5a; MAP_LENGTH]),
    ];
    each_variant_is_there::<Body>(&bodies);
    let answers: Vec<Answer> = (1..).zip(bodies).map(|(number, body)| Answer { number, body }).collect();
    let pieces: Vec<_> = answers
        .iter()
        .map(|answer| piece(format!("{}: {}", answer.number, name(&answer.body)), &framed(answer)))
        .collect();
    let committed = compare("answers.hex", &pieces);

    for (answer, piece) in answers.into_iter().zip(&committed) {
        let mut decoder = Decoder::<LONGEST>::new();
        assert_eq!(received(&mut decoder, &piece.bytes), Some(answer));
    }
}

/// The number of each variant of the enums whose order is frozen, by trying them all.
#[test]
fn variants() {
    let mut pieces = Vec::new();
    let mut list = |of: &str, names: Vec<String>| {
        let numbered = (0_u8..).zip(names);
        pieces.extend(numbered.map(|(number, name)| piece(format!("{of}::{name}"), &[number])));
    };
    list("Command", variants_of::<Command>());
    list("Body", variants_of::<Body>());
    list("Refusal", variants_of::<Refusal>());
    list("OutcomeEnding", variants_of::<OutcomeEnding>());
    list("ResetCause", variants_of::<ResetCause>());
    list("SlotContent", variants_of::<SlotContent>());
    list("Slot", variants_of::<Slot>());
    compare("variants.hex", &pieces);
}

/// A bootloader in recovery mode sends the number of an image's fault as that of the refusal.
#[test]
fn what_is_wrong_with_an_image_has_the_number_of_its_refusal() {
    let all = [
        Invalid::NoImage,
        Invalid::Format,
        Invalid::UnknownKey,
        Invalid::RevokedKey,
        Invalid::Signature,
        Invalid::Board,
        Invalid::Bounds,
        Invalid::OtherSlot,
        Invalid::Bootloader,
        Invalid::Epoch,
        Invalid::Table,
        Invalid::Digest,
        Invalid::Entry,
        Invalid::Stack,
        Invalid::Flash,
        Invalid::Schema,
        Invalid::OwnKey,
        Invalid::EpochStep,
        Invalid::Map,
    ];
    for invalid in all {
        let mut buffer = [0; 2];
        let sent = postcard::to_slice(&Refusal::from(invalid), &mut buffer).unwrap();
        assert_eq!(sent, [invalid as u8], "{invalid:?}");
    }
}

/// For each number, the number and zeros behind it: something of every type that the wire knows, since zeros are the
/// number, the shortest slice, the first variant.
static NUMBERED: [[u8; 200]; 256] = {
    let mut numbered = [[0; 200]; 256];
    let mut number = 0;
    while number < numbered.len() {
        numbered[number][0] = number as u8;
        number += 1;
    }
    numbered
};

/// The names of an enum's variants, in postcard's order.
fn variants_of<T: Deserialize<'static> + Debug>() -> Vec<String> {
    let decoded = NUMBERED.iter().map_while(|bytes| postcard::from_bytes::<T>(bytes).ok());
    decoded.map(|variant| name(&variant)).collect()
}

fn each_variant_is_there<T: Deserialize<'static> + Debug>(values: &[impl Debug]) {
    for variant in variants_of::<T>() {
        assert!(values.iter().any(|value| name(value) == variant), "add a golden frame for {variant}");
    }
}

/// The name of a value's variant.
fn name(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    text.split([' ', '(']).next().unwrap_or_default().to_owned()
}

fn framed(message: &impl Serialize) -> Vec<u8> {
    let (mut scratch, mut out) = ([0; LONGEST], [0; LONGEST]);
    let length = frame::encode(message, &mut scratch, &mut out).expect("the frame fits");
    out[..length].to_vec()
}

fn received<'a, T: Deserialize<'a>>(decoder: &'a mut Decoder<LONGEST>, frame: &[u8]) -> Option<T> {
    let (end, before) = frame.split_last()?;
    assert!(!before.iter().any(|byte| decoder.push(*byte)), "complete before its end");
    assert!(decoder.push(*end), "not complete at its end");
    decoder.message()
}
