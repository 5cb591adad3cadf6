//! Emulated boards in recovery mode: both slots are destroyed, a push repairs them. The STM32F405 is tested in virtual
//! time: `stm32f405/recovery.rs`; the Pico: `pico/recovery.rs`.

use lifeboot_client::link::{Link, LinkError, Retry};
use lifeboot_client::pipe::Pipe;
use lifeboot_client::push::{self, Options, PushError, PushOutcome};
use lifeboot_core::{Board, Slot};
use lifeboot_tests::bench::{Bench, image, runs, version};
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_tests::product::{MICROBIT, Target};
use lifeboot_wire::{self as wire, Recovery, Refusal};

/// A board that was in use, and then lost a part of its firmware in each slot.
pub fn destroyed<B: Emulated>() -> Bench<B> {
    let first = image(&B::TARGET, &[], version(1), 1).unwrap();
    let bench = Bench::<B>::start(&first).unwrap();
    bench.push(&image(&B::TARGET, &[], version(2), 2).unwrap()).unwrap().unwrap();
    bench.with_flash(|flash| destroy(B::TARGET.board, flash)).unwrap()
}

/// Checks the state that the bootloader reports, an image that it refuses, and one that it accepts. Returns the bytes that
/// were sent again.
pub fn lives_again<P: Pipe>(target: &Target, link: &mut Link<P>) -> u64 {
    let status = link.status(Retry::SHORT).unwrap();
    assert_eq!(status.recovery, Some(Recovery::NothingStarts));
    assert_eq!((status.confirmed, status.epoch_floor, status.demo_key), (Some(wire::Slot::B), 2, true));

    // A slow emulator on a busy machine takes longer than a host waits: as its error says, push again.
    let mut push = |epoch| {
        let image = image(target, &[], version(3), epoch).unwrap();
        let pushed = (0..5).find_map(|_| match push::push(link, &image, &Options::default(), &mut ()) {
            Err(PushError::Link(LinkError::Silent)) => None,
            pushed => Some(pushed),
        });
        pushed.expect("the bootloader stays silent")
    };
    let refused = push(1).unwrap_err();
    assert!(matches!(refused, PushError::Refused(ref refused) if refused.refusal == Refusal::Epoch), "{refused:?}");
    let pushed = push(2).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Confirmed);
    runs(&link.status(Retry::VERIFY).unwrap(), wire::Slot::A, version(3)).unwrap();
    pushed.retransmitted
}

/// Destroys the start of the payload in each slot.
pub fn destroy(board: &Board, flash: &mut [u8]) {
    for slot in Slot::BOTH {
        let payload = (board.slot(slot).start + board.header_length) as usize;
        flash[payload..payload + 64].fill(0);
    }
}

#[test]
fn the_microbit_with_both_slots_destroyed_lives_again() {
    assert_eq!(lives_again(&MICROBIT, &mut destroyed::<Microbit>().link().unwrap()), 0);
}
