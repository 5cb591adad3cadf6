//! The update that is swept: from 1.0.0 in slot A to 2.0.0 in slot B, on a board that has been in use.
//!
//! - Slot B holds the firmware before, 0.9.0: its header verifies and has to go first, and none of its bytes can stay.
//! - The journal has been around once: the record of the trial takes the last place of a unit, and the bootloader has
//!   to erase the next one, which is full of older records, before it can count the attempt.
//! - 2.0.0 has a higher epoch, so that its confirm is followed by one more record.

use super::operation::Operation;
use super::recorder::{self, Driver};
use crate::bench::{self, image, version};
use crate::product::{self, MICROBIT};
use crate::simulated_flash::SimulatedFlash;
use anyhow::{Context, Result, ensure};
use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_core::image::{HEADER_LENGTH, Header};
use lifeboot_core::journal::Journal;
use lifeboot_core::record::{RECORD_LENGTH, Record};
use lifeboot_core::{Slot, Version};

/// Boot records of a journal with one place left, before the spare ones, in the unit of the newest record, while the other
/// unit is full.
const AGE: u32 = 19;

/// An update, as a stream of flash operations.
pub struct Update {
    /// The image that runs before.
    pub old: ImageFile,
    /// The image that runs afterwards.
    pub new: ImageFile,
    /// All of the flash before the first operation.
    pub start: Vec<u8>,
    /// The operations.
    pub operations: Vec<Operation>,
    /// The number of operations after which 2.0.0 is on trial, durably.
    pub trial: usize,
    /// The number of operations after which 2.0.0 is confirmed, durably.
    pub confirmed: usize,
    /// Where the programs have their flash driver.
    pub(super) driver: Driver,
}

/// What an operation works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Boot records.
    Journal,
    /// The header in slot B.
    Header,
    /// The payload in slot B.
    Payload,
    /// The relocation table in slot B.
    Table,
}

impl Update {
    /// Makes the update on an emulated board.
    pub fn record() -> Result<Self> {
        let (old, new) = (image(&MICROBIT, &[], version(1), 0)?, image(&MICROBIT, &[], version(2), 1)?);
        let bootloader = bench::bootloader(&MICROBIT)?;
        let driver = Driver::find(&bootloader)?;
        let mut start = product::factory_flash(&MICROBIT, &bootloader, &old)?;
        let before = noise(&old, Version { major: 0, minor: 9, ..Version::default() })?;
        put(&mut start, MICROBIT.board.slot(Slot::B).start, &before.for_slot(MICROBIT.board, Slot::B)?);
        put(&mut start, MICROBIT.board.journal.start, &journal_after(AGE)?);
        let (operations, pushed) = recorder::record(&start, &new, &driver)?;
        ensure!(pushed.skipped == 0, "{} bytes of the image were there already", pushed.skipped);
        Self::new(old, new, start, operations, driver)
    }

    /// Makes the end of this update with a journal of another age: the updater takes table and payload as written, and
    /// writes header and boot records.
    pub fn record_end(&self, age: u32) -> Result<Self> {
        let slot = MICROBIT.board.slot(Slot::B);
        let mut start = self.start.clone();
        start[slot.start as usize..slot.end() as usize].fill(0xff);
        put(&mut start, slot.start, &self.new.for_slot(MICROBIT.board, Slot::B)?);
        put(&mut start, slot.start, &[0xff; HEADER_LENGTH]);
        put(&mut start, MICROBIT.board.journal.start, &journal_after(age)?);
        let (operations, pushed) = recorder::record(&start, &self.new, &self.driver)?;
        ensure!(pushed.skipped > pushed.sent, "{} bytes of the image were sent again", pushed.sent);
        self.other(start, operations)
    }

    /// The same images, but another flash and other operations.
    pub(super) fn other(&self, start: Vec<u8>, operations: Vec<Operation>) -> Result<Self> {
        Self::new(self.old.clone(), self.new.clone(), start, operations, self.driver)
    }

    fn new(old: ImageFile, new: ImageFile, start: Vec<u8>, operations: Vec<Operation>, driver: Driver) -> Result<Self> {
        let mut flash = start.clone();
        let (mut trial, mut confirmed) = (None, None);
        for (number, operation) in operations.iter().enumerate() {
            operation.apply(&mut flash);
            if let Some(record) = record_at(&flash, operation.start()) {
                trial = trial.or(record.trial.is_some().then_some(number + 1));
                confirmed = confirmed.or((record.confirmed == Slot::B).then_some(number + 1));
            }
        }
        let trial = trial.context("the update has no trial")?;
        let confirmed = confirmed.context("the update has no confirm")?;
        ensure!(trial < confirmed, "the confirm comes before the trial");
        Ok(Update { old, new, start, operations, trial, confirmed, driver })
    }

    /// What an operation works on; `None` if the updater must not touch it.
    pub fn part(&self, operation: Operation) -> Option<Part> {
        let (journal, slot) = (MICROBIT.board.journal, MICROBIT.board.slot(Slot::B));
        let start = operation.start();
        let table = slot.start + self.new.header().table_offset()?;
        match start {
            _ if (journal.start..journal.end()).contains(&start) => Some(Part::Journal),
            _ if !(slot.start..slot.end()).contains(&start) => None,
            _ if start < slot.start + HEADER_LENGTH as u32 => Some(Part::Header),
            _ if start < table => Some(Part::Payload),
            _ => Some(Part::Table),
        }
    }
}

/// The boot state that a journal holds.
pub fn record(flash: &[u8]) -> Record {
    let journal = MICROBIT.board.journal;
    let mut simulated = SimulatedFlash::new(MICROBIT.board);
    simulated.put(journal.start, &flash[journal.start as usize..journal.end() as usize]);
    *Journal::open(&mut simulated, MICROBIT.board).record()
}

/// The boot record that a word in the journal is part of, once it is whole.
fn record_at(flash: &[u8], address: u32) -> Option<Record> {
    let journal = MICROBIT.board.journal;
    let within = (journal.start..journal.end()).contains(&address);
    let in_unit = address % MICROBIT.board.journal_unit;
    let start = address - in_unit % RECORD_LENGTH as u32;
    let bytes = flash.get(start as usize..)?.first_chunk().filter(|_| within)?;
    Record::from_bytes(bytes).map(|(_, record)| record)
}

/// The journal of a device after so many boot records.
fn journal_after(records: u32) -> Result<Vec<u8>> {
    let mut flash = SimulatedFlash::new(MICROBIT.board);
    let mut journal = Journal::open(&mut flash, MICROBIT.board);
    for _ in 0..records {
        journal.change(&mut flash, |_| {}).ok().context("the journal takes no record")?;
    }
    Ok(flash.region(MICROBIT.board.journal).to_vec())
}

/// An image that verifies, as long as `image`, and is nothing but noise behind its vectors.
fn noise(image: &ImageFile, version: Version) -> Result<ImageFile> {
    let (key, _) = product::demo_key("demo")?;
    let Header { epoch, lowest_bootloader, schemas, revokes, .. } = *image.header();
    let mut payload = image.payload().to_vec();
    payload.iter_mut().skip(8).for_each(|byte| *byte = !*byte);
    let entries: Vec<_> = image.entries().into_iter().step_by(2).collect();
    let release = Release { version, epoch, lowest_bootloader, schemas, revokes };
    let unsigned = UnsignedImage::new(MICROBIT.board, Slot::A, payload, &entries, release, key.public().id())?;
    let signature = key.sign(&unsigned.bytes_to_sign());
    Ok(unsigned.with_signature(signature)?)
}

fn put(flash: &mut [u8], start: u32, bytes: &[u8]) {
    flash[start as usize..][..bytes.len()].copy_from_slice(bytes);
}
