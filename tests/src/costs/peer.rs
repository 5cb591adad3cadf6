//! embassy-boot's own code on the same flash: its updater writes the image to its second partition, all of which it
//! erases first; its bootloader swaps the two, page by page, all of them.

use crate::simulated_flash::{Fault, Part, SimulatedFlash, Wear};
use anyhow::{Result, anyhow, ensure};
use embassy_boot::{BlockingFirmwareUpdater, BootLoader, BootLoaderConfig, FirmwareUpdaterConfig, State};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use lifeboot_core::Slot;
use lifeboot_core::layout::Region;
use lifeboot_example_boards::MICROBIT;
use std::cell::RefCell;

/// Its name, and the version in `Cargo.toml`.
pub const NAME: &str = "embassy-boot 0.7.0";

/// Bytes that its bootloader copies at once; a page is what its documentation recommends.
const COPIED: usize = 1024;

/// A partition of flash.
struct Partition<'a> {
    flash: &'a RefCell<SimulatedFlash>,
    region: Region,
}

impl ErrorType for Partition<'_> {
    type Error = Fault;
}

impl ReadNorFlash for Partition<'_> {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.flash.borrow_mut().read(self.region.start + offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.region.length as usize
    }
}

impl NorFlash for Partition<'_> {
    const WRITE_SIZE: usize = SimulatedFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = MICROBIT.unit_at(MICROBIT.slots[0].start).length as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.flash.borrow_mut().erase(self.region.start + from, self.region.start + to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.flash.borrow_mut().write(self.region.start + offset, bytes)
    }
}

/// A micro:bit with embassy-boot: the running firmware is in slot A, a page shorter, since the other partition must
/// have one more; embassy-boot's state is in the journal's region.
struct Device {
    flash: RefCell<SimulatedFlash>,
}

impl Device {
    fn active(&self) -> Partition<'_> {
        let Region { start, length } = MICROBIT.slot(Slot::A);
        Partition {
            flash: &self.flash,
            region: Region { start, length: length - MICROBIT.unit_at(MICROBIT.slots[0].start).length },
        }
    }

    fn other(&self) -> Partition<'_> {
        Partition { flash: &self.flash, region: MICROBIT.slot(Slot::B) }
    }

    fn state(&self) -> Partition<'_> {
        Partition { flash: &self.flash, region: MICROBIT.journal }
    }

    fn boot(&self) -> Result<State> {
        let config = BootLoaderConfig { active: self.active(), dfu: self.other(), state: self.state() };
        let booted = BootLoader::new(config).prepare_boot(&mut [0; COPIED]);
        booted.map_err(|error| anyhow!("embassy-boot does not boot: {error:?}"))
    }

    fn updater<'a>(&'a self, aligned: &'a mut [u8]) -> BlockingFirmwareUpdater<'a, Partition<'a>, Partition<'a>> {
        BlockingFirmwareUpdater::new(FirmwareUpdaterConfig { dfu: self.other(), state: self.state() }, aligned)
    }

    /// Returns an error if something else is about to run.
    fn expect(&self, firmware: &[u8]) -> Result<()> {
        let start = MICROBIT.slot(Slot::A).start as usize;
        ensure!(self.flash.borrow().bytes()[start..].starts_with(firmware), "embassy-boot runs something else");
        Ok(())
    }

    fn wear(&self) -> [Wear; 2] {
        let flash = self.flash.borrow();
        let [a, b] = Slot::BOTH.map(|slot| flash.wear(Part::Slot(slot)));
        [flash.wear(Part::Journal), a + b]
    }
}

/// The operations of an update and a rollback, on the state and on the partitions.
pub struct Costs {
    /// From the first byte to the confirmed firmware.
    pub update: [Wear; 2],
    /// The bootloader's part of that.
    pub update_boot: [Wear; 2],
    /// From a reset of firmware that was not confirmed to the firmware before it.
    pub rollback: [Wear; 2],
}

/// Measures both, each on a device of its own.
pub fn costs(old: &[u8], new: &[u8]) -> Result<Costs> {
    let updated = |confirms: bool| -> Result<(Device, [Wear; 2])> {
        let mut flash = SimulatedFlash::new(&MICROBIT);
        flash.put(MICROBIT.slot(Slot::A).start, old);
        let device = Device { flash: RefCell::new(flash) };
        ensure!(device.boot()? == State::Boot, "embassy-boot finds something to do");
        let mut word = [0; Partition::WRITE_SIZE];
        let failed = |error| anyhow!("embassy-boot's updater fails: {error:?}");
        let mut padded = new.to_vec();
        padded.resize(new.len().next_multiple_of(4), 0xff);
        let mut updater = device.updater(&mut word);
        for (number, block) in padded.chunks(256).enumerate() {
            updater.write_firmware(number * 256, block).map_err(failed)?;
        }
        updater.mark_updated().map_err(failed)?;
        let before = device.wear();
        ensure!(device.boot()? == State::Swap, "embassy-boot does not swap");
        let swapped = difference(before, device.wear());
        device.expect(new)?;
        if confirms {
            device.updater(&mut [0; Partition::WRITE_SIZE]).mark_booted().map_err(failed)?;
        }
        Ok((device, swapped))
    };
    let (device, update_boot) = updated(true)?;
    let update = device.wear();
    let (device, _) = updated(false)?;
    let before = device.wear();
    device.boot()?;
    device.expect(old)?;
    let rollback = difference(before, device.wear());
    ensure!(device.flash.borrow().misuse().is_none(), "embassy-boot does not use flash as it should");
    Ok(Costs { update, update_boot, rollback })
}

fn difference(before: [Wear; 2], after: [Wear; 2]) -> [Wear; 2] {
    [0, 1].map(|part| after[part].since(before[part]))
}
