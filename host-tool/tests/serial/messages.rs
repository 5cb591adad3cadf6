//! Every message in every state of a device. The answers are in `messages/*.txt`: the messages that are answered alike,
//! and below them each answer with the states that give it; `LIFEBOOT_BLESS=1` writes the files, and a change shows up
//! in the review.
//!
//! In any case only the target slot and the journal may change, and nothing at all after most refusals; the device must
//! go on answering; and an update must still succeed, tested once for each state and answer.

mod commands;
pub mod scenes;

use crate::line::Wire;
use crate::pushes::{push_to, recipe};
use commands::commands;
use lifeboot_client::link::Retry;
use lifeboot_client::push::PushOutcome;
use lifeboot_client::{device, state};
use lifeboot_core::Slot;
use lifeboot_core::layout::Region;
use lifeboot_example_boards::MICROBIT;
use lifeboot_wire::{Command, SESSION_TIMEOUT_MS};
use scenes::{BOOTLOADER, FIRMWARE, Make, Scene};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Refusals after which the target slot may be another.
const LATE: [&str; 7] = ["Table", "Digest", "Entry", "Stack", "Flash", "NotErased", "Patch"];

#[test]
fn firmware_in_every_state_answers_every_message() {
    compare("firmware.txt", &FIRMWARE);
}

#[test]
fn a_bootloader_in_every_state_answers_every_message() {
    compare("bootloader.txt", &BOOTLOADER);
}

fn compare(name: &str, scenes: &[(&'static str, Make)]) {
    let mut answers: Vec<(String, BTreeMap<String, Vec<&str>>)> = Vec::new();
    for (state, make) in scenes {
        let mut seen = BTreeSet::new();
        let mut scene = make();
        for index in 0..commands(&scene).len() {
            let label = commands(&scene).swap_remove(index).0;
            let what = format!("{label}, {state}");
            let answer = answer_to(&mut scene, index, &what);
            if answers.len() == index {
                answers.push((label.clone(), BTreeMap::new()));
            }
            assert_eq!(answers[index].0, label);
            answers[index].1.entry(scene.relative(&answer)).or_default().push(state);
            let is_new = seen.insert(answer.clone());
            if is_new {
                an_update_gets_through(&scene.wire, &what);
            }
            // A refused beginning has given the transfer up. Any other message without an effect leaves the state
            // unchanged.
            let gives_up = label.starts_with("Begin") || label == "Rollback";
            if is_new || gives_up || scene.is_fleeting || !does_nothing(&scene.relative(&answer)) {
                scene = make();
            }
        }
    }
    let mut text = String::new();
    for (index, (label, by_answer)) in answers.iter().enumerate() {
        let _ = writeln!(text, "{label}");
        if answers.get(index + 1).is_some_and(|(_, next)| next == by_answer) {
            continue;
        }
        by_answer.iter().for_each(|(answer, states)| {
            let all = states.len() == scenes.len();
            let _ = writeln!(text, "    {answer}: {}", if all { "always".to_owned() } else { states.join(", ") });
        });
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serial/messages").join(name);
    if std::env::var_os("LIFEBOOT_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    for (said, expected) in text.lines().zip(expected.lines()) {
        assert_eq!(said, expected, "{name}");
    }
    assert_eq!(text, expected, "{name}");
}

/// Returns the answer to one of the messages, and checks that it does no harm.
fn answer_to(scene: &mut Scene, index: usize, what: &str) -> String {
    let before = everything(&scene.wire);
    let (_, frame) = commands(scene).swap_remove(index);
    scene.host.say(&frame);
    let answer = scene.host.hear(scene.number());
    let after = everything(&scene.wire);
    let is_same = |region: Region| {
        let range = region.start as usize..region.end() as usize;
        before[range.clone()] == after[range]
    };
    let behind = MICROBIT.slot(Slot::B).end();
    assert!(is_same(Region { start: 0, length: MICROBIT.journal.start }), "{what}: the bootloader was written");
    assert!(is_same(Region { start: behind, length: MICROBIT.flash_length - behind }), "{what}: behind the slots");
    for slot in Slot::BOTH {
        assert!(is_same(MICROBIT.slot(slot)) || scene.may_be_written(slot), "{what}: slot {slot} was written");
    }
    let changes = before != after && does_nothing(&answer) && !scene.is_busy;
    assert!(!changes, "{what}: {answer}, but flash changed");

    let status = scene.host.ask(&Command::Status);
    let resets = scene.wire.bench().device.starts > scene.starts;
    assert!(["status", "state"].contains(&&*status) || resets, "{what}: then the device answered {status}");
    answer
}

fn does_nothing(answer: &str) -> bool {
    let early = answer.strip_prefix("refused: ").is_some_and(|refusal| !LATE.contains(&refusal));
    early || ["no answer", "status", "keys", "quarantine", "state", "written, nothing"].contains(&answer)
}

fn an_update_gets_through(wire: &Wire, what: &str) {
    // The host that holds the session has fallen silent.
    wire.bench_mut().now += SESSION_TIMEOUT_MS;
    let status = wire.link().status(Retry::SHORT).unwrap_or_else(|error| panic!("{what}: {error}"));
    if state::is_on_trial(&status) {
        device::confirm(&mut wire.link()).unwrap_or_else(|error| panic!("{what}: {error}"));
    }
    let pushed = push_to(wire, &recipe(&MICROBIT, 5, 300).image());
    assert!(pushed.as_ref().is_ok_and(|pushed| pushed.outcome == PushOutcome::Confirmed), "{what}: {pushed:?}");
}

fn everything(wire: &Wire) -> Vec<u8> {
    wire.bench().device.flash.bytes(0, MICROBIT.flash_length as usize)
}
