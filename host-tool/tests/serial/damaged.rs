//! Frames that were damaged in transit: devices ignore them.

use crate::messages::scenes::{Scene, confirmed, destroyed, part};
use lifeboot_wire::Command;

/// A bit flipped, a byte lost, a byte doubled: of each.
fn damaged(frame: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    // What a device may take for the end of it comes behind it anyway.
    for at in 0..frame.len() - 1 {
        for bit in 0..8 {
            let mut flipped = frame.to_vec();
            flipped[at] ^= 1 << bit;
            all.push(flipped);
        }
        let mut lost = frame.to_vec();
        lost.remove(at);
        all.push(lost);
        let mut doubled = frame.to_vec();
        doubled.insert(at, frame[at]);
        all.push(doubled);
    }
    all
}

fn nothing_is_heard(mut scene: Scene) {
    let nothing = Command::Write { offset: 0, bytes: &[] };
    let expected = format!("written {}", scene.next);
    assert_eq!(scene.host.ask(&nothing), expected);
    let frame = scene.host.frame(99, &Command::Write { offset: scene.next, bytes: &[0x33; 20] });
    for damaged in damaged(&frame) {
        scene.host.say(&damaged);
        scene.host.say(&[0]);
        assert_eq!(scene.host.ask(&nothing), expected, "it took {damaged:x?}");
    }
    // The intact frame is accepted.
    scene.host.say(&frame);
    assert_eq!(scene.host.hear(99), format!("written {}", scene.next + 20));
}

#[test]
fn a_damaged_frame_is_heard_by_no_firmware() {
    nothing_is_heard(part(confirmed(), 2));
}

#[test]
fn a_damaged_frame_is_heard_by_no_bootloader() {
    nothing_is_heard(part(destroyed(), 2));
}
