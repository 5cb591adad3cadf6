//! From reset to the firmware's first instruction: how many instructions, and what they are for.

use super::{Device, Figure, FlashTime, Unit, kit};
use crate::emulator::stm32f405::chip::{Chip, Settings};
use crate::emulator::{Microbit, Pico, pico};
use crate::product::{self, MICROBIT, PICO, STM32F405, Target};
use anyhow::{Context, Result, ensure};
use lifeboot_core::Slot;
use lifeboot_core::record::Cause;
use std::time::Duration;

/// The nRF51's core (nRF51822 Product Specification 3.3, 3.1); a Cortex-M0 takes a cycle an instruction at least.
pub const MICROBIT_HERTZ: u64 = 16_000_000;

/// KiB of the image that budgets are for.
const KIB: usize = 64;

/// What a boot consists of, and the function, by a part of its name, with which each begins.
const PHASES: [(&str, Option<&str>); 6] = [
    ("start-up", None),
    ("journal", Some("7journal7Journal4open")),
    ("signature", Some("6verify12check_header")),
    ("hash", Some("6verify13check_content")),
    ("second look", Some("6verify6stands")),
    ("hand-over", Some("4jump")),
];

/// MCUboot's Ed25519 verification and SHA-256 of 64 KiB, without what else it does: published in the same comparison as its
/// sizes.
const PEER: &str = "MCUboot, hash and verify only";

/// What a board's boots are held to and meant to be, in instructions, and MCUboot's.
struct Bounds {
    target: &'static Target,
    /// KiB of other images, which show how it grows; with its table, 110 KiB fill a micro:bit's slot.
    others: [usize; 2],
    limit: u64,
    trial: u64,
    budget: u64,
    peer: u64,
}

const MICROBIT_BOUNDS: Bounds = Bounds {
    target: &MICROBIT,
    others: [16, 110],
    limit: 21_900_000,
    trial: 22_200_000,
    budget: 16_500_000,
    peer: 20_500_000,
};
const STM32F405_BOUNDS: Bounds = Bounds {
    target: &STM32F405,
    others: [16, 128],
    limit: 7_650_000,
    trial: 7_800_000,
    budget: 5_600_000,
    peer: 5_930_000,
};
const PICO_LIMIT: u64 = 22_000_000;

/// A boot: instructions from reset to each address of a route, and the board's time to the last.
pub struct Boot {
    /// For each address.
    pub instructions: Vec<u64>,
    /// By the board's clock, waits for flash left out.
    pub microseconds: u64,
}

impl Boot {
    /// Instructions to the last address.
    fn whole(&self) -> u64 {
        self.instructions.last().copied().unwrap_or_default()
    }

    /// Boots a micro:bit in QEMU, an STM32F405 in rsemu.
    fn watch(target: &Target, flash: &[u8], route: &[u32]) -> Result<Boot> {
        if target.board.name == MICROBIT.board.name {
            let mut board = Microbit::power_on_held(flash)?;
            let before = board.instructions()?;
            let mut instructions = Vec::new();
            for address in route {
                let arrived = board.run_to(&[*address], Duration::from_secs(300))?;
                ensure!(arrived.is_some(), "the board does not come to {address:#010x}");
                instructions.push(board.instructions()? - before);
            }
            let microseconds = instructions.last().copied().unwrap_or_default() * 1_000_000 / MICROBIT_HERTZ;
            return Ok(Boot { instructions, microseconds });
        }
        let mut chip = Chip::power_on(flash, &Settings::default())?;
        chip.counts().watch(route);
        let start = chip.now();
        let arrived = chip.run_until(Duration::from_secs(5), |chip| chip.counts().arrivals().len() == route.len())?;
        ensure!(arrived, "the chip does not come to all of {route:#010x?}");
        let instructions = chip.counts().arrivals().iter().map(|moment| moment.instructions).collect();
        Ok(Boot { instructions, microseconds: (chip.now() - start).as_micros() as u64 })
    }
}

/// What is measured of boots.
pub struct Boots {
    /// The figures.
    pub figures: Vec<Figure>,
    /// What they consist of.
    pub details: Vec<Figure>,
    /// Instructions for each KiB that is hashed.
    pub hash: u64,
}

/// A micro:bit's boots.
pub fn microbit() -> Result<Boots> {
    boots(&MICROBIT_BOUNDS)
}

/// An STM32F405's boots.
pub fn stm32f405() -> Result<Boots> {
    boots(&STM32F405_BOUNDS)
}

fn boots(bounds: &Bounds) -> Result<Boots> {
    let Bounds { target, others, limit, trial, budget, peer } = *bounds;
    let name = target.board.name;
    let bootloader = kit::bootloader(target)?;
    let begins = PHASES.iter().filter_map(|(_, begin)| *begin);
    let phases = begins.map(|part| product::function(&bootloader, part)).collect::<Result<Vec<_>>>()?;
    let confirmed = |kib: usize| -> Result<Boot> {
        let image = kit::image(target, kib, 1)?;
        let flash = product::factory_flash(target, &bootloader, &image)?;
        let route = [&phases[..], &[kit::entry(target, &image, Slot::A)?]].concat();
        Boot::watch(target, &flash, &route)
    };

    let boot = confirmed(KIB)?;
    let what = format!("reset to confirmed firmware of {KIB} KiB");
    let instructions = Figure::new(&what, name, Unit::Instructions, boot.whole());
    let mut figures = vec![
        instructions.held_to(limit).meant_to_be(budget).beside_cited(PEER, peer),
        Figure::new(&what, name, Unit::Microseconds, boot.microseconds),
    ];
    let mut details = Vec::new();
    let mut before = 0;
    for ((phase, _), count) in PHASES.iter().zip(&boot.instructions) {
        details.push(Figure::new(format!("{what}: {phase}"), name, Unit::Instructions, count - before));
        before = *count;
    }
    for kib in others {
        let what = format!("reset to confirmed firmware of {kib} KiB");
        details.push(Figure::new(what, name, Unit::Instructions, confirmed(kib)?.whole()));
    }
    let hash = details.iter().find(|detail| detail.what.ends_with(": hash")).context("no hash")?.ours / KIB as u64;
    figures.extend(first_start(target, trial)?);
    Ok(Boots { figures, details, hash })
}

/// From the reset that ends an update to the new firmware's first instruction: its first start, on trial, from slot B.
fn first_start(target: &'static Target, limit: u64) -> Result<[Figure; 2]> {
    let (old, new) = (kit::image(target, KIB, 1)?, kit::image(target, KIB, 2)?);
    let mut device = Device::start(target, &old)?;
    device.update(&new, false)?;
    let flash = device.flash();
    let before = device.wear();
    ensure!(device.boot(Cause::Request)? == Slot::B, "the new firmware is not started");
    let written = super::wear::since(before[0], device.wear()[0]);
    let boot = Boot::watch(target, &flash, &[kit::entry(target, &new, Slot::B)?])?;
    let waits = FlashTime::of_board(target.board).journal(written) / 1000;
    let what = format!("reset to the first instruction of new firmware of {KIB} KiB");
    let name = target.board.name;
    Ok([
        Figure::new(&what, name, Unit::Instructions, boot.whole()).held_to(limit),
        Figure::new(&what, name, Unit::Microseconds, boot.microseconds + waits),
    ])
}

/// A Pico's boot, its boot ROM included.
pub fn pico() -> Result<Figure> {
    let image = kit::image(&PICO, KIB, 1)?;
    let flash = product::factory_flash(&PICO, &kit::bootloader(&PICO)?, &image)?;
    let mut board = Pico::power_on_with(&flash, pico::Options { held: true, ..Default::default() })?;
    let instructions = board.instructions_to(kit::entry(&PICO, &image, Slot::A)?)?;
    let what = format!("reset to confirmed firmware of {KIB} KiB");
    let figure = Figure::new(what, PICO.board.name, Unit::Instructions, instructions);
    Ok(figure.held_to(PICO_LIMIT).meant_to_be(MICROBIT_BOUNDS.budget))
}
