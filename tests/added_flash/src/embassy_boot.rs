//! Firmware with embassy-boot's updater, which checks the image's signature, and a transport of its own.

use crate::registers::{Flash, Port, number};
use ::embassy_boot::{BlockingFirmwareUpdater, FirmwareUpdaterConfig, FirmwareUpdaterError, State};
use core::cell::RefCell;
use embassy_embedded_hal::flash::partition::BlockingPartition;
use embassy_sync::blocking_mutex::{Mutex, raw::NoopRawMutex};
use embedded_io::Read;
use embedded_storage::nor_flash::NorFlash;

/// Partitions of the size that slots and journal have here.
const PARTITION: u32 = if cfg!(feature = "microbit") { 112 * 1024 } else { 384 * 1024 };
const STATE: u32 = if cfg!(feature = "microbit") { 2 * 1024 } else { 16 * 1024 };

/// Its application.
pub fn run() -> ! {
    let _ = update();
    cortex_m::peripheral::SCB::sys_reset()
}

fn update() -> Result<(), FirmwareUpdaterError> {
    let flash = Mutex::<NoopRawMutex, _>::new(RefCell::new(Flash));
    let dfu = BlockingPartition::new(&flash, 64 * 1024, PARTITION);
    let state = BlockingPartition::new(&flash, 32 * 1024, STATE);
    let mut aligned = [0; <Flash as NorFlash>::WRITE_SIZE];
    let mut updater = BlockingFirmwareUpdater::new(FirmwareUpdaterConfig { dfu, state }, &mut aligned);
    if updater.get_state()? == State::Swap {
        updater.mark_booted()?;
    }
    let mut offset = 0;
    while offset < number() as usize {
        let mut bytes = [0; 256];
        let Ok(length) = Port.read(&mut bytes);
        updater.write_firmware(offset, &bytes)?;
        offset += length;
    }
    let (mut key, mut signature) = ([0; 32], [0; 64]);
    let Ok(_) = Port.read(&mut key);
    let Ok(_) = Port.read(&mut signature);
    updater.verify_and_mark_updated(&key, &signature, number())
}
