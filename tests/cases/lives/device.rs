//! A device that the oracle checks: real calls of bootloader and updater, and the promises made after each.

use super::host::{How, push, work};
use super::oracle::{Image, Start};
use super::world::{RESCUE, World};
use crate::signed_image::info;
use lifeboot_core::Slot;
use lifeboot_core::boot::{Decision, boot};
use lifeboot_core::layout::Region;
use lifeboot_core::record::{CRASH_ATTEMPTS, Cause, POWER_ATTEMPTS};
use lifeboot_tests::simulated_flash::{SimulatedFlash, WriteUnits};
use lifeboot_updater::{Refusal, Updater};
use std::rc::Rc;

/// Why a life stopped.
#[derive(Debug)]
pub enum Stop {
    /// Power was lost.
    NoPower,
    /// A promise was broken.
    Broken(String),
}

pub type Lived<T = ()> = Result<T, Stop>;

#[derive(Clone)]
pub struct Device {
    pub world: Rc<World>,
    pub flash: SimulatedFlash,
    /// The slot that runs.
    pub running: Slot,
    /// The release that is being pushed.
    pub wanted: usize,
    /// Slots that may be the default; more than one only while a confirm is under way.
    confirmed: Vec<Slot>,
    /// The content of each slot that may be the default.
    kept: [Option<Image>; 2],
    /// Whether the release that is being pushed must not be tried, since it is to be staged.
    untried: bool,
    /// A slot with an image that radiation has changed.
    spoiled: Option<Slot>,
    /// Starts of the trial since it was marked: after crashes, after losses of power.
    starts: (u8, u8),
    floor: u32,
    highest_floor: u32,
    outside: Rc<Vec<u8>>,
}

impl Device {
    /// Fresh from production, with release 1 in slot A.
    pub fn new(world: Rc<World>) -> Device {
        let flash = SimulatedFlash::new(&world.geometry.board);
        let mut flash = if world.geometry.ecc { flash.with_ecc() } else { flash.write_once() };
        flash.put_info(&info());
        world.releases[1].image.put(&mut flash, Slot::A);
        let mut device = Device {
            flash,
            running: Slot::A,
            wanted: RESCUE,
            confirmed: vec![Slot::A],
            kept: [None; 2],
            untried: false,
            spoiled: None,
            starts: (0, 0),
            floor: 0,
            highest_floor: 0,
            outside: Rc::default(),
            world,
        };
        device.kept[0] = device.holds(Slot::A);
        device.outside = Rc::new(device.outside_bytes());
        device
    }

    /// Everything but slots and journal.
    fn outside_bytes(&self) -> Vec<u8> {
        let board = &self.world.geometry.board;
        let mut from = 0;
        let mut outside = Vec::new();
        for part in [board.journal, board.slots[0], board.slots[1]] {
            outside.extend_from_slice(self.flash.region(Region { start: from, length: part.start - from }));
            from = part.start + part.length;
        }
        outside.extend_from_slice(self.flash.region(Region { start: from, length: board.flash_length - from }));
        outside
    }

    /// The image that a slot holds, if it reads the same each time.
    pub fn holds(&self, slot: Slot) -> Option<Image> {
        match self.world.oracle.images(&self.flash, slot)[..] {
            [image] => image,
            _ => None,
        }
    }

    fn ended<T>(&self, result: Result<T, String>) -> Lived<T> {
        match result {
            _ if !self.flash.is_powered() => Err(Stop::NoPower),
            result => result.map_err(Stop::Broken),
        }
    }

    fn require(&self, holds: bool, what: &str) -> Lived {
        if holds { Ok(()) } else { Err(Stop::Broken(what.to_owned())) }
    }

    /// Checks the invariants that hold at every instant, even without power.
    pub fn check(&mut self) -> Lived {
        let states = self.world.oracle.states(&self.flash);
        self.require(!self.untried || states.iter().all(|state| state.trial.is_none()), "a staged image is pending")?;
        let floor = states.iter().map(|state| state.floor).min().unwrap_or_default();
        self.require(states.iter().all(|state| self.confirmed.contains(&state.confirmed)), "4: not the default")?;
        self.require(floor >= self.floor, "5: the epoch floor fell")?;
        self.require(states.iter().all(|state| state.floor <= self.highest_floor), "5: the floor rose by itself")?;
        self.floor = floor;
        let holds = Slot::BOTH.map(|slot| self.holds(slot));
        for state in states {
            let image =
                holds[state.confirmed as usize].filter(|image| self.kept[state.confirmed as usize] == Some(*image));
            self.require(image.is_some(), "2: the confirmed image is not whole")?;
            self.require(image.is_some_and(|image| image.epoch >= state.floor), "2: it is below the floor")?;
        }
        // The old header goes first and the new one comes last: a reader that sees one can rely on what is behind it.
        for slot in Slot::BOTH {
            let headed = holds[slot as usize].is_none() && self.world.oracle.has_header(&self.flash, slot);
            self.require(!headed || self.spoiled == Some(slot), "7: the header of an image that is not whole")?;
            self.spoiled = self.spoiled.filter(|spoiled| *spoiled != slot || headed);
        }
        self.require(self.flash.misuse().is_none(), &format!("6: {:?}", self.flash.misuse()))?;
        self.require(*self.outside == self.outside_bytes(), "6: flash outside was changed")
    }

    /// A reset.
    pub fn boot(&mut self, cause: Cause) -> Lived<Start> {
        let right = self.world.oracle.right_starts(&self.flash, cause);
        let decision = boot(
            &mut self.flash,
            &self.world.geometry.board,
            &info().for_board(&self.world.geometry.board),
            cause.into(),
        );
        self.ended(Ok(()))?;
        let (start, running) = match &decision {
            Decision::Trial(verified) | Decision::FellBack(verified) => (Start::Trial(verified.slot()), Some(verified)),
            Decision::Confirmed(verified) => (Start::Confirmed(verified.slot()), Some(verified)),
            Decision::Recovery(_) => (Start::Nothing, None),
        };
        self.require(right.contains(&start), &format!("{start:?}, but right is {right:?}"))?;
        let Some(verified) = running else { return Err(Stop::Broken("8: nothing was started".to_owned())) };
        let image = self.holds(verified.slot());
        self.require(image.is_some_and(|image| image.digest == *verified.digest()), "1: not what was verified")?;
        self.running = verified.slot();
        if let Start::Trial(_) = start {
            match cause.is_power_loss() {
                true => self.starts.1 += 1,
                false => self.starts.0 += 1,
            }
            let within = self.starts.0 <= CRASH_ATTEMPTS && self.starts.1 <= POWER_ATTEMPTS;
            self.require(within, "3: started too often")?;
        }
        self.check()?;
        // If the journal has one reading only, that holds from now on.
        let states = self.world.oracle.states(&self.flash);
        self.confirmed.retain(|slot| states.iter().any(|state| state.confirmed == *slot));
        Ok(start)
    }

    pub fn boots(&mut self, cause: Cause, wanted: Start) -> Lived {
        let start = self.boot(cause)?;
        self.require(start == wanted, &format!("started {start:?} instead of {wanted:?}"))
    }

    /// Radiation changes the payload in a slot.
    pub fn spoil(&mut self, slot: Slot) {
        let board = &self.world.geometry.board;
        let start = board.slot(slot).start + board.header_length + 0x40;
        let byte = self.flash.region(Region { start, length: 1 })[0];
        self.flash.put(start, &[byte & 0x5a]);
        self.spoiled = Some(slot);
    }

    /// The running firmware confirms.
    pub fn confirm(&mut self) -> Lived {
        let (slot, image) = (self.running, self.holds(self.running));
        self.confirmed.push(slot);
        self.kept[slot as usize] = image;
        self.highest_floor = self.highest_floor.max(image.map_or(0, |image| image.epoch));
        let confirmed = Updater::running_in(slot, &mut self.flash, &self.world.geometry.board).unwrap().confirm();
        self.ended(confirmed.map_err(|refusal| format!("confirm: {refusal:?}")))?;
        self.confirmed = vec![slot];
        self.check()
    }

    /// The running firmware requests a rollback.
    pub fn request_rollback(&mut self) -> Lived {
        self.starts = (0, 0);
        let mut updater = Updater::running_in(self.running, &mut self.flash, &self.world.geometry.board).unwrap();
        let result = updater.request_rollback().and_then(|_| work(&mut updater));
        self.ended(result.map_err(|refusal| format!("rollback: {refusal:?}")))?;
        self.check()
    }

    /// A host pushes a release, or its first `bytes`; returns the refusal.
    pub fn push(&mut self, number: usize, force: bool, bytes: usize) -> Lived<Result<(), Refusal>> {
        self.transfer(number, force, bytes, false)
    }

    fn transfer(&mut self, number: usize, force: bool, bytes: usize, stage: bool) -> Lived<Result<(), Refusal>> {
        self.wanted = number;
        self.untried = stage;
        self.starts = (0, 0);
        let (world, running, flash) = (self.world.clone(), self.running, &mut self.flash);
        let (board, release) = (&world.geometry.board, &world.releases[number]);
        let mut pushed = Ok(());
        // As the host tool does: if a failure may be due to a skipped part, it tries again and skips nothing.
        // What is staged is written as a whole.
        for may_skip in [true, false].into_iter().skip(usize::from(stage)) {
            let how = How { force, may_skip, bytes, stage };
            pushed = match board.write_size {
                4 => push(Updater::running_in(running, WriteUnits::<4>(flash), board).unwrap(), release, how),
                8 => push(Updater::running_in(running, WriteUnits::<8>(flash), board).unwrap(), release, how),
                32 => push(Updater::running_in(running, WriteUnits::<32>(flash), board).unwrap(), release, how),
                _ => push(Updater::running_in(running, WriteUnits::<256>(flash), board).unwrap(), release, how),
            };
            use Refusal::{Digest, Entry, NotErased, Stack, Table};
            if !matches!(pushed, Err(NotErased | Digest | Table | Entry | Stack)) {
                break;
            }
        }
        self.ended(Ok(()))?;
        if pushed.is_ok() && bytes == usize::MAX {
            let image = self.holds(running.other());
            let whole = image.is_some_and(|image| image.digest == release.image.header.digest);
            self.require(whole, "a push ended well, and the image is not whole")?;
        }
        self.check()?;
        Ok(pushed)
    }

    /// Pushes a whole release, which must be accepted.
    pub fn update(&mut self, number: usize, force: bool) -> Lived {
        let pushed = self.push(number, force, usize::MAX)?;
        self.require(pushed.is_ok(), &format!("push of {number}: {pushed:?}"))
    }

    /// A host stages a release, which must be accepted.
    pub fn stage(&mut self, number: usize) -> Lived {
        let staged = self.transfer(number, false, usize::MAX, true)?;
        self.require(staged.is_ok(), &format!("staging of {number}: {staged:?}"))
    }

    /// A host activates a release. If that is pending already, nothing changes.
    pub fn activate(&mut self, number: usize) -> Lived {
        self.wanted = number;
        if self.untried {
            (self.untried, self.starts) = (false, (0, 0));
        }
        let image = *self.world.releases[number].image.header.digest.first_chunk().expect("a digest");
        let mut updater = Updater::running_in(self.running, &mut self.flash, &self.world.geometry.board).unwrap();
        let result = updater.request_activate(&image, false).and_then(|_| work(&mut updater));
        self.ended(result.map_err(|refusal| format!("activation: {refusal:?}")))?;
        let target = self.running.other();
        let states = self.world.oracle.states(&self.flash);
        let is_pending = states.iter().all(|state| state.trial.is_some_and(|(slot, ..)| slot == target));
        self.require(is_pending, "an activation ended well, and the image is not pending")?;
        self.check()
    }

    /// Pushes the last release again, or the rescue if that runs already. The push must succeed.
    pub fn complete(&mut self) -> Lived {
        let running = self.holds(self.running).map(|image| image.digest);
        self.confirm()?;
        let digest = |number: usize| self.world.releases[number].image.header.digest;
        let too_old = self.world.releases[self.wanted].image.header.epoch < self.floor;
        let number = if running == Some(digest(self.wanted)) || too_old { RESCUE } else { self.wanted };
        if running != Some(digest(number)) {
            self.update(number, true)?;
            let target = self.running.other();
            self.boots(Cause::Request, Start::Trial(target))?;
            self.confirm()?;
        }
        self.boots(Cause::PowerOn, Start::Confirmed(self.running))
    }
}
