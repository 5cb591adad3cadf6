//! The whole system on the emulated Raspberry Pi Pico: the chip's own boot ROM starts the factory's flash content, and
//! runs the flash commands.

#[cfg(feature = "deep")]
mod booted;
mod cuts;
#[cfg(feature = "deep")]
mod failures;
mod handover;
#[cfg(feature = "deep")]
mod recovery;
mod uart;
mod update;

use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::{Link, Retry};
use lifeboot_client::push::{self, Options, PushError, PushOutcome};
use lifeboot_core::Slot;
use lifeboot_serial::Port;
use lifeboot_tests::bench::{Bench, connect, image, runs, version};
use lifeboot_tests::emulator::{Emulated, Pico};
use lifeboot_tests::product::PICO;
use lifeboot_wire::{self as wire, OutcomeEnding, Refusal, SlotContent};
use update::{UPDATE, status};

fn usb(board: &Pico) -> Link<Port> {
    connect(&board.usb_port()).unwrap()
}

/// The complaints of an emulated board that are no mere gaps in the model, which has not all registers.
fn faults(complaints: &[String]) -> Vec<&str> {
    let complaints = complaints.iter().map(String::as_str);
    complaints.filter(|complaint| !complaint.contains("Unimplemented peripheral")).collect()
}

#[test]
fn an_update_over_the_uart_is_tried_and_confirmed() {
    let update = &*UPDATE;
    runs(&update.before, wire::Slot::A, version(1)).unwrap();
    assert!(update.before.demo_key && update.before.slots[1] == SlotContent::Empty, "{:?}", update.before);
    assert_eq!(update.pushed.outcome, PushOutcome::Confirmed);
    // DMA goes round its circle many times, and on while flash is erased: nothing is lost.
    assert_eq!(update.pushed.retransmitted, 0, "{:?}", update.pushed);
    assert!(update.blinks > 2, "the LED changed {} times during an update", update.blinks);

    runs(&update.after, wire::Slot::B, version(2)).unwrap();
    assert_eq!(update.after.outcome.unwrap().ending, OutcomeEnding::Confirmed);
    assert_eq!(update.after.epoch_floor, 1);
    // Slot B holds the rebased image, and the rest of flash is unchanged.
    let slot = PICO.board.slot(Slot::B);
    assert!(update.end[slot.start as usize..].starts_with(&update.new.for_slot(PICO.board, Slot::B).unwrap()));
    let (journal, a) = (PICO.board.journal, PICO.board.slot(Slot::A));
    for untouched in [0..journal.start, journal.end()..a.end(), slot.end()..PICO.board.flash_length] {
        let untouched = untouched.start as usize..untouched.end as usize;
        assert!(update.start[untouched.clone()] == update.end[untouched], "something else was changed");
    }
    assert_eq!(faults(&update.complaints), [""; 0]);
}

#[test]
fn an_update_over_usb_is_tried_and_confirmed_and_either_port_answers() {
    let (old, new) = (image(&PICO, &[], version(1), 0).unwrap(), image(&PICO, &[], version(2), 0).unwrap());
    let bench = Bench::<Pico>::start(&old).unwrap();
    runs(&status(&bench.board.port()), wire::Slot::A, version(1)).unwrap();
    let pushed = push::push(&mut usb(&bench.board), &new, &Options::default(), &mut ()).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Confirmed);
    // The host has more in flight than the firmware's queue holds: USB flow control holds it back.
    assert_eq!(pushed.retransmitted, 0, "{pushed:?}");
    runs(&usb(&bench.board).status(Retry::VERIFY).unwrap(), wire::Slot::B, version(2)).unwrap();
    runs(&status(&bench.board.port()), wire::Slot::B, version(2)).unwrap();
    // Both cables are plugged in, and a host at one does not disturb the one at the other.
    let (mut first, mut second) = (bench.link().unwrap(), usb(&bench.board));
    for _ in 0..3 {
        runs(&first.status(Retry::VERIFY).unwrap(), wire::Slot::B, version(2)).unwrap();
        runs(&second.status(Retry::VERIFY).unwrap(), wire::Slot::B, version(2)).unwrap();
    }
}

#[test]
fn a_bad_image_is_refused_before_anything_is_erased() {
    let mut bench = Bench::<Pico>::start(&image(&PICO, &[], version(1), 0).unwrap()).unwrap();
    let mut bytes = image(&PICO, &[], version(2), 0).unwrap().to_bytes();
    bytes[0x18] ^= 1; // the version
    let bad = ImageFile::from_bytes(&bytes).unwrap();
    let failure = bench.push(&bad).unwrap().unwrap_err();
    let PushError::Refused(refused) = &failure else { panic!("{failure:?}") };
    assert_eq!(refused.refusal, Refusal::Signature);
    assert_eq!(bench.board.operations().unwrap(), []);
}
