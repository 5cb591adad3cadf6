//! Erases and writes of updates and rollbacks: on a micro:bit's flash map, and on the others' what depends on the map.

use super::{Device, Figure, FlashTime, Unit, kit, peer};
use crate::product::{MICROBIT, PICO, STM32F405, Target};
use crate::simulated_flash::Wear;
use anyhow::{Result, ensure};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Slot;
use lifeboot_core::record::Cause;

/// KiB of the images.
const KIB: usize = 64;

/// Updates of a long life, and how many of them are simulated: the journal's pattern repeats itself long before.
const MANY: u32 = 10_000;
const LIVED: u32 = 500;

/// Operations on the journal, and on the slots.
pub fn toll(device: &mut Device, work: impl FnOnce(&mut Device) -> Result<()>) -> Result<[Wear; 2]> {
    let before = device.wear();
    work(device)?;
    let after = device.wear();
    Ok([0, 1].map(|part| after[part].since(before[part])))
}

/// Erases, in journal and slots.
pub fn erases(wear: [Wear; 2]) -> u64 {
    u64::from(wear[0].erases + wear[1].erases)
}

/// Bytes programmed, in journal and slots.
pub fn bytes(wear: [Wear; 2]) -> u64 {
    u64::from(wear[0].bytes + wear[1].bytes)
}

/// Microseconds that a micro:bit's flash is busy with it.
fn busy(wear: [Wear; 2]) -> u64 {
    FlashTime::NRF51.both(wear) / 1000
}

/// The figures.
pub fn figures() -> Result<Vec<Figure>> {
    let others = [Updated::on(&PICO)?.figures(), Updated::on(&STM32F405)?.figures()];
    Ok([microbit()?, others.concat(), vec![long_life()?]].concat())
}

/// An update, and what it did to flash.
struct Updated {
    device: Device,
    old: ImageFile,
    new: ImageFile,
    /// From the first byte to the confirm; and the boot's part of it.
    update: [Wear; 2],
    booted: [Wear; 2],
    /// Erase units that the new image takes.
    units: u64,
}

impl Updated {
    fn on(target: &'static Target) -> Result<Self> {
        let (old, new) = (kit::image(target, KIB, 1)?, kit::image(target, KIB, 2)?);
        let units = new
            .for_slot(target.board, Slot::B)?
            .len()
            .div_ceil(target.board.unit_at(target.board.slots[0].start).length as usize) as u64;
        let mut device = Device::start(target, &old)?;
        let received = toll(&mut device, |device| device.update(&new, false))?;
        let booted = toll(&mut device, |device| device.boot(Cause::Request).map(drop))?;
        let confirmed = toll(&mut device, Device::confirm)?;
        let update = [0, 1].map(|part| received[part] + booted[part] + confirmed[part]);
        Ok(Updated { device, old, new, update, booted, units })
    }

    /// What is measured on all boards.
    fn figures(&self) -> [Figure; 3] {
        let figure = |what: &str, unit, ours| Figure::new(what, self.device.target().board.name, unit, ours);
        let (units, records) = (self.units + 1, u64::from(self.update[0].writes));
        [
            figure("update of 64 KiB: erases, journal included", Unit::Erases, erases(self.update))
                .held_to(units)
                .meant_to_be(units),
            figure("update of 64 KiB: erases by the bootloader", Unit::Erases, erases(self.booted))
                .held_to(0)
                .meant_to_be(0),
            figure("update of 64 KiB: boot records", Unit::Records, records).held_to(3),
        ]
    }
}

/// The micro:bit's, beside embassy-boot's.
fn microbit() -> Result<Vec<Figure>> {
    let updated = Updated::on(&MICROBIT)?;
    let [all, by_bootloader, records] = updated.figures();
    let Updated { mut device, old, new, update, .. } = updated;
    let length = new.for_slot(MICROBIT.board, Slot::B)?.len() as u64;
    let theirs = peer::costs(old.payload(), new.payload())?;
    let requested = toll(&mut device, Device::roll_back)?;

    let mut device = Device::start(&MICROBIT, &old)?;
    device.update(&new, false)?;
    let crashed = toll(&mut device, |device| {
        // Firmware that crashes at each start.
        while device.boot(Cause::Fault)? == Slot::B {}
        Ok(())
    })?;

    let figure = |what: &str, unit, ours| Figure::new(what, MICROBIT.board.name, unit, ours);
    Ok(vec![
        all.beside(peer::NAME, erases(theirs.update)),
        by_bootloader.beside(peer::NAME, erases(theirs.update_boot)),
        figure("update of 64 KiB: programmed", Unit::Bytes, bytes(update))
            .held_to(length + 512)
            .beside(peer::NAME, bytes(theirs.update)),
        records,
        figure("update of 64 KiB: flash is busy", Unit::Microseconds, busy(update))
            .beside(peer::NAME, busy(theirs.update)),
        figure("rollback on request: erases", Unit::Erases, erases(requested)).held_to(1).meant_to_be(0),
        figure("rollback on request: boot records", Unit::Records, u64::from(requested[0].writes)).held_to(3),
        figure("rollback after crashes: erases", Unit::Erases, erases(crashed))
            .held_to(0)
            .meant_to_be(0)
            .beside(peer::NAME, erases(theirs.rollback)),
        figure("rollback after crashes: programmed", Unit::Bytes, bytes(crashed))
            .held_to(512)
            .beside(peer::NAME, bytes(theirs.rollback)),
        figure("rollback after crashes: flash is busy", Unit::Microseconds, busy(crashed))
            .beside(peer::NAME, busy(theirs.rollback)),
    ])
}

/// How often each unit of the journal is erased in a long life: an nRF51's page lasts 20,000 erases (nRF51822 Product
/// Specification 3.3, 8.25).
fn long_life() -> Result<Figure> {
    let (a, b) = (kit::image(&MICROBIT, 1, 1)?, kit::image(&MICROBIT, 1, 2)?);
    let mut device = Device::start(&MICROBIT, &a)?;
    let journal = toll(&mut device, |device| {
        for number in 0..LIVED {
            device.update(if number % 2 == 0 { &b } else { &a }, false)?;
            device.boot(Cause::Request)?;
            device.confirm()?;
        }
        Ok(())
    })?[0];
    let units = MICROBIT.board.journal.length / MICROBIT.board.journal_unit;
    ensure!(journal.erases > units * 10, "too short a life to tell");
    // The journal goes around its units in turn.
    let each = u64::from(journal.erases * (MANY / LIVED) / units);
    let what = "10,000 updates: erases of each unit of the journal";
    Ok(Figure::new(what, MICROBIT.board.name, Unit::Erases, each).held_to(20_000))
}
