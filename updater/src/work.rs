//! What a step does to flash, as a value. `due.rs` says which flash operations it takes, and a driver does them.

use crate::operation::Step;
use crate::transfer::Due;
use lifeboot_core::journal::{Effort, Writing};
use lifeboot_core::layout::{Region, Slot};
use lifeboot_core::operation::{Block, FlashOperation};
use lifeboot_core::record::Record;
use lifeboot_wire::Refusal;

/// What is left of a step once it was decided.
#[derive(Clone, Copy)]
pub(crate) enum Plan {
    /// Nothing: this was the step.
    Done(Step),
    /// This is to be done in flash.
    Flash(Work),
}

/// What is to be done in flash.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// Do what the transfer needs next.
    Transfer(Due),
    /// Write the header.
    Seal,
    /// Write a boot record, which ends the step so; or, if the write would begin with an erase, only erase.
    Record(State, Effort, Step),
    /// Erase the next unit of the journal: what the writing of a record has become.
    Prepare(Region),
}

/// The boot state that is to be written. It is made of the state at the time of writing, not of that at the time of the request:
/// something else may have come in between.
#[derive(Clone, Copy)]
pub(crate) enum State {
    /// As it is, so that it is settled.
    Same,
    /// The image that was pending in this slot is no longer wanted.
    Replaced(Slot),
    /// What the operation is to change.
    Changed,
    /// The running firmware is confirmed.
    Confirmed,
    /// The effects of that confirm.
    Effects,
    /// The schema of the application's storage.
    Schema(u16),
}

/// Where the work of one step takes place.
pub(crate) struct Bench {
    /// The bytes of a write.
    pub block: Block,
    /// The record that is being written.
    pub record: Option<(Record, Writing)>,
}

impl Bench {
    /// For the next work.
    pub const CLEAR: Bench = Bench { block: Block::ERASED, record: None };
}

/// What is next in flash.
pub(crate) enum Next {
    /// This operation, by the driver.
    Do(FlashOperation),
    /// Nothing: the step has ended so.
    End(Result<Step, Refusal>),
}
