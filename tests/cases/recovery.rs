//! Emulated boards whose bootloader answers: both slots destroyed, pushed, alive.

use lifeboot_core::Slot;
use lifeboot_host_tool::link::Patience;
use lifeboot_host_tool::push::{self, Options, PushOutcome};
use lifeboot_tests::bench::{Bench, connect, image, runs, version};
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_updater::wire::{self, Recovery, Refusal};

/// A board that was in use, and then lost some of its firmware in each slot.
fn destroyed<B: Emulated>() -> Bench<B> {
    let first = image(&B::TARGET, &[], version(1), 1).unwrap();
    let bench = Bench::<B>::start(&first).unwrap();
    bench.push(&image(&B::TARGET, &[], version(2), 2).unwrap()).unwrap().unwrap();
    let board = B::TARGET.board;
    bench
        .with_flash(|flash| {
            for slot in Slot::BOTH {
                let payload = (board.slot(slot).start + board.header_length) as usize;
                flash[payload..payload + 64].fill(0);
            }
        })
        .unwrap()
}

/// The state that the bootloader tells, the images that it refuses, and the one that it takes.
fn lives_again<B: Emulated>(bench: &Bench<B>, port: &str) {
    let mut link = connect(port).unwrap();
    let status = link.status(Patience::SHORT).unwrap();
    assert_eq!(status.recovery, Some(Recovery::NothingStarts));
    assert_eq!((status.confirmed, status.epoch_floor, status.demo_key), (wire::Slot::B, 2, true));

    let old = image(&B::TARGET, &[], version(3), 1).unwrap();
    let refused = push::push(&mut link, &old, &Options::default(), &mut ()).unwrap_err();
    assert!(
        matches!(refused, push::PushError::Refused(ref refused) if refused.refusal == Refusal::Epoch),
        "{refused:?}"
    );

    let new = image(&B::TARGET, &[], version(3), 2).unwrap();
    let pushed = push::push(&mut link, &new, &Options { wait: false, ..Options::default() }, &mut ()).unwrap();
    assert_eq!((pushed.outcome, pushed.retransmitted), (PushOutcome::Marked, 0));
    drop(link);
    let pushed = bench.push(&new).unwrap();
    // At the bootloader's port the firmware may not be heard: then it was reset already, by the end of this.
    assert_eq!(pushed.unwrap().outcome, PushOutcome::Confirmed);
    runs(&bench.status().unwrap(), wire::Slot::A, version(3)).unwrap();
}

#[test]
fn the_microbit_with_both_slots_destroyed_lives_again() {
    let bench = destroyed::<Microbit>();
    lives_again(&bench, &bench.board.port());
}
