//! The real bootloader for the STM32F405, with one instruction left out, each in turn: a glitch of supply or clock at
//! the right moment makes a core skip one. The confirmed slot holds an image that must not start, the other slot
//! nothing, and RAM the remains of a good image's boot, right before it cleared its stack: no boot may start the image.
//!
//! Left out in the deep tier:
//!
//! - of the code that decides, each instruction, at each execution after the first header was read; in longer loops at
//!   the first, the last and some random executions. The code before that is divided among the boots, except if the
//!   boot record is what refuses the image: then all of it is left out.
//! - of the code that only computes (SHA-2, the curve), one instruction in a hundred if the signature is bad, and all
//!   that are executed four times at most if the signature was made for a computation of which a part is missing. One
//!   in five hundred otherwise.
//!
//! By default a boot leaves out one in five of the instructions that decide, other boots the others, but all before the
//! first header if the epoch is too low; at the first, the last and one more execution; and of the code that computes,
//! one instruction in four hundred. Some functions are covered completely: those that work on the digits of a signature's
//! numbers, and the one that reads a block.
//!
//! If a boot wrote to flash, the next one must not start the image either.
//!
//! This covers one fault of one kind in a core's model: not two, no changed bit, no effects of a chip's pipeline. And
//! it covers the Cortex-M4's binary; those of other cores are compiled from the same sources with other instructions.

mod code;
mod images;
mod leave_out;
mod points;
mod shortcut;
mod walk;

use code::Code;
#[cfg(feature = "deep")]
use code::computes;
use images::{Badness, Form, bootloader, flash_with};
use leave_out::Depth;
use lifeboot_tests::tier::{IS_DEEP, Row, one_in};
use points::{Point, Time};
use std::collections::HashMap;
use walk::{End, Walk, left_behind};

/// One in so many of the instructions that compute is left out, if the signature is bad and if it is not.
const COMPUTING: (usize, usize) = if IS_DEEP { (97, 499) } else { (397, 1_999) };
/// By default, one in so many of those whose point is looked at.
const FORESEEN: usize = 13;
/// Parts of the names of the functions that multiply a point.
const PRODUCT: [&str; 3] = [
    "signature7product",
    "signature6number",
    if cfg!(feature = "compact") { "11NonAdjacent3set" } else { "non_adjacent_form" },
];
/// Part of the name of the function that reads a block.
const BLOCK: [&str; 1] = ["verify5Check4read"];
/// Parts of the names of the functions through which content gets from flash into its hash.
const CONTENT: [&str; 3] = ["verify5Check4read", REPEATING[0], REPEATING[1]];
/// Those of them that may read a word or a byte twice instead of the next.
const REPEATING: [&str; 2] =
    ["aeabi_memcpy", if cfg!(feature = "compact") { "lifeboot_sha256" } else { "compress256" }];

/// Leaves out instructions of a boot of this image, each in turn. No boot may start the image.
fn sweep(badness: Badness) {
    let doors = doors(Form::TwoParts, badness);
    assert!(doors.is_empty(), "{badness:?}: without one of these instructions the image starts: {doors:#?}");
}

/// As [`sweep`], of an image whose content has something in it that should equal what is before it. Where a copy or the hash reads
/// the content, a skip repeats what was read before, and what was hashed is then what was signed: these skips are known, and
/// `SECURITY.md` says so. No other one may start the image. Returns how many do.
fn sweep_of_repeated(badness: Badness) -> usize {
    let doors = doors(Form::TwoParts, badness);
    let unknown: Vec<_> = doors.iter().filter(|door| !REPEATING.iter().any(|name| door.contains(name))).collect();
    assert!(unknown.is_empty(), "{badness:?}: without one of these instructions the image starts: {unknown:#?}");
    doors.len()
}

/// The instructions without which the image starts.
fn doors(form: Form, badness: Badness) -> Vec<String> {
    let row = Row::begin(format!("STM32F405, instructions left out, {form:?}: {badness:?}"));
    let code = Code::read(&bootloader(form));
    let ram = left_behind(&flash_with(form, Badness::None));
    let walk = Walk::new(&code, flash_with(form, badness), ram);
    assert_eq!(walk.end, End::Waits, "{badness:?}");
    let of_signature = badness.is_of_signature();
    let sample = if of_signature { COMPUTING.0 } else { COMPUTING.1 };
    // The code before the first header is the same for all boots, except those that depend on the boot record.
    let part = Badness::ALL.iter().position(|other| *other == badness).unwrap();
    let share = match badness {
        Badness::Epoch => (0, 1),
        Badness::RevokedKey if IS_DEEP => (0, 1),
        Badness::RevokedKey => (part % 3, 3),
        _ => (part, Badness::ALL.len()),
    };
    let whole: &'static [&'static str] = match badness {
        Badness::NoKey | Badness::Zeros if IS_DEEP => &[""],
        Badness::NoKey => &PRODUCT,
        Badness::Block => &BLOCK,
        _ => &[],
    };
    whole.iter().filter(|name| !name.is_empty()).for_each(|name| assert_ne!(code.address(name), 0));
    let of_content: &'static [&'static str] = if badness == Badness::Run { &CONTENT } else { &[] };
    of_content.iter().for_each(|name| assert_ne!(code.address(name), 0));
    let ends = walk.leave_out_each(Depth { sample, whole, share, of_content });
    let count = |end| ends.counts.get(&end).copied().unwrap_or_default();
    let skipped: usize = ends.counts.values().sum();
    println!(
        "{form:?}, {badness:?}: {skipped} instructions skipped, {} would start a bad image; at {} places, of {} executed; {} end in \
         recovery, {} in a reset, {} nowhere",
        count(End::Started),
        ends.places.len(),
        walk.length(),
        count(End::Waits),
        count(End::Resets),
        count(End::Hangs)
    );
    row.end(skipped, count(End::Started));
    let least = if IS_DEEP { 600 } else { 150 };
    assert!(skipped > least && count(End::Resets) > 40, "that is too little of a boot: {skipped} of {least}");
    ends.doors.keys().map(|door| format!("{door:#010x} in {}", code.function(*door))).collect()
}

#[test]
fn the_boot_of_a_good_image_starts_it() {
    for form in [Form::AtOnce, Form::TwoParts] {
        let code = Code::read(&bootloader(form));
        let walk = Walk::new(&code, flash_with(form, Badness::None), Vec::new());
        assert_eq!(walk.end, End::Started);
    }
}

#[test]
fn altered_signature() {
    sweep(Badness::Signature);
}

#[test]
fn altered_first_half_of_the_signature() {
    sweep(Badness::SignaturePoint);
}

#[test]
fn altered_payload() {
    sweep(Badness::Payload);
}

#[test]
fn altered_payload_behind_a_block_like_it() {
    sweep(Badness::Block);
}

#[test]
fn altered_payload_behind_a_word_like_it() {
    let doors = sweep_of_repeated(Badness::Run);
    // The compact verifier's own hash has none. Once sha2's has none either, this is a sweep like the others.
    assert_eq!(doors == 0, cfg!(feature = "compact"));
}

#[test]
fn altered_table() {
    sweep_of_repeated(Badness::Table);
}

#[test]
fn unknown_key() {
    sweep(Badness::UnknownKey);
}

#[cfg(feature = "deep")]
#[test]
fn revoked_key() {
    sweep(Badness::RevokedKey);
}

#[cfg(feature = "deep")]
#[test]
fn epoch_below_the_floor() {
    sweep(Badness::Epoch);
}

#[test]
fn another_boards() {
    sweep(Badness::Board);
}

#[cfg(feature = "deep")]
#[test]
fn signature_that_ignores_the_key() {
    sweep(Badness::NoKey);
}

#[test]
fn signature_of_zeros() {
    sweep(Badness::Zeros);
}

#[test]
fn no_signature_can_be_made_up_for_a_skip() {
    let doors = made_up(Form::TwoParts);
    assert!(
        doors.is_empty(),
        "without one of these a signature is good whose R is the point that is computed: {doors:#?}"
    );
}

/// What the two parts are for: there are such instructions without them, all in the computation of the signature.
#[cfg(feature = "deep")]
#[test]
fn a_signature_that_is_computed_at_once_can_be_made_up_for_a_skip() {
    let form = Form::AtOnce;
    let badnesses = Badness::ALL.into_iter().filter(|badness| badness.is_of_signature());
    let doors: Vec<_> = badnesses.flat_map(|badness| doors(form, badness)).chain(made_up(form)).collect();
    println!("AtOnce: {} doors: {doors:#?}", doors.len());
    assert!(!doors.is_empty(), "the two parts buy nothing");
    assert!(doors.iter().all(|door| computes(door)), "{doors:#?}");
}

/// The instructions without which the image starts whose signature was made up for that. R is chosen before k, its hash, is
/// known. If the computed point does not depend on k, R can be that point.
fn made_up(form: Form) -> Vec<String> {
    let row = Row::begin(format!("STM32F405, instructions left out, {form:?}: a made-up signature"));
    let code = Code::read(&bootloader(form));
    let ram = left_behind(&flash_with(form, Badness::None));
    let one_in = one_in(FORESEEN);
    let points = |badness| Walk::new(&code, flash_with(form, badness), ram.clone()).points(one_in);
    let (some, others) = (points(Badness::SignaturePoint), points(Badness::OtherPoint));
    let foreseen: Vec<(Time, Point)> = some
        .iter()
        .filter_map(|(time, point)| {
            point.filter(|point| others.get(time) == Some(&Some(*point))).map(|point| (*time, point))
        })
        .collect();
    let mut walks = HashMap::new();
    let starts = |(time, point): &(Time, Point)| {
        let walk = walks
            .entry(*point)
            .or_insert_with(|| Walk::new(&code, flash_with(form, Badness::MadeUp(*point)), ram.clone()));
        walk.without(*time) == Some(End::Started)
    };
    let (skipped, known) = (some.len(), foreseen.len());
    let doors: Vec<_> = foreseen.into_iter().filter(starts).collect();
    println!(
        "{form:?}, made up: {skipped} instructions skipped, {known} points known beforehand, {} would start a bad image",
        doors.len()
    );
    row.end(skipped, doors.len());
    assert!(some.len() > 30 && some.values().flatten().count() > 20, "that is too little of a signature's check");
    doors.iter().map(|((door, _), _)| format!("{door:#010x} in {}", code.function(*door))).collect()
}
