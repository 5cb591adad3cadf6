//! Patches on the emulated micro:bit: real builds of the example firmware, the real command at the serial port.

use crate::reported;
use crate::terminal::lifeboot;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::push::{PatchUse, PushOutcome};
use lifeboot_core::Slot;
use lifeboot_tests::bench::{Bench, image, runs, version};
use lifeboot_tests::costs;
use lifeboot_tests::emulator::{Emulated, Microbit};
use lifeboot_tests::product::{self, MICROBIT};
use lifeboot_wire::{self as wire, SlotContent};
use std::fs;

/// Another build of the example than [`next`], as the version before it. It misbehaves on trial only.
fn previous() -> ImageFile {
    image(&MICROBIT, &["panic-later"], version(1), 0).unwrap()
}

fn next() -> ImageFile {
    image(&MICROBIT, &[], version(2), 0).unwrap()
}

#[test]
fn a_patched_push_by_the_command_ends_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("old.img"), previous().to_bytes()).unwrap();
    let elf = product::firmware(&MICROBIT, Slot::A, &[]).unwrap();
    let key = product::demo_key("demo").unwrap().1.with_file_name("demo.pem");
    let [elf, key] = [&elf, &key].map(|path| path.to_str().unwrap());
    let sign = ["sign", elf, "--key", key, "--version", "2.0.0", "--from", &path("old.img"), "-o", &path("new.img")];
    let signed = lifeboot(&sign).output().unwrap();
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    let new = ImageFile::from_bytes(&fs::read(path("new.img")).unwrap()).unwrap();
    let patch = new.patches()[0].bytes().len() as u64;

    let mut bench = Bench::<Microbit>::start(&previous()).unwrap();
    let push = ["push", &path("new.img"), "--port", &bench.board.port(), "--json"];
    let pushed = lifeboot(&push).output().unwrap();
    assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    let text = String::from_utf8(pushed.stdout).unwrap();
    let lines: Vec<_> = text.lines().map(|line| reported::read("push", line)).collect();
    let result = lines.last().unwrap();
    assert_eq!((&result["outcome"], &result["patched_from"]), (&"confirmed".into(), &"1.0.0".into()));
    assert_eq!((&result["sent"], &result["retransmitted"]), (&patch.into(), &0.into()));
    let saved = new.payload().len() as u64 + new.table().len() as u64 - patch;
    assert_eq!(result["saved"], saved);
    let told = lines.iter().find(|line| line["event"] == "patch").expect("it is told that a patch is sent");
    assert_eq!(told["used"], true);

    runs(&bench.status().unwrap(), wire::Slot::B, version(2)).unwrap();
    let slot = MICROBIT.board.slot(Slot::B);
    let flash = bench.board.flash().unwrap();
    assert!(flash[slot.start as usize..].starts_with(&new.for_slot(MICROBIT.board, Slot::B).unwrap()));
}

/// The running image is rebased in its slot; the patch is from its canonical form, and is made when it is pushed.
#[test]
fn a_patch_is_applied_while_slot_b_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let third = image(&MICROBIT, &["never-confirm"], version(3), 0).unwrap();
    fs::write(path("second.img"), next().to_bytes()).unwrap();
    fs::write(path("third.img"), third.to_bytes()).unwrap();
    let mut bench = Bench::<Microbit>::start(&image(&MICROBIT, &[], version(1), 0).unwrap()).unwrap();
    bench.push(&next()).unwrap().unwrap();
    let port = bench.board.port();
    let push = ["push", &path("third.img"), "--from", &path("second.img"), "--port", &port, "--no-wait"];
    let pushed = lifeboot(&push).output().unwrap();
    let told = String::from_utf8_lossy(&pushed.stderr);
    assert!(pushed.status.success() && told.contains("sending a patch from 2.0.0, which runs: "), "{told}");
    let said = String::from_utf8_lossy(&pushed.stdout);
    assert!(said.contains(", as a patch from 2.0.0: ") && said.contains("is in its slot, verified"), "{said}");
    let slot = MICROBIT.board.slot(Slot::A);
    let flash = bench.board.flash().unwrap();
    assert!(flash[slot.start as usize..].starts_with(&third.for_slot(MICROBIT.board, Slot::A).unwrap()));
}

#[test]
fn a_patched_push_that_a_power_cut_interrupted_leaves_the_old_firmware_and_gets_through_the_next_time() {
    let new = next().with_patch_from(&previous()).unwrap();
    let bench = Bench::<Microbit>::start(&previous()).unwrap();
    let bench = bench.cut_in_push(&new, 12 * 1024).unwrap();

    let status = bench.status().unwrap();
    runs(&status, wire::Slot::A, version(1)).unwrap();
    assert_eq!(status.slots[1], SlotContent::Unfinished);
    let pushed = bench.push(&new).unwrap().unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Confirmed);
    runs(&bench.status().unwrap(), wire::Slot::B, version(2)).unwrap();
}

#[test]
fn firmware_that_takes_no_patches_is_sent_the_image() {
    let elf = product::firmware_without_delta(&MICROBIT).unwrap();
    let old = product::sign(&MICROBIT, &elf, version(1), 0, &product::demo_key("demo").unwrap().0).unwrap();
    let bench = Bench::<Microbit>::start(&old).unwrap();
    let new = next().with_patch_from(&old).unwrap();
    let pushed = bench.push(&new).unwrap().unwrap();
    assert_eq!(pushed.patch, Some(PatchUse::Refused(wire::Refusal::Command)));
    assert_eq!((pushed.outcome, pushed.skipped), (PushOutcome::Confirmed, 0));
}

/// `cargo costs` records the figures.
#[test]
fn a_patch_is_a_fraction_of_the_image() {
    // The core's speed affects the time, but not the bytes on the line.
    let computed = costs::push::Computed { signature: 20_000_000, longest: 1_000_000, hash: 100_000 };
    let figures = costs::push::patches(&computed).unwrap();
    for version in figures.chunks(8) {
        version.iter().for_each(|figure| println!("{figure}"));
        let [all, instructions, compressed, whole, skipped, patched, slow, fast] = version else {
            panic!("eight figures a version")
        };
        assert!(compressed.ours < instructions.ours && instructions.ours * 4 < all.ours);
        assert!(patched.ours * 4 < whole.ours && patched.ours < skipped.ours && skipped.ours <= whole.ours + 2000);
        assert!(fast.ours < slow.ours);
    }
}
