//! A device as its bootloader's `main.rs` runs it: what it keeps in RAM between two boots, its recovery pin, its firmware.

use super::faulty::Faulty;
use crate::signed_image::info;
use lifeboot_core::Slot;
use lifeboot_core::boot::{Decision, Recovery, boot};
use lifeboot_core::handover::{self, Start, boot_words};
use lifeboot_core::record::{Cause, Reset};
use lifeboot_updater::Updater;

/// What firmware does whenever it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// Runs until power is lost.
    Idle,
    /// Confirms, then runs until power is lost.
    Confirms,
    /// Crashes.
    Crashes,
    /// Hangs: the watchdog resets the chip, if it runs.
    Hangs,
}

/// What a boot led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boot {
    /// Power was lost before anything was started.
    Died,
    /// Firmware was started.
    Started(Slot),
    /// The host was answered for a minute.
    Listened(Recovery),
}

#[derive(Clone)]
pub struct Machine {
    pub flash: Faulty,
    /// Whether RAM keeps its content while the supply fails.
    pub keeps_ram: bool,
    /// Whether the recovery pin is held.
    pub pin: bool,
    next: Reset,
    /// How many times in a row the firmware that ran last was started and has crashed, in RAM.
    starts: u8,
}

impl Machine {
    pub fn new(flash: Faulty, cause: Cause) -> Machine {
        Machine { flash, keeps_ram: true, pin: false, next: cause.into(), starts: 0 }
    }

    /// Boots, and runs what is started until the next reset.
    pub fn run(&mut self, firmware: Firmware) -> Boot {
        let reset = self.next;
        if self.pin && !reset.listened {
            return self.listen(Recovery::Requested, reset.interrupted);
        }
        self.starts = reset.crashes;
        let (board, writes) = (self.flash.board, self.flash.erases + self.flash.writes);
        let decision = boot(&mut self.flash, board, &info().for_board(board), reset);
        if !self.flash.flash.is_powered() {
            // Power was lost in an erase or a write of the bootloader's.
            assert_ne!(self.flash.erases + self.flash.writes, writes);
            return self.lose_power(true, Boot::Died);
        }
        let (slot, is_watched) = match &decision {
            Decision::Confirmed(verified) => (verified.slot(), false),
            Decision::Trial(verified) | Decision::FellBack(verified) => (verified.slot(), true),
            Decision::Recovery(why) => return self.listen(*why, reset.interrupted),
        };
        let is_trial = matches!(decision, Decision::Trial(_));
        self.starts = 1 + if is_trial || reset.listened { 0 } else { reset.crashes };
        let started = Boot::Started(slot);
        let crashed = |cause: Cause, starts| Reset { crashes: starts, ..cause.into() };
        match firmware {
            Firmware::Idle => self.lose_power(false, started),
            Firmware::Confirms => {
                let start = match &decision {
                    Decision::Trial(_) => Start::Trial,
                    Decision::FellBack(_) => Start::FellBack,
                    Decision::Confirmed(_) | Decision::Recovery(_) => Start::Confirmed,
                };
                let mut updater = Updater::running_in(slot, &mut self.flash, board).unwrap();
                updater.set_boot_words(boot_words(handover::Boot { cause: reset.cause, start, verification: 0 }));
                let _ = updater.confirm();
                self.lose_power(false, started)
            }
            Firmware::Crashes => {
                self.next = crashed(Cause::Fault, self.starts);
                started
            }
            Firmware::Hangs if is_watched => {
                self.next = crashed(Cause::Watchdog, self.starts);
                started
            }
            Firmware::Hangs => self.lose_power(false, started),
        }
    }

    /// All that the next boot depends on.
    pub fn state(&self) -> (u64, Reset, u8) {
        (self.flash.flash.state(), self.next, self.starts)
    }

    fn lose_power(&mut self, writing: bool, boot: Boot) -> Boot {
        self.flash.flash.power_on();
        let interrupted = writing && self.keeps_ram;
        self.next = Reset { interrupted, crashes: if interrupted { self.starts } else { 0 }, ..Cause::BrownOut.into() };
        boot
    }

    /// The note of an interrupted write stays in RAM until a boot has read it.
    fn listen(&mut self, why: Recovery, interrupted: bool) -> Boot {
        self.next = Reset { listened: true, interrupted, ..Cause::Request.into() };
        Boot::Listened(why)
    }
}
