//! A staged image: whole and verified in the other slot, and tried only after it was activated.
//!
//! A fleet is staged first, each device when it can be reached, and switched together. Between the two may lie months, other
//! boots and other decisions, so activating asks all that [`begin`](Updater::begin) asks of a header, and verifies the payload
//! again.

use crate::operation::{Change, CheckFor, Operation};
use crate::ticket::Ticket;
use crate::transfer::read_header;
use crate::updater::Updater;
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::image::{Header, HeaderBytes};
use lifeboot_core::record::{Ending, Record};
use lifeboot_wire::{IMAGE_NAME, Refusal};

impl<F: ReadNorFlash> Updater<F> {
    /// Starts to activate the image in the other slot, if it is the one that `image` names: the start of its digest.
    /// [`step`](Self::step) checks header and payload in full again and marks the slot trial; reset the chip when that returns
    /// [`Step::Pending`](crate::Step::Pending). With `force`, an image that was rejected before is accepted.
    ///
    /// The image must be [staged](Self::stage), or have been before it was cancelled or rejected: the last outcome must be its. If
    /// it is pending already, nothing is checked, and it is only made sure that this is durable. A trial that has used up attempts
    /// gets none back.
    ///
    /// An operation in progress is superseded unless this is refused.
    ///
    /// # Errors
    /// [`Refusal::NotStaged`] if that image is not in the other slot, or the last outcome is of another one;
    /// [`Refusal::TrialRunning`] if the running firmware has not confirmed. From [`step`](Self::step): why the device does not
    /// accept the image now, as for [`begin`](Self::begin).
    pub fn request_activate(&mut self, image: &[u8; IMAGE_NAME], force: bool) -> Result<Ticket, Refusal> {
        if self.is_trial() {
            return Err(Refusal::TrialRunning);
        }
        let target = self.target();
        let header = read_header(&mut self.flash, self.board.slot(target).start)?;
        if !is_of(&header, image) {
            return Err(Refusal::NotStaged);
        }
        let Record { trial, outcomes, .. } = self.journal.record();
        if trial.is_some_and(|trial| trial.slot == target) {
            self.operation = Operation::Recording(Change::MarkTrial(target));
            return Ok(self.lane.start(&mut self.tickets));
        }
        // The outcome was recorded once the header was whole. Without it, a cut may have torn the header, and what reads right
        // now may not do so later.
        if !outcomes.last().is_some_and(|last| last.slot == target && last.digest == *image) {
            return Err(Refusal::NotStaged);
        }
        self.start_check(&header, CheckFor::Activation { force })
    }

    /// Returns the name of the image that is staged, by which [`request_activate`](Self::request_activate) activates it; `None`
    /// if none is.
    pub fn staged(&mut self) -> Option<[u8; IMAGE_NAME]> {
        let Record { trial: None, outcomes, .. } = self.journal.record() else { return None };
        let last = outcomes.last().filter(|last| last.ending == Ending::Staged && last.slot == self.target())?;
        let header = read_header(&mut self.flash, self.board.slot(last.slot).start).ok()?;
        is_of(&header, &last.digest).then_some(last.digest)
    }
}

/// Whether these bytes are the header of the image with this name.
fn is_of(header: &HeaderBytes, image: &[u8; IMAGE_NAME]) -> bool {
    Header::parse(header).is_ok_and(|header| header.digest.starts_with(image))
}
