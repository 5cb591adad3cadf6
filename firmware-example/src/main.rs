//! An application that updates itself: it blinks, answers a host on the serial port, tests itself, and confirms.
//!
//! Lifeboot's part is the updater, the session and their use in `main`; everything else represents an application.
//! Features make firmware that must not survive its trial.

#![no_std]
#![no_main]

mod blink;
mod board;
mod fault;
mod log;
mod self_test;

use blink::Blink;
use lifeboot_updater::{Cause, Event, Refusal, Session, Step, Updater};

/// How long the firmware must run, and blink, before it counts as healthy, in milliseconds.
const HEALTHY: u32 = 1_000;

/// After this time, in milliseconds, a crash is one of its own and not one more of a loop: a host had time to speak.
const STABLE: u32 = 10_000;

/// Milliseconds between two attempts to confirm: flash that fails must not be worn out by a loop.
const RETRY: u32 = 1_000;

/// How long the firmware may take to confirm, in milliseconds, before it resets itself.
const TRIAL_DEADLINE: u32 = 3_000;

#[cortex_m_rt::entry]
fn main() -> ! {
    if cfg!(feature = "hang-at-start") {
        hang();
    }
    let board::Parts { flash, mut serial, led, clock, id } = board::start();
    let mut blink = Blink::new(led);
    // Not moved after it was made: a move would put a second copy on the stack.
    let mut updater = Updater::new(flash, &board::BOARD);
    let Ok(updater) = &mut updater else {
        panic!("linked for no slot of this board, or with a flash driver that does not fit it");
    };
    updater.set_boot_words(board::boot_words());
    if let Some(id) = id {
        updater.set_device_id(&id);
    }
    let mut session = Session::<{ board::FRAME }>::new(board::RECEIVE_BUFFER).with_trial_deadline(TRIAL_DEADLINE);
    let healthy = self_test::passes();
    let mut boot_log = board::bootloader_log();
    defmt::info!("started from slot {}, trial: {}", board::slot_name(updater.running()), updater.is_trial());

    if updater.is_trial() && !healthy {
        defmt::error!("the self-test failed: going back");
        roll_back(updater);
    }
    let mut confirm_at = HEALTHY;
    let mut is_stable = false;
    loop {
        board::feed_watchdog();
        let now = clock.now();
        blink.poll(now);
        if !is_stable && now > STABLE {
            is_stable = true;
            board::forget_crashes();
        }
        if updater.is_trial() && now > confirm_at {
            misbehave();
            if !cfg!(feature = "never-confirm") && blink.count() > 0 {
                confirm_at = now + RETRY;
                match updater.confirm() {
                    Ok(()) => defmt::info!("confirmed after {} blinks", blink.count()),
                    // A host knows better, and resets.
                    Err(Refusal::RollbackRequested) => {}
                    Err(refusal) => defmt::error!("not confirmed: {}", refusal),
                }
            }
        }
        if session.offer_boot_log(&boot_log) {
            boot_log.clear();
        }
        log::drain(&mut session);
        match session.poll(now, &mut serial, updater) {
            Ok(Event::Reset) => board::reset(Cause::Request),
            Ok(Event::Recover) => board::reset_into_recovery(),
            // Nothing to do until an interrupt: a millisecond has passed, or on some boards a byte was received.
            Ok(Event::Idle) => cortex_m::asm::wfi(),
            Ok(Event::Busy) | Err(_) => {}
        }
    }
}

/// Ends the trial at once, instead of using up its attempts.
fn roll_back(updater: &mut Updater<board::Flash>) -> ! {
    if updater.request_rollback().is_ok() {
        while let Ok(Step::Busy) = updater.step() {
            board::feed_watchdog();
        }
    }
    // The log is the only report of why the firmware rolls back.
    log::flush();
    board::reset(Cause::Request)
}

/// The failures of the builds for the tests and the demo.
fn misbehave() {
    if cfg!(feature = "hang-later") {
        defmt::warn!("hanging");
        hang();
    }
    if cfg!(feature = "panic-later") {
        panic!("as the feature panic-later says");
    }
    if cfg!(feature = "fault-later") {
        cortex_m::asm::udf();
    }
}

fn hang() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
