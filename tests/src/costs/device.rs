//! A device over simulated flash that counts: the real boot policy and the real updater. `line` puts the real session
//! and a host in front of it; without one, images go straight into the updater.

use super::kit;
use crate::product::{self, Target};
use crate::simulated_flash::{Fault, Part, SimulatedFlash, Wear};
use anyhow::{Context, Result, anyhow, bail};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Slot;
use lifeboot_core::boot::{Decision, boot};
use lifeboot_core::info::{BootloaderInfo, INFO_LENGTH};
use lifeboot_core::record::Cause;
use lifeboot_updater::{Expected, Step, Updater};
use lifeboot_wire::{Refusal, SlotContent};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Flash that a device and its updater share.
#[derive(Clone)]
pub struct Flash {
    cells: Arc<Mutex<SimulatedFlash>>,
    read: Arc<Mutex<Read>>,
    info: u32,
}

/// Reads of flash.
#[derive(Clone, Copy, Debug, Default)]
pub struct Read {
    /// Bytes of journal and slots.
    pub bytes: u64,
    /// How often the bootloader's info was read.
    pub info: u64,
}

impl Flash {
    fn cells(&self) -> MutexGuard<'_, SimulatedFlash> {
        locked(&self.cells)
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ErrorType for Flash {
    type Error = Fault;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = SimulatedFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        let mut read = locked(&self.read);
        if offset == self.info {
            read.info += 1;
        } else {
            read.bytes += bytes.len() as u64;
        }
        drop(read);
        self.cells().read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.cells().capacity()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = SimulatedFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = SimulatedFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        self.cells().erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.cells().write(offset, bytes)
    }
}

/// A running device.
pub struct Device {
    target: &'static Target,
    flash: Flash,
    info: BootloaderInfo,
    /// Lifeboot's part of the running firmware.
    pub updater: Updater<Flash>,
}

/// A refusal, as an error.
fn refused(refusal: Refusal) -> anyhow::Error {
    anyhow!("the updater refuses: {refusal:?}")
}

impl Device {
    /// Fresh from production, with this image, and started.
    pub fn start(target: &'static Target, image: &ImageFile) -> Result<Self> {
        let mut cells = SimulatedFlash::new(target.board);
        cells.put(0, &product::factory_flash(target, &kit::bootloader(target)?, image)?);
        let info = target.board.bootloader.end() - INFO_LENGTH as u32;
        let mut flash = Flash { cells: Arc::new(Mutex::new(cells)), read: Arc::default(), info };
        let info = BootloaderInfo::read(&mut flash, target.board).context("the bootloader does not tell its keys")?;
        let updater = Updater::running_in(Slot::A, flash.clone(), target.board).unwrap();
        let mut device = Device { target, flash, info, updater };
        device.boot(Cause::PowerOn)?;
        Ok(device)
    }

    /// Resets it, and returns what runs then.
    pub fn boot(&mut self, cause: Cause) -> Result<Slot> {
        let slot = match boot(&mut self.flash, self.target.board, &self.info, cause.into()) {
            Decision::Confirmed(firmware) | Decision::Trial(firmware) | Decision::FellBack(firmware) => firmware.slot(),
            Decision::Recovery(_) => bail!("nothing starts"),
        };
        self.updater = Updater::running_in(slot, self.flash.clone(), self.target.board).unwrap();
        Ok(slot)
    }

    /// Receives a whole image and marks it pending.
    pub fn update(&mut self, image: &ImageFile, force: bool) -> Result<()> {
        let updater = &mut self.updater;
        let SlotContent::Image { version, .. } = updater.status(0, 0).slots[updater.running() as usize] else {
            bail!("no image runs");
        };
        let belief = Expected { running: version.into(), target: updater.target() };
        let transfer = updater.begin(image.header_bytes(), belief, force).map_err(refused)?;
        finish(updater)?;
        for part in [image.table(), image.payload()] {
            let mut rest = part;
            while !rest.is_empty() {
                let next = updater.next().context("the transfer has ended")?;
                let taken = updater.feed(transfer, next, rest).map_err(refused)?;
                rest = rest.get(taken..).unwrap_or_default();
                finish(updater)?;
            }
        }
        updater.finish(transfer).map_err(refused)?;
        finish(updater)
    }

    /// Confirms the running firmware.
    pub fn confirm(&mut self) -> Result<()> {
        self.updater.confirm().map_err(refused)
    }

    /// Goes back to the previous firmware, and confirms it.
    pub fn roll_back(&mut self) -> Result<()> {
        self.updater.request_rollback().map_err(refused)?;
        finish(&mut self.updater)?;
        self.boot(Cause::Request)?;
        self.confirm()
    }

    /// Returns the operations on flash since the device was made: those of the journal, and of both slots together.
    pub fn wear(&self) -> [Wear; 2] {
        let cells = self.flash.cells();
        let [a, b] = Slot::BOTH.map(|slot| cells.wear(Part::Slot(slot)));
        [cells.wear(Part::Journal), a + b]
    }

    /// Returns the reads of flash since the device was made.
    pub fn read(&self) -> Read {
        *locked(&self.flash.read)
    }

    /// All of the flash.
    pub fn flash(&self) -> Vec<u8> {
        self.flash.cells().bytes().to_vec()
    }

    /// The board, as cargo names it.
    pub fn target(&self) -> &'static Target {
        self.target
    }
}

fn finish<F: NorFlash>(updater: &mut Updater<F>) -> Result<()> {
    while updater.step().map_err(refused)? == Step::Busy {}
    Ok(())
}
