//! Firmware with Lifeboot's updater and its session with a host.

use crate::registers::{Flash, Port, number};
use lifeboot_updater::{Event, Session, Updater};

lifeboot_updater::board!();

/// Its application.
pub fn run() -> ! {
    let Ok(mut updater) = Updater::new(Flash, &BOARD) else { cortex_m::peripheral::SCB::sys_reset() };
    if updater.is_trial() {
        let _ = updater.confirm();
    }
    let mut session = Session::<528>::new(1024);
    loop {
        if let Ok(Event::Reset) = session.poll(number(), &mut Port, &mut updater) {
            cortex_m::peripheral::SCB::sys_reset();
        }
    }
}
