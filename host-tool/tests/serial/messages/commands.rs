//! The messages: each command with good values and with extreme ones, and bytes that are no message.

use super::scenes::{BELIEVED, Scene, image};
use crate::images::version;
use crate::pushes::recipe;
use crate::stranger::framed_bytes;
use lifeboot_artifact::image_file::Patch;
use lifeboot_core::{Slot, recovery};
use lifeboot_example_boards::MICROBIT;
use lifeboot_wire::patch::FORMAT;
use lifeboot_wire::{self as wire, Command, DIGEST_RANGE, DIGESTS, Refusal};

/// The frame of each, under the number that comes next; the names are the same in every scene.
pub fn commands(scene: &Scene) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut add = |name: String, command: Command| all.push((name, scene.host.frame(scene.number(), &command)));
    for command in [Command::Status, Command::Keys, Command::Quarantine] {
        add(format!("{command:?}"), command);
    }
    begins(scene, &mut add);
    digests(&mut add);
    writes(scene, &mut add);
    skips(scene, &mut add);
    patches(scene, &mut add);
    let changes = [Command::Finish, Command::Abort, Command::Confirm, Command::Rollback];
    for command in changes.into_iter().chain([Command::Cancel, Command::FinishStaged, Command::Reset, Command::Recover])
    {
        add(format!("{command:?}"), command);
    }
    let digest = &image().header().digest;
    for (name, image) in
        [("the image under way", &digest[..16]), ("another image", &[7; 16]), ("a short name", &digest[..9])]
    {
        add(format!("Activate {name}"), Command::Activate { image, force: false });
        add(format!("Activate {name}, forced"), Command::Activate { image, force: true });
    }
    no_messages(scene, &mut all);
    all
}

fn begins(scene: &Scene, add: &mut impl FnMut(String, Command)) {
    let mut begin = |name: &str, header: &[u8], running: wire::Version, target: wire::Slot| {
        let force = name.ends_with("forced");
        add(format!("Begin{name}"), Command::Begin { header, running, target, force });
    };
    let own = image();
    let good = *own.header_bytes();
    let (running, target) = (scene.running, scene.target());
    let [a, b] = [wire::Slot::A, wire::Slot::B];
    begin(" of the image under way", &good, running, target);
    begin(" of the image under way, forced", &good, running, target);
    begin(" of another image", recipe(&MICROBIT, 2, 700).image().header_bytes(), running, target);
    begin(" of what runs", recipe(&MICROBIT, 0, 3000).image().header_bytes(), running, target);
    for length in [0, 255, 257, 500] {
        let mut header = good.to_vec();
        header.resize(length, 0);
        begin(&format!(" with a header of {length} bytes"), &header, running, target);
    }
    begin(" with a header of zeros", &[0; 256], running, target);
    let mut altered = good;
    altered[0x24] ^= 1;
    begin(" with an altered header", &altered, running, target);
    begin(" with an altered header, forced", &altered, running, target);
    begin(" for another running version", &good, wire::Version { build: 9, ..BELIEVED }, target);
    begin(" into the other slot", &good, running, if target == a { b } else { a });
    begin(" as of version 0.0.0", &good, wire::Version { major: 0, ..version(0).into() }, target);
}

fn digests(add: &mut impl FnMut(String, Command)) {
    let end = MICROBIT.slot(Slot::B).length;
    let unit = MICROBIT.unit_at(MICROBIT.slots[0].start).length;
    let mut digests = |offset: u32, length: u32, count: u8| {
        let offset_name = match offset.checked_sub(end - 256) {
            Some(0) => "256 before the end".to_owned(),
            Some(256) => "the end".to_owned(),
            _ => format!("{offset:#x}"),
        };
        add(
            format!("Digests of {count} times {length:#x} from {offset_name}"),
            Command::Digests { offset, length, count },
        );
    };
    for count in [0, 1, DIGESTS as u8, DIGESTS as u8 + 1, u8::MAX] {
        digests(0, 256, count);
    }
    for length in [0, 1, unit, unit + 1, DIGEST_RANGE + 1, u32::MAX] {
        digests(0, length, 2);
    }
    for offset in [1, 256, end - 256, end, u32::MAX - 255, u32::MAX] {
        digests(offset, 256, 2);
    }
}

fn writes(scene: &Scene, add: &mut impl FnMut(String, Command)) {
    let end = MICROBIT.slot(Slot::B).length;
    let next = scene.next;
    let offsets = [
        ("0".to_owned(), 0),
        ("next - 1".to_owned(), next - 1),
        ("next".to_owned(), next),
        ("next + 1".to_owned(), next + 1),
        ("the slot's end".to_owned(), end),
        ("2³² - 1".to_owned(), u32::MAX),
    ];
    let content = image().to_bytes();
    let chunk = scene.chunk;
    let lengths = [("nothing", 0), ("a byte", 1), ("a chunk", chunk), ("a byte more than a chunk", chunk + 1)];
    for (name, offset) in offsets {
        for (amount, length) in lengths.into_iter().chain([("too much for a frame", chunk + 40)]) {
            // What the image holds there, and zeros behind it.
            let bytes: Vec<u8> =
                content.iter().skip(offset as usize).copied().chain(std::iter::repeat(0)).take(length).collect();
            add(format!("Write of {amount} at {name}"), Command::Write { offset, bytes: &bytes });
        }
    }
}

fn skips(scene: &Scene, add: &mut impl FnMut(String, Command)) {
    let end = image().header().image_length().unwrap();
    let slot_end = MICROBIT.slot(Slot::B).length;
    let tos = [
        ("0", 0),
        ("next", scene.next),
        ("next + 1", scene.next + 1),
        ("the next block", (scene.next + 1).next_multiple_of(256)),
        ("the payload's end", 256 + image().header().payload_length),
        ("the image's end", end),
        ("behind the image's end", end + 1),
        ("the slot's end", slot_end),
        ("behind the slot's end", slot_end + 1),
        ("2³² - 256", u32::MAX - 255),
        ("2³² - 1", u32::MAX),
    ];
    tos.into_iter().for_each(|(name, to)| add(format!("Skip to {name}"), Command::Skip { to }));
}

fn patches(scene: &Scene, add: &mut impl FnMut(String, Command)) {
    let mut begin = |name: &str, format: u8, from: &[u8]| {
        add(format!("BeginPatch {name}"), Command::BeginPatch { format, from });
    };
    let running = scene.running_image();
    begin("from what runs", FORMAT, &running.header().digest[..16]);
    begin("from another image", FORMAT, &recipe(&MICROBIT, 2, 700).image().header().digest[..16]);
    begin("from nothing", FORMAT, &[0; 16]);
    begin("of the next format", FORMAT + 1, &running.header().digest[..16]);
    begin("from a digest that is cut off", FORMAT, &running.header().digest[..15]);
    begin("from a digest that is too long", FORMAT, &running.header().digest);
    let patch = Patch::between(&running, image()).unwrap();
    let patch = patch.bytes();
    let offsets = [("0", 0), ("1", 1), ("its end", patch.len() as u32), ("2³² - 1", u32::MAX)];
    for (name, offset) in offsets {
        for (amount, length) in [("nothing", 0), ("a byte", 1), ("300 bytes", 300)] {
            let bytes = patch.iter().skip(offset as usize).copied().chain(std::iter::repeat(0)).take(length);
            let bytes: Vec<u8> = bytes.collect();
            add(format!("Patch of {amount} at {name}"), Command::Patch { offset, bytes: &bytes });
        }
    }
    // Compressed, zeros refer to zeros; as instructions, those are copies of nothing.
    add("Patch of zeros".to_owned(), Command::Patch { offset: 0, bytes: &[0; 64] });
    add("Patch of ones".to_owned(), Command::Patch { offset: 0, bytes: &[0xff; 64] });
}

fn no_messages(scene: &Scene, all: &mut Vec<(String, Vec<u8>)>) {
    let number = scene.number();
    // A session's number below 128 takes one byte.
    assert!(scene.host.session < 128);
    let start = [scene.host.session as u8, number];
    let mut add = |name: &str, bytes: &[u8]| {
        all.push((name.to_owned(), framed_bytes(&[&start, bytes].concat())));
    };
    add("no command", &[]);
    add("the next command to be", &[16]);
    add("command 255", &[0xff, 1]);
    add("a number without an end", &[0xff; 300]);
    add("Begin that ends in its header", &[1, 0x80, 2, 1, 2, 3]);
    add("Write that ends in its offset", &[3, 0x80]);
    add("Write of more than there is", &[3, 0, 0xff, 0xff, 3, 7]);
    add("Finish and something behind it", &[5, 0, 0, 0]);
    add("as much as a frame can hold", &vec![0x5a; recovery::CHUNK + 11]);
    all.push(("an empty message".to_owned(), framed_bytes(&[])));
    all.push(("a message of one byte".to_owned(), framed_bytes(&[0x80])));
    all.push(("an answer".to_owned(), framed_bytes(&[number, 1, Refusal::Busy as u8])));
    all.push(("zeros".to_owned(), vec![0; 40]));
}
