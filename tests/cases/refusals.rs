//! Images that a device refuses, on the emulated micro:bit: before anything is erased if the header is at fault, and in
//! any case before they could be started.

use ed25519_dalek::{Signer, SigningKey};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::{Reply, Retry};
use lifeboot_client::push::PushError;
use lifeboot_core::Slot;
use lifeboot_core::image::SIGNED_LENGTH;
use lifeboot_tests::bench::{Bench, image, version};
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_tests::product::{self, MICROBIT};
use lifeboot_wire::{Command, Refusal, Slot as WireSlot, SlotContent};

/// Offers an image, and checks that it is refused with flash unchanged.
fn refused_untouched(bench: &mut Bench<Microbit>, bad: &ImageFile, expected: Refusal) {
    let before = bench.board.flash().unwrap();
    let failure = bench.push(bad).unwrap().unwrap_err();
    let PushError::Refused(refused) = &failure else { panic!("{failure:?}") };
    assert_eq!(refused.refusal, expected);
    assert!(bench.board.flash().unwrap() == before, "flash changed, though the image was refused as {expected:?}");
}

#[test]
fn bad_headers_are_refused_before_anything_is_erased() {
    // The epoch floor rises to 2 with the first confirmed boot.
    let mut bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 2).unwrap()).unwrap();
    bench.status().unwrap();
    let good = image(&MICROBIT, &[], version(2), 2).unwrap();

    let mut bytes = good.to_bytes();
    bytes[0x18] ^= 1; // the version
    refused_untouched(&mut bench, &ImageFile::from_bytes(&bytes).unwrap(), Refusal::Signature);

    let (stranger, _) = product::demo_key("stranger").unwrap();
    let elf = product::firmware(&MICROBIT, Slot::A, &[]).unwrap();
    let foreign = product::sign(&MICROBIT, &elf, version(2), 2, &stranger).unwrap();
    refused_untouched(&mut bench, &foreign, Refusal::UnknownKey);

    let (key, _) = product::demo_key("demo").unwrap();
    let other = product::sign_for(&lifeboot_example_boards::STM32F405, &good, &key).unwrap();
    refused_untouched(&mut bench, &other, Refusal::Board);
    refused_untouched(&mut bench, &image(&MICROBIT, &[], version(3), 1).unwrap(), Refusal::Epoch);
}

#[test]
fn an_image_that_was_rejected_is_not_taken_again_unless_forced() {
    let mut bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let bad = image(&MICROBIT, &["fail-self-test"], version(2), 0).unwrap();
    assert!(matches!(bench.push(&bad).unwrap(), Err(PushError::RolledBack { .. })));
    refused_untouched(&mut bench, &bad, Refusal::Rejected);
}

#[test]
fn a_host_that_sends_other_bytes_than_were_signed_gets_nothing_started() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let good = image(&MICROBIT, &[], version(2), 0).unwrap();
    let mut link = bench.link().unwrap();
    let status = link.status(Retry::SHORT).unwrap();
    let begin =
        Command::Begin { header: good.header_bytes(), running: version(1).into(), target: WireSlot::B, force: false };
    let Reply::Begun(table_at) = link.ask(&begin, Retry::LONG).unwrap() else { panic!("not begun") };
    let mut payload = good.payload().to_vec();
    payload[0x500] ^= 0x10;
    for (start, part) in [(table_at, good.table()), (MICROBIT.board.header_length, &payload[..])] {
        for (offset, bytes) in (start..).step_by(status.chunk as usize).zip(part.chunks(status.chunk as usize)) {
            let reply = link.ask(&Command::Write { offset, bytes }, Retry::MEDIUM).unwrap();
            assert!(matches!(reply, Reply::Written(_)), "{reply:?}");
        }
    }
    assert_eq!(link.ask(&Command::Finish, Retry::VERIFY).unwrap(), Reply::Refused(Refusal::Digest));
    let status = link.status(Retry::SHORT).unwrap();
    assert_eq!((status.trial, status.slots[1]), (None, SlotContent::Unfinished));
    link.ask(&Command::Reset, Retry::SHORT).unwrap();
    drop(link); // The emulated port takes one host at a time.
    assert_eq!(bench.status().unwrap().running, WireSlot::A);
}

#[test]
fn a_host_that_believes_something_else_is_refused() {
    let bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let good = image(&MICROBIT, &[], version(2), 0).unwrap();
    let mut link = bench.link().unwrap();
    for (running, target, expected) in
        [(version(7), WireSlot::B, Refusal::OtherRunning), (version(1), WireSlot::A, Refusal::OtherTarget)]
    {
        let begin = Command::Begin { header: good.header_bytes(), running: running.into(), target, force: false };
        assert_eq!(link.ask(&begin, Retry::LONG).unwrap(), Reply::Refused(expected));
    }
}

#[test]
fn a_header_with_a_forged_signature_is_refused() {
    let mut bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    let good = image(&MICROBIT, &[], version(2), 0).unwrap();
    // Signed with another key, under the id of the device's key.
    let forger = SigningKey::from_bytes(&[7; 32]);
    let mut bytes = good.to_bytes();
    let signature = forger.sign(&bytes[..SIGNED_LENGTH]).to_bytes();
    bytes[SIGNED_LENGTH..][..64].copy_from_slice(&signature);
    refused_untouched(&mut bench, &ImageFile::from_bytes(&bytes).unwrap(), Refusal::Signature);
}
