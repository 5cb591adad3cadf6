//! From reset to the firmware's first instruction: how many instructions, and what they are for.

mod watched;

pub use watched::{Boot, Clocks, MICROBIT_HERTZ};

use super::size::COMPACT;
use super::{Device, Figure, Unit, kit, wear};
use crate::product::{self, MICROBIT, PICO, RECOVERY, STM32F405, Target};
use crate::simulated_flash::Wear;
use anyhow::{Result, ensure};
use lifeboot_board::Verifier;
use lifeboot_core::Slot;
use lifeboot_core::record::Cause;
use std::path::Path;

/// KiB of the image that budgets are for.
const KIB: usize = 64;

/// What a boot consists of, and the function, by a part of its name, with which each begins.
const PHASES: [(&str, Option<&str>); 6] = [
    ("start-up", None),
    ("journal", Some("7journal7Journal4open")),
    ("signature", Some("6verify12check_header")),
    ("hash", Some("6verify13check_content")),
    ("second look", Some("6verify7recheck")),
    ("hand-over", Some("cortex_m14start_firmware")),
];

/// MCUboot's Ed25519 verification and SHA-256 of 64 KiB, without what else it does. Cited: measured in QEMU before this
/// project, on its release with similar settings.
const PEER: &str = "MCUboot, hash and verify only";

/// Limit and budget of a board's boots, in instructions, and MCUboot's figure.
struct Bounds {
    target: &'static Target,
    limit: u64,
    trial: u64,
    budget: u64,
    /// Limit and budget with the compact verifier.
    compact: [u64; 2],
    /// Budgets of the time in milliseconds, with the default and the compact verifier.
    time: Option<[u64; 2]>,
    peer: Option<u64>,
    /// KiB of other images, which show how the figure grows with the size.
    others: &'static [usize],
}

/// With its table, an image of 110 KiB fills a slot.
const MICROBIT_BOUNDS: Bounds = Bounds {
    target: &MICROBIT,
    limit: 16_400_000,
    trial: 16_800_000,
    budget: 16_500_000,
    compact: [13_000_000, 13_000_000],
    time: None,
    peer: Some(20_500_000),
    others: &[16, 110],
};
const PICO_BOUNDS: Bounds = Bounds {
    target: &PICO,
    limit: 16_500_000,
    trial: 16_700_000,
    budget: 16_500_000,
    compact: [13_000_000, 13_000_000],
    time: Some([150, 110]),
    peer: None,
    others: &[],
};
const STM32F405_BOUNDS: Bounds = Bounds {
    target: &STM32F405,
    limit: 5_950_000,
    trial: 6_500_000,
    budget: 6_000_000,
    compact: [4_620_000, 4_600_000],
    time: None,
    peer: Some(5_930_000),
    others: &[16, 128],
};

/// The measurements of boots.
pub struct Boots {
    /// The figures.
    pub figures: Vec<Figure>,
    /// Their parts.
    pub details: Vec<Figure>,
    /// Instructions for each KiB that is hashed, where the phases are seen.
    pub hash: Option<u64>,
}

/// A micro:bit's boots.
pub fn microbit() -> Result<Boots> {
    boots(&MICROBIT_BOUNDS, &PHASES)
}

/// An STM32F405's boots.
pub fn stm32f405() -> Result<Boots> {
    boots(&STM32F405_BOUNDS, &PHASES)
}

/// A Pico's boots, whose phases the emulator does not show.
pub fn pico() -> Result<Boots> {
    boots(&PICO_BOUNDS, &[])
}

fn boots(bounds: &Bounds, phases: &[(&str, Option<&str>)]) -> Result<Boots> {
    let Bounds { target, others, limit, trial, budget, compact, time, peer } = *bounds;
    let name = target.board.name;
    let confirmed = |bootloader: &Path, kib: usize| -> Result<Boot> {
        let begins = phases.iter().filter_map(|(_, begin)| *begin);
        let begins = begins.map(|part| product::function(bootloader, part)).collect::<Result<Vec<_>>>()?;
        let image = kit::image(target, kib, 1)?;
        let flash = product::factory_flash(target, bootloader, &image)?;
        let route = [&begins[..], &[kit::entry(target, &image, Slot::A)?]].concat();
        Boot::watch(target, &flash, &route, Wear::default())
    };

    let bootloader = kit::bootloader(target)?;
    let boot = confirmed(&bootloader, KIB)?;
    let what = format!("reset to confirmed firmware of {KIB} KiB");
    let figure = Figure::new(&what, name, Unit::Instructions, boot.whole()).held_to(limit).meant_to_be(budget);
    let figure = match peer {
        Some(peer) => figure.beside_cited(PEER, peer),
        None => figure,
    };
    let time = |what: &str, boot: &Boot, verifier: usize| {
        let figure = Figure::new(what, name, Unit::Microseconds, boot.microseconds);
        match time {
            Some(budgets) => figure.held_to(budgets[verifier] * 1000).meant_to_be(budgets[verifier] * 1000),
            None => figure,
        }
    };
    let mut figures = vec![figure, time(&what, &boot, 0)];
    let small = confirmed(&kit::bootloader_of(Verifier::Compact, target, &[RECOVERY])?, KIB)?;
    let small_what = format!("{what}{COMPACT}");
    let figure =
        Figure::new(&small_what, name, Unit::Instructions, small.whole()).held_to(compact[0]).meant_to_be(compact[1]);
    figures.push(match peer {
        Some(peer) => figure.beside_cited(PEER, peer),
        None => figure,
    });
    figures.push(time(&small_what, &small, 1));
    figures.push(Figure::new(what + ", with two-part-signature", name, Unit::Instructions, two_parts(target)?));
    let mut details = parts(phases, name, KIB, "", &boot);
    details.extend(parts(phases, name, KIB, COMPACT, &small));
    details.extend(clocks(name, "", &boot));
    details.extend(clocks(name, COMPACT, &small));
    for kib in others {
        let boot = confirmed(&bootloader, *kib)?;
        let what = format!("reset to confirmed firmware of {kib} KiB");
        details.push(Figure::new(what, name, Unit::Instructions, boot.whole()));
        details.extend(parts(phases, name, *kib, "", &boot));
    }
    let hash = details.iter().find(|detail| detail.what.ends_with(": hash")).map(|hash| hash.ours / KIB as u64);
    figures.extend(first_start(target, trial)?);
    Ok(Boots { figures, details, hash })
}

/// The instructions of a boot in which the signature is computed in two parts.
fn two_parts(target: &'static Target) -> Result<u64> {
    let image = kit::image(target, KIB, 1)?;
    let flash = product::factory_flash(
        target,
        &kit::bootloader_of(Verifier::Dalek, target, &[RECOVERY, "two-part-signature"])?,
        &image,
    )?;
    let boot = Boot::watch(target, &flash, &[kit::entry(target, &image, Slot::A)?], Wear::default())?;
    Ok(boot.whole())
}

/// What a boot's instructions are for.
fn parts(phases: &[(&str, Option<&str>)], board: &str, kib: usize, verifier: &str, boot: &Boot) -> Vec<Figure> {
    let before = [0].into_iter().chain(boot.instructions.iter().copied());
    let parts = phases.iter().zip(boot.instructions.iter().zip(before));
    let figure = |((phase, _), (count, before)): (&(&str, Option<&str>), (&u64, u64))| {
        let what = format!("reset to confirmed firmware of {kib} KiB{verifier}: {phase}");
        Figure::new(what, board, Unit::Instructions, count - before)
    };
    parts.map(figure).collect()
}

/// What a boot takes by its clocks, and what its instructions would take without the fastest.
fn clocks(board: &str, verifier: &str, boot: &Boot) -> Vec<Figure> {
    let figure = |what: &str, microseconds| {
        let what = format!("reset to confirmed firmware of {KIB} KiB{verifier}: {what}");
        Figure::new(what, board, Unit::Microseconds, microseconds)
    };
    let Some(clocks) = &boot.clocks else { return Vec::new() };
    vec![
        figure("from the ring oscillator, start of the crystal included", clocks.ring),
        figure("from the PLL", clocks.pll),
        figure("the same instructions, all from the ring oscillator", clocks.without_pll),
    ]
}

/// From the reset that ends an update to the new firmware's first instruction: its first start, on trial, from slot B.
fn first_start(target: &'static Target, limit: u64) -> Result<[Figure; 2]> {
    let (old, new) = (kit::image(target, KIB, 1)?, kit::image(target, KIB, 2)?);
    let mut device = Device::start(target, &old)?;
    device.update(&new, false)?;
    let flash = device.flash();
    let [journal, slots] = wear::toll(&mut device, |device| {
        ensure!(device.boot(Cause::Request)? == Slot::B, "the new firmware is not started");
        Ok(())
    })?;
    ensure!(journal.writes == 1 && slots == Wear::default(), "a first start writes one record, and nothing else");
    let boot = Boot::watch(target, &flash, &[kit::entry(target, &new, Slot::B)?], journal)?;
    let what = format!("reset to the first instruction of new firmware of {KIB} KiB");
    Ok([
        Figure::new(&what, target.board.name, Unit::Instructions, boot.whole()).held_to(limit),
        Figure::new(&what, target.board.name, Unit::Microseconds, boot.microseconds),
    ])
}
