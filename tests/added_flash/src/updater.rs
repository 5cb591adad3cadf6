//! Firmware with Lifeboot's updater and a transport of its own.

use crate::registers::{Flash, Port, number};
use embedded_io::Read;
use lifeboot_updater::{Expected, Refusal, Step, Updater, Version};

lifeboot_updater::board!();

/// Its application.
pub fn run() -> ! {
    let _ = update();
    cortex_m::peripheral::SCB::sys_reset()
}

fn update() -> Result<(), Refusal> {
    let mut updater = Updater::new(Flash, &BOARD)?;
    if updater.is_trial() {
        updater.confirm()?;
    }
    let mut header = [0; 256];
    let Ok(_) = Port.read(&mut header);
    let running = Version { major: number() as u16, ..Version::default() };
    let transfer = updater.begin(&header, Expected { target: updater.target(), running }, false)?;
    while updater.step()? != Step::Receiving {}
    let mut offset = updater.next_in(transfer)?;
    while offset < number() {
        let mut bytes = [0; 256];
        let Ok(length) = Port.read(&mut bytes);
        updater.feed(transfer, offset, &bytes[..length])?;
        while updater.step()? != Step::Idle {}
        offset = updater.next_in(transfer)?;
    }
    updater.finish(transfer)?;
    while updater.step()? != Step::Pending {}
    Ok(())
}
