//! A session: with any input in any order, the device stays within its bounds.
//!
//! An input decides the device's state (its slots, its journal), and then the events: frames of commands with good and
//! bad fields, damaged frames, noise, whole pushes of good and bad images, time, and how often the application polls.

pub mod device;
pub mod images;

use super::check;
use super::choices::Choices;
use crate::signed_image::SignedImage;
use device::Device;
use images::{RUNNING, image};
use lifeboot_artifact::image_file::{ImageFile, Patch};
use lifeboot_core::Slot;
use lifeboot_core::image::{HEADER_LENGTH, SIGNED_LENGTH};
use lifeboot_wire::patch::FORMAT;
use lifeboot_wire::{self as wire, Command, IMAGE_NAME, Request, frame};
use std::sync::LazyLock;

/// Bytes of image in a `Write` of a push.
pub const CHUNK: usize = 500;

/// A device as it comes from production.
const FRESH: [u8; 6] = [0; 6];

#[test]
fn sessions() {
    let marks = |happens: &[&[u8]]| property(&[&FRESH, &happens.concat()[..]].concat());
    let push = |image: u8| [0, image, 0];
    // A push of each good image marks a trial; of the others, none.
    for image in 0..16 {
        let good = [0, 1, 2, 3, 4, 6, 11, 14].contains(&image);
        assert_eq!(marks(&[&push(image)]), good && image != 11, "image {image}");
    }
    // A second push after the first, a push after noise, one with a damaged frame.
    assert!(marks(&[&push(0), &push(1)]) && marks(&[&[5, 3, 1, 2, 3], &push(0)]));
    assert!(!marks(&[&[0, 0, 1, 0, 60, 0, 3]]));
    // A patch of the first image, as it is, and with a byte of it changed.
    assert!(marks(&[&[12, 0]]) && !marks(&[&[12, 1, 20, 2, 0x55]]));
    check!(300, property);
}

/// Returns whether a trial was marked.
pub fn property(input: &[u8]) -> bool {
    let mut choices = Choices::new(input);
    let mut device = Device::new(&mut choices);
    while !choices.is_done() && !device.reset {
        happen(&mut device, &mut choices);
    }
    device.line.blocked = false;
    device.finish_turns(300);
    device.check();
    device.marked
}

fn happen(device: &mut Device, choices: &mut Choices) {
    match choices.byte() % 13 {
        0 => push(device, choices),
        12 => push_patch(device, choices),
        1..=4 => {
            let bytes = command_to(device, choices);
            device.line.incoming.extend(bytes);
        }
        5 => device.line.incoming.extend(choices.bytes(64)),
        6 => {
            let mut bytes = command_to(device, choices);
            choices.mutate(&mut bytes);
            device.line.incoming.extend(bytes);
        }
        7 => device.now = device.now.wrapping_add(choices.edge(3000)),
        8 => device.finish_turns(64),
        9 => {
            for _ in 0..choices.below(32) {
                device.poll();
            }
        }
        10 => device.offer_log(choices.bytes(200)),
        _ => device.line.blocked = choices.byte() % 4 == 3,
    }
}

/// A host's whole push, in good order; the bytes may be wrong in one place.
fn push(device: &mut Device, choices: &mut Choices) {
    let image = image(choices);
    let mut content = image.content(image.header.linked_for(image.board).unwrap_or(Slot::A));
    if choices.byte() % 4 == 1 {
        let mut behind = content.split_off(HEADER_LENGTH);
        choices.mutate(&mut behind);
        content.extend(behind);
    }
    device.line.blocked = false;
    device.line.incoming.clear();
    device.line.incoming.push_back(0);
    let now = device.now;
    device.now = now.wrapping_add(wire::SESSION_TIMEOUT_MS);
    let running = device_version(device);
    send(device, 1, Command::Begin { header: &image.header_bytes(), running, target: wire::Slot::B, force: true });
    device.finish_turns(200); // A step of the signature's check each.
    let mut table_due = !image.table.is_empty();
    for number in 2..60 {
        let Some(next) = device.updater.next().filter(|_| !device.reset) else { return };
        let bytes = content.get(next as usize..).unwrap_or_default();
        // A content that was made shorter is filled up, so that the push comes to its end.
        let bytes = if bytes.is_empty() { &[0xff; CHUNK] } else { &bytes[..bytes.len().min(CHUNK)] };
        // If the payload fills its last block, it ends where the table starts.
        table_due &= next >= image.table_offset();
        let done = !table_due && next == image.board.header_length + image.header.payload_length;
        let command = if done { Command::Finish } else { Command::Write { offset: next, bytes } };
        send(device, number, command);
        device.finish_turns(200);
        if done {
            return;
        }
    }
}

/// The same as a patch; it may be wrong in one place.
fn push_patch(device: &mut Device, choices: &mut Choices) {
    static PATCH: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let file =
            |image: &SignedImage| ImageFile::from_slot(&image.content(Slot::A), image.board).expect("a good image");
        Patch::between(&file(&RUNNING), &file(image(&mut Choices::new(&[])))).expect("of one board").bytes().to_vec()
    });
    let mut patch = PATCH.clone();
    if choices.byte() % 4 == 1 {
        choices.mutate(&mut patch);
    }
    device.line.blocked = false;
    device.line.incoming.clear();
    device.line.incoming.push_back(0);
    device.now = device.now.wrapping_add(wire::SESSION_TIMEOUT_MS);
    let header = image(&mut Choices::new(&[])).header_bytes();
    let running = device_version(device);
    send(device, 1, Command::Begin { header: &header, running, target: wire::Slot::B, force: true });
    device.finish_turns(200);
    send(device, 2, Command::BeginPatch { format: FORMAT, from: &RUNNING.header.digest[..16] });
    device.finish_turns(2);
    for (number, (index, bytes)) in (3..).zip(patch.chunks(CHUNK).enumerate()) {
        send(device, number, Command::Patch { offset: (index * CHUNK) as u32, bytes });
        device.finish_turns(300);
    }
    send(device, 99, Command::Finish);
    device.finish_turns(200);
}

fn device_version(device: &mut Device) -> wire::Version {
    match device.updater.status(0, 0).slots[0] {
        wire::SlotContent::Image { version, .. } => version,
        _ => RUNNING.header.version.into(),
    }
}

fn send(device: &mut Device, number: u8, command: Command) {
    let bytes = framed(&Request { session: 7, number, command });
    device.line.incoming.extend(bytes);
}

pub fn framed(request: &Request) -> Vec<u8> {
    let (mut scratch, mut out) = ([0; 1200], [0; 1300]);
    let length = frame::encode(request, &mut scratch, &mut out).expect("room for any request here");
    out[..length].to_vec()
}

fn command_to(device: &mut Device, choices: &mut Choices) -> Vec<u8> {
    let next = [device.updater.next(), device.updater.next_in_patch()].map(Option::unwrap_or_default);
    command(next, device_version(device), choices)
}

/// One frame with any command, its fields near what would be right for these offsets, in the slot and in a patch, and
/// this running version.
pub fn command(next: [u32; 2], running: wire::Version, choices: &mut Choices) -> Vec<u8> {
    let [next, patched] = next;
    let session = if choices.byte() % 8 == 7 { choices.word() as u16 } else { 7 };
    let number = choices.byte() % 8;
    let offset = if choices.chance() { choices.edge(next) } else { next };
    let image = image(choices);
    let (header, bytes);
    let command = match choices.byte() % 21 {
        0 => Command::Status,
        1 | 2 => {
            header = any_header(image, choices);
            let running = if choices.byte() % 8 == 7 { wire::Version { build: 9, ..running } } else { running };
            let target = if choices.byte() % 8 == 7 { wire::Slot::A } else { wire::Slot::B };
            Command::Begin { header: &header, running, target, force: choices.byte() % 4 != 3 }
        }
        3 => Command::Digests { offset, length: choices.edge(256), count: choices.byte() % 12 },
        4..=6 => {
            bytes = image_bytes(image, offset, choices);
            Command::Write { offset, bytes: &bytes }
        }
        7 | 8 => Command::Skip { to: choices.edge(offset.checked_next_multiple_of(256).unwrap_or_default().max(256)) },
        9 | 10 => Command::Finish,
        11 => Command::Abort,
        12 => Command::Confirm,
        13 => Command::Rollback,
        // Without another choice, so that old inputs mean what they did.
        14 => [Command::Quarantine, Command::Identity, Command::Map][offset as usize % 3].clone(),
        15 => Command::Recover,
        16 => {
            let mut from = RUNNING.header.digest[..16].to_vec();
            if choices.byte() % 8 == 7 {
                choices.mutate(&mut from);
            }
            bytes = from;
            Command::BeginPatch { format: FORMAT + u8::from(choices.byte() % 8 == 7), from: &bytes }
        }
        17 | 18 => {
            bytes = choices.bytes(200).to_vec();
            Command::Patch { offset: if choices.chance() { choices.edge(0) } else { patched }, bytes: &bytes }
        }
        19 => {
            let mut name = image.header.digest[..IMAGE_NAME].to_vec();
            if offset % 16 == 15 {
                choices.mutate(&mut name);
            }
            bytes = name;
            let activate = Command::Activate { image: &bytes, force: offset % 2 == 1 };
            [Command::Cancel, Command::FinishStaged, activate][offset as usize % 3].clone()
        }
        _ => Command::Reset,
    };
    framed(&Request { session, number, command })
}

/// A header as it is, damaged, or of the wrong length.
fn any_header(image: &SignedImage, choices: &mut Choices) -> Vec<u8> {
    let mut header = image.header_bytes().to_vec();
    match choices.byte() % 8 {
        6 => choices.mutate(&mut header),
        7 => header[SIGNED_LENGTH..].fill(choices.byte()),
        _ => {}
    }
    header
}

/// What the image holds at an offset, more or less.
fn image_bytes(image: &SignedImage, offset: u32, choices: &mut Choices) -> Vec<u8> {
    let content = image.content(image.header.linked_for(image.board).unwrap_or(Slot::A));
    let length = if choices.chance() { CHUNK } else { choices.below(600) };
    let mut bytes: Vec<u8> = content.iter().skip(offset as usize).take(length).copied().collect();
    if choices.byte() % 4 == 3 {
        choices.mutate(&mut bytes);
    }
    bytes
}
