//! Firmware of five boards that Lifeboot has never heard of: it blinks, feeds the watchdog, answers a host on the board's serial
//! port, and confirms once it has been running for a while. What a board has is in `board`.

#![no_std]
#![no_main]

mod board;

use cortex_m_rt::entry;
use lifeboot_updater::{Event, Session, Updater};
use panic_halt as _;

// `BOARD`, from lifeboot.toml, and the application's regions.
lifeboot_updater::board!();

/// How long an update must run to count as healthy, and how long it may take to confirm, in milliseconds.
const HEALTHY: u32 = 300;
const TRIAL_DEADLINE: u32 = 1_000;

#[entry]
fn main() -> ! {
    let (mut board, flash) = board::start();
    let mut updater = Updater::new(flash, &BOARD).unwrap();
    let mut session = Session::<528>::new(1024).with_trial_deadline(TRIAL_DEADLINE);
    let mut blinked = 0;
    loop {
        board.feed_watchdog();
        let now = board.now();
        if now.wrapping_sub(blinked) >= 250 {
            blinked = now;
            board.toggle_led();
        }
        if updater.is_trial() && now > HEALTHY && !cfg!(feature = "never-confirm") {
            // Where flash fails, the trial goes on, and ends in a rollback.
            let _ = updater.confirm();
        }
        let sent = board.send(session.pending_output());
        session.consume_output(sent);
        while session.wants_input()
            && let Some(byte) = board.received()
        {
            session.receive(&[byte]);
        }
        match session.advance(now, &mut updater) {
            Event::Reset => board::reset(),
            // Until a byte arrives, or a millisecond has passed.
            Event::Idle if session.pending_output().is_empty() => cortex_m::asm::wfi(),
            _ => {}
        }
    }
}
