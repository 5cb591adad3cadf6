//! Too much, too little, and at the wrong time: floods, halves of frames, silence, hosts that talk at once, numbers
//! that wrap.

use crate::device::Device;
use crate::images::Chance;
use crate::line::Wire;
use crate::messages::scenes::{BELIEVED, Scene, asked, confirmed, destroyed, image, part};
use crate::pushes::{assert_holds, push_to, recipe};
use crate::stranger::{Stranger, framed, ranges};
use lifeboot_client::link::Retry;
use lifeboot_client::pipe::Pipe;
use lifeboot_client::push::PushOutcome;
use lifeboot_core::Slot;
use lifeboot_example_boards::MICROBIT;
use lifeboot_wire::{self as wire, Answer, Body, Command, Request, SESSION_TIMEOUT_MS};
use std::iter::{repeat_n, repeat_with};
use std::time::Duration;

/// Bytes that firmware reads in a turn of the application's loop at most, times the turns of a millisecond.
const TURN: usize = 8 * 560;

fn everything(wire: &Wire) -> Vec<u8> {
    wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize)
}

/// What comes, and how many bytes of it.
fn floods() -> [(&'static str, Vec<u8>); 8] {
    let mut chance = Chance(6);
    let of = |length: usize, piece: Vec<u8>| piece.into_iter().cycle().take(length).collect::<Vec<u8>>();
    let stranger = |command: Command| framed(&Request { session: 4711, number: 9, command });
    let header = image().header_bytes();
    let begin = Command::Begin { header, running: BELIEVED, target: wire::Slot::B, force: true };
    [
        ("random bytes", repeat_with(|| chance.next() as u8).take(2_000_000).collect()),
        ("zeros", vec![0; 2_000_000]),
        ("a frame without an end", vec![0xff; 2_000_000]),
        ("runs of a byte each", vec![1; 1_000_000]),
        ("requests for the state", of(40_000, framed(&Request { session: 1, number: 1, command: Command::Status }))),
        ("bytes of a session that is none", of(400_000, stranger(Command::Write { offset: 1280, bytes: &[7; 256] }))),
        ("headers, cut short", of(200_000, stranger(begin).into_iter().take(200).chain([0]).collect())),
        ("its own answers", of(100_000, framed(&Answer { number: 9, body: Body::Begun { next: 1280 } }))),
    ]
}

/// Lets a flood come as fast as the device reads it.
fn flood(wire: &Wire, name: &str, bytes: &[u8]) {
    let mut bench = wire.bench_mut();
    bench.rate = 2000;
    // At once, as no line could: firmware has to stop reading by itself.
    bench.device.received.extend(bytes);
    let mut left = bytes.len();
    for _ in 0..bytes.len() {
        bench.step();
        let now_left = bench.device.received.len();
        assert!(left - now_left <= TURN, "{name}: {} bytes without a turn of the application", left - now_left);
        left = now_left;
        if left == 0 {
            break;
        }
    }
    assert_eq!(left, 0, "{name}: it reads no more");
}

#[test]
fn a_flood_changes_nothing_and_keeps_nobody_waiting() {
    for (name, bytes) in floods() {
        let scene = confirmed();
        let before = everything(&scene.wire);
        flood(&scene.wire, name, &bytes);
        assert!(before == everything(&scene.wire), "{name}: flash changed");
        assert_eq!(scene.wire.bench().device.starts, scene.starts, "{name}");
        scene.wire.bench_mut().rate = 12;
        let pushed = push_to(&scene.wire, &recipe(&MICROBIT, 5, 300).image()).unwrap();
        assert_eq!(pushed.outcome, PushOutcome::Confirmed, "{name}");
    }
}

#[test]
fn a_flood_in_the_middle_of_a_transfer_costs_nothing_but_time() {
    for (name, bytes) in floods() {
        let mut scene = part(confirmed(), 2);
        flood(&scene.wire, name, &bytes[..bytes.len() / 8]);
        scene.host.say(&[0]);
        scene.host.forget();
        scene.wire.bench_mut().rate = 12;
        let payload = ranges(image()).1;
        scene.host.write(image(), scene.next, payload.1);
        assert_eq!(scene.host.ask(&Command::Finish), "done", "{name}");
        assert_holds(&scene.wire, Slot::B, image());
    }
}

#[test]
fn a_flood_changes_nothing_for_a_bootloader() {
    for (name, bytes) in floods() {
        let mut scene = part(destroyed(), 2);
        let before = everything(&scene.wire);
        // Sixty times slower here, since each byte is a turn of two threads.
        let mut bench = scene.wire.bench_mut();
        bench.rate = 2000;
        bench.device.received.extend(&bytes[..6000]);
        drop(bench);
        scene.host.forget();
        assert!(before == everything(&scene.wire), "{name}: flash changed");
        scene.host.say(&[0]);
        scene.host.forget();
        scene.wire.bench_mut().rate = 12;
        let payload = ranges(image()).1;
        scene.host.write(image(), scene.next, payload.1);
        assert_eq!(scene.host.ask(&Command::Finish), "done", "{name}");
        assert_holds(&scene.wire, Slot::B, image());
    }
}

/// The beginning of a frame, of each length, and then nothing for a while, or the next one at once.
#[test]
fn half_a_frame_costs_that_frame_alone() {
    for make in [confirmed, destroyed] {
        let mut scene = make();
        let frame = scene.host.frame(1, &Command::Write { offset: 0, bytes: &[3; 20] });
        let state = scene.host.ask(&Command::Status);
        for length in 1..frame.len() - 1 {
            scene.host.say(&frame[..length]);
            if length % 2 == 0 {
                scene.wire.pause(Duration::from_secs(1));
            }
            // The first of these is lost with it.
            let lost = scene.host.request(&Command::Status);
            assert_eq!(scene.host.ask(&Command::Status), state, "behind {length} bytes of a frame");
            assert_ne!(lost, scene.host.number);
        }
    }
}

#[test]
fn a_host_that_falls_silent_in_a_frame_holds_nobody_up_for_longer_than_its_time() {
    for (make, refused) in [(confirmed as fn() -> Scene, "refused: Busy"), (destroyed, "refused: Busy")] {
        let mut scene = part(make(), 2);
        let half = scene.host.frame(200, &Command::Write { offset: scene.next, bytes: &[3; 200] });
        scene.host.say(&half[..100]);
        let mut second = Stranger::new(&scene.wire, 5);
        second.say(&[0]);
        assert_eq!(second.ask(&Command::Finish), refused);
        scene.wire.pause(Duration::from_millis(u64::from(SESSION_TIMEOUT_MS) - 200));
        assert_eq!(second.ask(&Command::Finish), refused);
        scene.wire.pause(Duration::from_millis(300));
        assert_eq!(second.ask(&Command::Finish), "refused: Incomplete");
        assert!(second.begin(image(), scene.running).starts_with("begun"));
        second.write_all(image());
        assert_eq!(second.ask(&Command::Finish), "done");
        // The first one's transfer is over, and the second one's is done.
        assert_eq!(scene.host.ask(&Command::Abort), "refused: Busy");
        assert_holds(&scene.wire, Slot::B, image());
    }
}

/// Between any two frames of a push, another host sends everything that might disturb it.
#[test]
fn two_hosts_frame_by_frame_and_the_first_one_is_served() {
    let other = recipe(&MICROBIT, 2, 700).image();
    for make in [confirmed, destroyed] {
        let mut scene = make();
        assert!(scene.host.begin(image(), scene.running).starts_with("begun"));
        let mut second = Stranger::new(&scene.wire, 9999);
        let mut number = scene.host.number;
        for (from, to) in <[_; 2]>::from(ranges(image())) {
            for start in (from..to).step_by(100) {
                // The same numbers as the first one's: an answer says nothing of whom it is for.
                second.number = number;
                let content = other.to_bytes();
                let bytes = &content[start as usize % 700..][..50];
                for command in [
                    Command::Write { offset: start, bytes },
                    Command::Skip { to },
                    Command::Finish,
                    Command::Abort,
                    Command::Rollback,
                    Command::Confirm,
                    Command::Reset,
                    Command::Recover,
                ] {
                    assert_eq!(second.ask(&command), "refused: Busy", "{command:?}");
                }
                assert_eq!(second.begin(&other, scene.running), "refused: Busy");
                scene.host.write(image(), start, to.min(start + 100));
                number = scene.host.number;
            }
        }
        assert_eq!(second.ask(&Command::Finish), "refused: Busy");
        assert_eq!(scene.host.ask(&Command::Finish), "done");
        assert_holds(&scene.wire, Slot::B, image());
    }
}

/// Two hosts on one line at the same time: their bytes are mixed, and the device receives no valid frame.
#[test]
fn two_hosts_byte_by_byte_are_heard_as_nobody() {
    for make in [confirmed, destroyed] {
        let mut scene = part(make(), 2);
        let before = everything(&scene.wire);
        let content = image().to_bytes();
        let (own, others) = (&content[scene.next as usize..][..256], &content[300..556]);
        let second = Stranger::new(&scene.wire, 9999);
        let one = scene.host.frame(100, &Command::Write { offset: scene.next, bytes: own });
        let other = second.frame(100, &Command::Write { offset: scene.next, bytes: others });
        let mixed: Vec<u8> = one.iter().zip(&other).flat_map(|(one, other)| [*one, *other]).collect();
        scene.host.say(&mixed);
        assert_eq!(scene.host.hear(100), "no answer");
        scene.host.say(&[0]);
        assert!(before == everything(&scene.wire), "flash changed");
        scene.host.write(image(), scene.next, ranges(image()).1.1);
        assert_eq!(scene.host.ask(&Command::Finish), "done");
    }
}

/// Sessions of any number, 0 among them, and requests whose numbers wrap; each frame is sent twice.
#[test]
fn numbers_come_around_and_repetitions_are_answered_only() {
    for make in [confirmed, destroyed] {
        for (session, number) in [(0, 0), (0, 250), (1, 254), (u16::MAX, 255), (0x80, 100)] {
            let mut scene = make();
            scene.host.session = session;
            scene.host.number = number;
            assert!(scene.host.begin(image(), scene.running).starts_with("begun"), "{session}");
            let content = image().to_bytes();
            for (from, to) in <[_; 2]>::from(ranges(image())) {
                for start in (from..to).step_by(7) {
                    let bytes = &content[start as usize..to.min(start + 7) as usize];
                    let command = Command::Write { offset: start, bytes };
                    let answer = scene.host.ask(&command);
                    // As a host does whose answer was lost: under the same number.
                    let again = scene.host.frame(scene.host.number, &command);
                    scene.host.say(&again);
                    // Behind the table, the payload is what is missing next.
                    let is_last = start + 7 >= to;
                    let repeated = scene.host.hear(scene.host.number);
                    assert!(repeated == answer || is_last && repeated.starts_with("written"), "{session}: {start}");
                }
            }
            assert_eq!(scene.host.ask(&Command::Finish), "done", "{session}");
            let again = scene.host.frame(scene.host.number, &Command::Finish);
            scene.host.say(&again);
            assert_eq!(scene.host.hear(scene.host.number), "done", "{session}");
            assert_holds(&scene.wire, Slot::B, image());
        }
    }
}

/// A request to begin under the number of an earlier one that was done, with other requests in between, is a new one.
#[test]
fn a_number_that_has_come_around_is_no_repetition() {
    let other = recipe(&MICROBIT, 2, 700).image();
    for make in [confirmed, destroyed] {
        let mut scene = part(make(), 2);
        let begun_under = 1;
        scene.host.number = begun_under - 1;
        assert_eq!(scene.host.begin(&other, scene.running), format!("begun at {}", ranges(&other).0.0));
        scene.host.write_all(&other);
        assert_eq!(scene.host.ask(&Command::Finish), "done");
        assert_holds(&scene.wire, Slot::B, &other);
    }
}

/// A flood does not keep a bootloader in requested recovery mode from leaving it.
#[test]
fn a_flood_does_not_hold_a_bootloader_that_was_asked() {
    let scene = asked();
    for _ in 0..=lifeboot_core::recovery::RECOVERY_TIMEOUT_MS / 1000 {
        scene.wire.bench_mut().device.received.extend(repeat_n(0x33, 200));
        (0..1000).for_each(|_| scene.wire.bench_mut().step());
    }
    assert_eq!(scene.wire.bench().device.running(), Some(Slot::A));
    assert!(scene.wire.link().status(Retry::SHORT).is_ok());
}

/// A device that was reset has no state of it.
#[test]
fn frames_from_before_a_reset_find_no_transfer() {
    let device = Device::new(&MICROBIT);
    let wire = Wire::to(device);
    wire.clone().pause(Duration::from_millis(310));
    let mut host = Stranger::new(&wire, 3);
    assert!(host.begin(image(), BELIEVED).starts_with("begun"));
    let now = wire.bench().now;
    wire.bench_mut().device.reset(now, lifeboot_core::record::Cause::Pin);
    wire.clone().pause(Duration::from_millis(310));
    let next = ranges(image()).0.0;
    assert_eq!(host.ask(&Command::Write { offset: next, bytes: &[1; 20] }), "refused: NoTransfer");
    assert_eq!(host.ask(&Command::Skip { to: next + 256 }), "refused: NoTransfer");
    assert_eq!(host.ask(&Command::Finish), "refused: NoTransfer");
}
