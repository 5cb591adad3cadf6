//! The driver for async flash: each flash operation is awaited. It reads flash as the blocking one does, since firmware runs
//! from it: reads wait for nothing.
//!
//! Its operations, their order and what is read in between are the blocking driver's: both carry out the same plans. A future
//! that is dropped while an operation is under way leaves its ticket in [`Updater::begun`]; the next turn ends that operation as
//! one that flash has refused, since nobody knows how it went.

use crate::geometry::AsyncUnits;
use crate::operation::Step;
use crate::step::Turn;
use crate::ticket::Ticket;
use crate::updater::{Updater, running_slot};
use crate::work::{Bench, Next, Plan, Work};
use embedded_storage::nor_flash::ReadNorFlash;
use embedded_storage_async::nor_flash::NorFlash;
use lifeboot_core::layout::{Board, Slot};
use lifeboot_core::operation::FlashOperation;
use lifeboot_wire::Refusal;

/// For flash that is erased and written by [`embedded_storage_async`], and read by [`embedded_storage`]'s [`ReadNorFlash`]; see
/// [`ReadAtOnce`](crate::ReadAtOnce) and [`SplitFlash`](crate::SplitFlash) for drivers that have the first of these only.
///
/// These functions do what those without `_async` do, and no more than one flash operation each where those do no more. Their
/// futures should not be dropped: a driver may not be made for that, and how the operation under way went is then unknown, so the
/// update, the confirm or the rollback that it was a part of ends with [`Refusal::Flash`]. What is in flash is safe all the
/// same, as at a loss of power, and a host's next push goes on with it.
impl<F: ReadNorFlash + NorFlash> Updater<F> {
    /// As [`new`](Self::new), over async flash.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn new_async(flash: F, board: &'static Board) -> Result<Self, Refusal> {
        Self::running_in_async(running_slot(board)?, flash, board)
    }

    /// As [`running_in`](Self::running_in), over async flash.
    ///
    /// # Errors
    /// As for [`running_in`](Self::running_in).
    #[inline(never)] // Built in place, not on the stack first.
    pub fn running_in_async(slot: Slot, flash: F, board: &'static Board) -> Result<Self, Refusal> {
        Self::open::<AsyncUnits<F>>(slot, flash, board)
    }

    /// As [`step`](Self::step), over async flash.
    ///
    /// # Errors
    /// As for [`step`](Self::step).
    pub async fn step_async(&mut self) -> Result<Step, Refusal> {
        let turn = self.turn_async().await;
        self.step_of(turn)
    }

    /// As [`confirm`](Self::confirm), over async flash.
    ///
    /// # Errors
    /// As for [`confirm`](Self::confirm).
    pub async fn confirm_async(&mut self) -> Result<(), Refusal> {
        self.end_dropped();
        let mut is_due = self.request_confirm()?.is_some();
        while is_due {
            let plan = self.plan_confirm();
            let step = self.carry_out_plan_async(plan, self.confirm.ticket()).await;
            self.end_confirm(step);
            is_due = step? == Step::Busy;
        }
        Ok(())
    }

    /// As [`record_storage_schema`](Self::record_storage_schema), over async flash.
    ///
    /// # Errors
    /// As for [`record_storage_schema`](Self::record_storage_schema).
    pub async fn record_storage_schema_async(&mut self, schema: u16) -> Result<(), Refusal> {
        self.end_dropped();
        if schema == self.storage_schema() {
            return Ok(());
        }
        // Of no operation: only a future that is dropped needs it.
        let ticket = Some(self.tickets.issue());
        while schema != self.storage_schema() {
            let work = self.plan_schema(schema)?;
            self.carry_out_async(work, ticket).await?;
        }
        while let Some(work) = self.settle() {
            self.carry_out_async(work, ticket).await?;
        }
        Ok(())
    }

    /// As [`step_async`](Self::step_async), and says whose step it was.
    pub(crate) async fn turn_async(&mut self) -> Turn {
        if let Some(turn) = self.begin_turn() {
            return turn;
        }
        let plan = self.plan_turn();
        let ticket = if self.confirmed_last { self.confirm.ticket() } else { self.lane.ticket() };
        let step = self.carry_out_plan_async(plan, ticket).await;
        self.end_turn(step)
    }

    async fn carry_out_plan_async(
        &mut self,
        plan: Result<Plan, Refusal>,
        ticket: Option<Ticket>,
    ) -> Result<Step, Refusal> {
        match plan? {
            Plan::Done(step) => Ok(step),
            Plan::Flash(work) => self.carry_out_async(work, ticket).await,
        }
    }

    /// Carries out the work of the operation or the confirm with this ticket.
    async fn carry_out_async(&mut self, work: Work, ticket: Option<Ticket>) -> Result<Step, Refusal> {
        self.begun = ticket;
        let step = self.await_flash(work).await;
        self.begun = None;
        step
    }

    async fn await_flash(&mut self, mut work: Work) -> Result<Step, Refusal> {
        let (mut bench, mut done) = (Bench::CLEAR, None);
        loop {
            let operation = match self.next_operation(&mut work, &mut bench, done) {
                Next::Do(operation) => operation,
                Next::End(step) => return step,
            };
            done = Some(match operation {
                FlashOperation::Erase(unit) => self.flash.erase(unit.start, unit.end()).await.is_ok(),
                FlashOperation::Write { start, length } => {
                    self.flash.write(start, bench.block.padded(length, F::WRITE_SIZE)).await.is_ok()
                }
            });
        }
    }
}
