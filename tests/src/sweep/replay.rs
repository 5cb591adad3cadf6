//! The board that boots flash after a cut.

use super::judge::{Boot, Violation};
use super::update::{self, Update};
use crate::bench::connect;
use crate::chance::Chance;
use crate::emulator::{Emulated, Microbit};
use crate::product::MICROBIT;
use anyhow::{Context, Result, ensure};
use lifeboot_client::link::Retry;
use lifeboot_client::push::{self, Options, PushOutcome};
use lifeboot_core::Slot;
use lifeboot_core::handover::{CAUSE, cause_word};
use lifeboot_core::record::Cause;
use lifeboot_wire::{SlotContent, Status};
use std::time::Duration;

/// A boot takes some 20 ms; a board that has not started anything after this time never will.
const HANGS: Duration = Duration::from_secs(60);

/// What is written to the board's flash at a time, where it differs.
const BLOCK: usize = 256;

/// A board whose flash can be set.
pub struct Replay<'a> {
    update: &'a Update,
    board: Microbit,
    /// What its flash holds now.
    present: Vec<u8>,
    /// The first instruction of each slot.
    entries: [u32; 2],
    /// The address at which a bootloader that starts nothing stays, if it is known.
    gives_up: Option<u32>,
}

impl<'a> Replay<'a> {
    /// A board for flash after cuts of this update.
    pub fn start(update: &'a Update, gives_up: Option<u32>) -> Result<Self> {
        let mut board = Microbit::power_on(&update.start)?;
        board.pause()?;
        let present = board.flash()?;
        let entries = [(Slot::A, &update.old), (Slot::B, &update.new)].map(|(slot, image)| {
            let entry = image.payload().get(4..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes);
            entry.wrapping_add(MICROBIT.board.distance(Slot::A, slot))
        });
        Ok(Replay { update, board, present, entries, gives_up })
    }

    /// Powers on with this flash, up to the first instruction of the program that is started.
    pub fn boot(&mut self, flash: &[u8], chance: &mut Chance) -> Result<Boot> {
        self.power_on(flash, chance)?;
        let stop = self.board.run_to(&self.stops(), HANGS)?;
        self.present = self.board.flash()?;
        let started = Slot::BOTH.into_iter().find(|slot| stop == Some(self.entries[*slot as usize]));
        Ok(Boot { started, flash: self.present.clone() })
    }

    /// What cuts leave, before and inside every flash operation that the bootloader makes when it starts from this
    /// flash, and one behind them all; and whether each of them is inside.
    pub fn cuts_of_boot(&mut self, flash: &[u8], chance: &mut Chance) -> Result<Vec<(Vec<u8>, bool)>> {
        let driver = self.update.driver;
        let stops = [self.stops(), driver.entries()].concat();
        let mut flash = flash.to_vec();
        let mut cuts = Vec::new();
        self.power_on(&flash, chance)?;
        loop {
            let stop = self.board.run_to(&stops, HANGS)?.context("the bootloader starts nothing")?;
            if self.stops().contains(&stop) {
                break;
            }
            let operation = driver.operation(&self.board.registers()?)?;
            let mut torn = flash.clone();
            operation.tear(&mut torn, chance);
            cuts.extend([(flash.clone(), false), (torn, true)]);
            operation.apply(&mut flash);
        }
        self.present = self.board.flash()?;
        ensure!(self.present == flash, "flash is not what the operations of a boot make");
        cuts.push((flash, false));
        Ok(cuts)
    }

    /// Where a boot ends.
    fn stops(&self) -> Vec<u32> {
        self.entries.into_iter().chain(self.gives_up).collect()
    }

    /// Powers on with this flash; RAM holds anything. The board is stopped before its first instruction.
    ///
    /// The model has no power-on reset: RESETREAS says that it was the pin. In half the boots the cause is
    /// set to the power supply, by the word that replaces what the register cannot say.
    fn power_on(&mut self, flash: &[u8], chance: &mut Chance) -> Result<()> {
        for (number, (wanted, present)) in flash.chunks(BLOCK).zip(self.present.chunks(BLOCK)).enumerate() {
            if wanted != present {
                self.board.write_memory((number * BLOCK) as u32, wanted)?;
            }
        }
        let mut ram = chance.bytes(MICROBIT.board.ram.length as usize);
        if chance.below(2) == 0 {
            ram[CAUSE as usize..][..4].copy_from_slice(&cause_word(Cause::PowerOn).to_le_bytes());
        }
        self.board.write_memory(MICROBIT.board.ram.start, &ram)?;
        self.board.reset()
    }

    /// Runs the firmware that was just started, and requests its status, which must agree with the boot.
    pub fn ask(&mut self, boot: &Boot) -> Result<Result<(), Violation>> {
        self.board.resume()?;
        let status = connect(&self.board.port())?.status(Retry::MEDIUM);
        self.stop()?;
        Ok(match status {
            Ok(status) if agrees(&status, boot, self.update) => Ok(()),
            Ok(status) => Err(Violation::Status(format!("the device says {status:?}"))),
            Err(error) => Err(Violation::Status(format!("the device says nothing: {error}"))),
        })
    }

    /// Runs the firmware, and pushes the new image once more, which must end confirmed.
    pub fn push(&mut self) -> Result<Result<(), Violation>> {
        self.board.resume()?;
        let pushed = push::push(&mut connect(&self.board.port())?, &self.update.new, &Options::default(), &mut ());
        self.stop()?;
        let ended = match pushed {
            Ok(pushed) => pushed.outcome,
            Err(error) => return Ok(Err(Violation::Push(format!("the repeated push failed: {error}")))),
        };
        let expected = self.update.new.for_slot(MICROBIT.board, Slot::B)?;
        let record = update::record(&self.present);
        let confirmed = matches!(ended, PushOutcome::Confirmed | PushOutcome::AlreadyConfirmed)
            && (record.confirmed, record.trial) == (Slot::B, None)
            && record.epoch_floor == self.update.new.header().epoch
            && self.present[MICROBIT.board.slot(Slot::B).start as usize..].starts_with(&expected);
        Ok(if confirmed {
            Ok(())
        } else {
            Err(Violation::Push(format!("the repeated push ended with {ended:?}, the boot state is {record:?}")))
        })
    }

    fn stop(&mut self) -> Result<()> {
        self.board.pause()?;
        self.present = self.board.flash()?;
        Ok(())
    }
}

/// Whether a device reports what was observed of it. It may have confirmed meanwhile.
fn agrees(status: &Status, boot: &Boot, update: &Update) -> bool {
    let record = update::record(&boot.flash);
    let started = boot.started.map(Into::into);
    let image = if boot.started == Some(Slot::A) { &update.old } else { &update.new };
    let holds = boot.started.is_some_and(|slot| {
        matches!(status.slots[slot as usize], SlotContent::Image { version, .. } if version == image.header().version.into())
    });
    let as_booted = status.confirmed == Some(record.confirmed.into()) && status.trial == record.trial.map(Into::into);
    let confirmed_since = record.trial.is_some() && status.confirmed == started && status.trial.is_none();
    Some(status.running) == started && holds && (as_booted || confirmed_since)
}
