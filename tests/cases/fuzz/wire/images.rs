//! Images that a host may push: good ones, bad ones by a trusted signer, and those of unknown signers.

use crate::fuzz::choices::Choices;
use crate::signed_image::SignedImage;
use lifeboot_core::{Slot, Version};
use lifeboot_example_boards::{MICROBIT, STM32F405};
use std::sync::LazyLock;

/// The usual content of slot A.
pub static RUNNING: LazyLock<SignedImage> = LazyLock::new(|| SignedImage::new(&MICROBIT, 800));

static IMAGES: LazyLock<Vec<SignedImage>> = LazyLock::new(|| {
    let good = SignedImage::new(&MICROBIT, 1001).release(version(2), 0);
    let with_table = |table: &[u8]| {
        let mut image = good.clone();
        image.table = table.to_vec();
        image.seal();
        image
    };
    let mut other_schema = good.clone();
    other_schema.header.schemas = (3, 5);
    let mut far_bootloader = good.clone();
    far_bootloader.header.lowest_bootloader = 9;
    let mut whole_units = SignedImage::new(&MICROBIT, 1024 - 256).release(version(6), 0);
    whole_units.header.version.build = 1;
    vec![
        good.clone(),
        SignedImage::new(&MICROBIT, 3000).release(version(3), 1),
        SignedImage::linked_for(Slot::B, &MICROBIT, 700).release(version(4), 2).bound(),
        whole_units,
        RUNNING.clone(),
        good.clone().bound(),
        SignedImage::new(&MICROBIT, 2048 - 256).release(version(5), 0).signed_with(2),
        good.clone().signed_with(3),
        SignedImage::new(&STM32F405, 1001),
        // Over-long, unfinished, past the payload's end, on the vectors, and long.
        with_table(&[0x80, 0]),
        with_table(&[4, 0x80]),
        with_table(&[4, 0xfe, 0x7f]),
        with_table(&[0, 0]),
        with_table(&[0; 300]),
        other_schema,
        far_bootloader,
    ]
});

fn version(minor: u16) -> Version {
    Version { major: 2, minor, patch: 0, build: 0 }
}

/// Any of them; the first, which is good, for a choice of 0.
pub fn image(choices: &mut Choices) -> &'static SignedImage {
    &IMAGES[choices.below(IMAGES.len())]
}
