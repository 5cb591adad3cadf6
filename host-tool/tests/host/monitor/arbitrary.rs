//! Arbitrary input: every byte is shown or counted, and nothing panics.

use super::{Session, firmware, framed, logged, status};
use lifeboot_client::link::Link;
use lifeboot_logs::{Item, Line, Program, Replay, Shared};
use lifeboot_wire::{self as wire, Body};
use proptest::collection::vec;
use proptest::prelude::*;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A piece of input: a device's output, intact or damaged.
fn said() -> impl Strategy<Value = Vec<u8>> {
    let log = vec(any::<u8>(), 0..40).prop_map(|piece| framed(Body::Log(&piece)));
    let message = (1u8..4, vec(any::<u8>(), 0..6))
        .prop_map(|(number, arguments)| framed(Body::Log(&logged(&[&[number, 0], &*arguments].concat()))));
    let cut = (0usize..60, any::<bool>()).prop_map(|(length, running)| {
        let slot = if running { wire::Slot::A } else { wire::Slot::B };
        let frame = framed(Body::Status(status(&firmware(0, false), slot, running)));
        frame[..length.min(frame.len())].to_vec()
    });
    prop_oneof![log, message, cut, vec(any::<u8>(), 0..80), "[a-zä\\n\\x1b]{0,30}".prop_map(String::into_bytes)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_shown_or_counted_and_ends(said in vec((said(), 0u64..3000), 0..20), timestamp: bool) {
        let mut session = Session::new();
        let mut at = 0;
        for (bytes, pause) in &said {
            at += pause;
            session = session.raw(at, bytes);
        }
        let program = Program::read(Path::new("a.elf"), &firmware(0, timestamp)).unwrap();
        let records = Arc::new(Mutex::new(Vec::new()));
        let sink = records.clone();
        let monitor = Shared::new(program.into_iter().collect(), None, Box::new(move |record| sink.lock().unwrap().push(record)));
        let mut link = monitor.on(Link::new(Replay::read("session", &session.0).unwrap(), 0));
        monitor.listen(&mut link, |link| !link.pipe().is_over()).unwrap();
        monitor.finish();
        // Each message is shown in one way or the other: at most as many as there were zeros in the log.
        let zeros: usize = said.iter().map(|(bytes, _)| bytes.len()).sum();
        let messages: usize = records.lock().unwrap().iter().map(|record| match &record.item {
            Item::Log(_) => 1,
            Item::Unread { messages, .. } => *messages,
            _ => 0,
        }).sum();
        prop_assert!(messages <= zeros);
        for record in records.lock().unwrap().iter() {
            prop_assert!(record.at <= Duration::from_millis(at + 10_000));
            let line = Line { record, source: true };
            prop_assert!(!line.to_string().is_empty() && serde_json::to_string(&line).is_ok());
        }
    }
}
