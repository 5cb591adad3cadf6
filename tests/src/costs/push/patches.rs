//! The next version of the example firmware to a micro:bit: all of it, without what the slot holds already, and as a
//! patch of the version that runs.

use super::bench::Bench;
use super::microbit::silicon;
use super::{Computed, in_use, push};
use crate::costs::line::Silicon;
use crate::costs::{Device, Figure, Unit, kit};
use crate::product::MICROBIT;
use anyhow::{Result, ensure};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_artifact::patch;
use lifeboot_client::push::PatchUse;

/// What goes over the line for two next versions.
pub fn next_versions(computed: &Computed) -> Result<Vec<Figure>> {
    let silicon = silicon(computed);
    let first = kit::firmware(&MICROBIT, &["fail-self-test"], 1)?;
    let running = kit::firmware(&MICROBIT, &[], 2)?;
    let next = [
        ("an instruction more", kit::firmware(&MICROBIT, &["fault-later"], 3)?),
        ("a line of code more", kit::firmware(&MICROBIT, &["panic-later"], 3)?),
        ("a function less", kit::firmware(&MICROBIT, &["never-confirm"], 3)?),
    ];
    let mut figures = Vec::new();
    for (what, image) in next {
        let figure = |measured: &str, unit, ours: usize| {
            Figure::new(format!("next example firmware, {what}: {measured}"), MICROBIT.board.name, unit, ours as u64)
        };
        let patched = image.clone().with_patch_from(&running)?;
        let bytes = patched.patches()[0].bytes().len();
        // From production there is nothing in the other slot; in use, the version before the one that runs.
        let whole = over_the_line(silicon, Device::start(&MICROBIT, &running)?, &image)?;
        let skipped = over_the_line(silicon, in_use(&MICROBIT, &first, &running)?, &image)?;
        let delta = over_the_line(silicon, in_use(&MICROBIT, &first, &running)?, &patched)?;
        ensure!(delta.sent == bytes as u64, "the patch is not sent");
        figures.extend([
            figure("all of it", Unit::Bytes, image.table().len() + image.payload().len()),
            figure("a patch, as instructions", Unit::Bytes, patch::instructions(&running, &image).len()),
            figure("a patch, compressed", Unit::Bytes, bytes),
            figure("over the line, all of it", Unit::LineBytes, whole.line as usize),
            figure("over the line, without what the slot holds", Unit::LineBytes, skipped.line as usize),
            figure("over the line, as a patch", Unit::LineBytes, delta.line as usize),
            figure("push of all of it", Unit::Microseconds, whole.time as usize),
            figure("push as a patch", Unit::Microseconds, delta.time as usize),
        ]);
    }
    Ok(figures)
}

/// What a push takes.
struct Toll {
    /// Bytes on the line, both ways.
    line: u64,
    /// How many of them are the image's or the patch's, each counted once.
    sent: u64,
    /// Microseconds until the device reports that the slot is verified.
    time: u64,
}

fn over_the_line(silicon: Silicon, device: Device, image: &ImageFile) -> Result<Toll> {
    let mut bench = Bench::start(silicon, device)?;
    let went = push(&mut bench.link, image)?;
    let is_patched = matches!(went.pushed.patch, Some(PatchUse::Sent { .. }));
    ensure!(is_patched != image.patches().is_empty(), "it is sent otherwise: {:?}", went.pushed.patch);
    let (traffic, _) = bench.look();
    Ok(Toll {
        line: traffic.bytes[0] + traffic.bytes[1],
        sent: went.pushed.sent - went.pushed.retransmitted,
        time: (went.before + went.sending + went.behind) / 1000,
    })
}
