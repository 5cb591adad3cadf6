//! The driver for blocking flash: each flash operation is done at once.

use crate::geometry::BlockingUnits;
use crate::operation::Step;
use crate::step::Turn;
use crate::updater::{Updater, running_slot};
use crate::work::{Bench, Next, Plan, Work};
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::layout::{Board, Slot};
use lifeboot_wire::Refusal;

impl<F: NorFlash> Updater<F> {
    /// Returns the updater of firmware on `board`. `flash` must count its offsets from the start of the chip's flash.
    ///
    /// # Errors
    /// [`Refusal::NoSlot`] if the calling code runs from neither slot; [`Refusal::Geometry`] if `flash` does not fit the
    /// board: its write unit must divide the board's, its erase unit must divide those of journal and slots (or be the
    /// largest of the chip, where they differ in size), its read unit must divide 4, and its capacity must reach the board's;
    /// [`Refusal::Map`] if the bootloader was built for another flash map of the board.
    pub fn new(flash: F, board: &'static Board) -> Result<Self, Refusal> {
        Self::running_in(running_slot(board)?, flash, board)
    }

    /// Returns the updater of a program that acts as firmware in `slot`: a simulation, or a bootloader in recovery
    /// mode.
    ///
    /// # Errors
    /// [`Refusal::Geometry`] and [`Refusal::Map`], as for [`new`](Self::new).
    #[inline(never)] // Built in place, not on the stack first.
    pub fn running_in(slot: Slot, flash: F, board: &'static Board) -> Result<Self, Refusal> {
        Self::open::<BlockingUnits<F>>(slot, flash, board)
    }

    /// Advances the operation or the confirm: does at most one flash operation (an erase or a write), or hashes one
    /// block, or does a part of a signature's check.
    ///
    /// Anybody may call it, not only who started the operation: [`result`](Self::result) tells the owner.
    ///
    /// # Errors
    /// What is wrong with the image or the flash. The operation, or the confirm, has then ended.
    pub fn step(&mut self) -> Result<Step, Refusal> {
        let turn = self.turn();
        self.step_of(turn)
    }

    /// Confirms that the running firmware is healthy: its slot is the default from now on. May be repeated, and leaves
    /// an operation that is under way alone.
    ///
    /// Writes the boot state until no interruption so far can change what later boots read: up to four boot records,
    /// in one call; [`request_confirm`](Self::request_confirm) does so in steps. There is nothing to do if that was done
    /// before.
    ///
    /// # Errors
    /// [`Refusal::Flash`] if the journal does not take the records: a trial then goes on, and confirmed firmware remains
    /// the default. Never treat it as fatal: firmware that is confirmed runs without them, and so does firmware that was
    /// started because nothing else could be. For these, writes that fail at each start are given up; for the latter only if
    /// [`set_boot_words`](Self::set_boot_words) was called.
    /// [`Refusal::RollbackRequested`] if a rollback of the running firmware is under way or was recorded in this boot:
    /// reset the chip, or leave that to the host.
    pub fn confirm(&mut self) -> Result<(), Refusal> {
        let mut is_due = self.request_confirm()?.is_some();
        while is_due {
            let plan = self.plan_confirm();
            let step = self.carry_out_plan(plan);
            self.end_confirm(step);
            is_due = step? == Step::Busy;
        }
        Ok(())
    }

    /// Records the schema of the application's own storage, durably: an image that does not support it is neither accepted
    /// nor started from now on, by any path.
    ///
    /// Call it after [`confirm`](Self::confirm) has returned, and before the storage is migrated: then firmware that could
    /// not read what a migration leaves is never started on it. Writes only if the schema differs from the recorded one.
    ///
    /// # Errors
    /// [`Refusal::TrialRunning`] if the running firmware has not confirmed: it may still be rolled back to firmware that
    /// needs the old schema. [`Refusal::Schema`] if the running image does not support `schema` by its header: it would not
    /// be started again. [`Refusal::Flash`] if the journal does not take the record.
    pub fn record_storage_schema(&mut self, schema: u16) -> Result<(), Refusal> {
        if schema == self.storage_schema() {
            return Ok(());
        }
        while schema != self.storage_schema() {
            let work = self.plan_schema(schema)?;
            self.carry_out(work)?;
        }
        while let Some(work) = self.settle() {
            self.carry_out(work)?;
        }
        Ok(())
    }

    /// As [`step`](Self::step), and says whose step it was.
    pub(crate) fn turn(&mut self) -> Turn {
        match self.begin_turn() {
            Some(turn) => turn,
            None => self.flash_turn(),
        }
    }

    #[inline(never)] // Keeps its locals off the stack of a signature's check.
    fn flash_turn(&mut self) -> Turn {
        let plan = self.plan_turn();
        let step = self.carry_out_plan(plan);
        self.end_turn(step)
    }

    fn carry_out_plan(&mut self, plan: Result<Plan, Refusal>) -> Result<Step, Refusal> {
        match plan? {
            Plan::Done(step) => Ok(step),
            Plan::Flash(work) => self.carry_out(work),
        }
    }

    fn carry_out(&mut self, mut work: Work) -> Result<Step, Refusal> {
        let (mut bench, mut done) = (Bench::CLEAR, None);
        loop {
            match self.next_operation(&mut work, &mut bench, done) {
                Next::Do(operation) => done = Some(operation.perform(&mut self.flash, &bench.block)),
                Next::End(step) => return step,
            }
        }
    }
}
