//! What the device reports about itself, in the types of the wire.

use crate::transfer::{is_erased, read_header};
use crate::updater::Updater;
use embedded_storage::nor_flash::ReadNorFlash;
use lifeboot_core::image::Header;
use lifeboot_core::info::{BootloaderInfo, key_id};
use lifeboot_core::layout::{BLOCK, Slot};
use lifeboot_core::record::Record;
use lifeboot_wire::{self as wire, Refusal};

impl<F: ReadNorFlash> Updater<F> {
    /// Returns the state of the device. `window` and `chunk` are the limits of the session: see [`wire::Status`].
    pub fn status(&mut self, window: u32, chunk: u32) -> wire::Status {
        let info = BootloaderInfo::read(&mut self.flash, self.board);
        let slots = Slot::BOTH.map(|slot| self.content(slot));
        let Record { confirmed, lost, trial, epoch_floor, revoked, outcomes, .. } = *self.journal.record();
        wire::Status {
            wire: wire::WIRE,
            board: self.board.name_bytes(),
            bootloader: info.as_ref().map_or(0, |info| info.format()),
            demo_key: info.as_ref().is_some_and(|info| info.demo_key()),
            running: self.running.into(),
            confirmed: (!lost).then_some(confirmed.into()),
            trial: trial.map(Into::into),
            slots,
            epoch_floor,
            revoked: info.map_or(0, |info| info.mask(&revoked)),
            outcome: outcomes.last().map(Into::into),
            window,
            chunk,
            map: self.board.map_digest(),
            boot: self.boot.map(Into::into),
            recovery: None,
            journal_failing: Some(self.journal.is_failing(&mut self.flash)),
        }
    }

    /// Returns who the device is. `chunk` is the limit of the session: see [`wire::Identity`].
    pub(crate) fn identity<'a>(&self, device: &'a [u8], chunk: u32) -> wire::Identity<'a> {
        wire::Identity {
            wire: wire::WIRE,
            board: self.board.name_bytes(),
            map: self.board.map_digest(),
            device,
            capabilities: wire::capability::STAGING
                | if cfg!(feature = "delta") { wire::capability::PATCHES } else { 0 },
            chunk,
        }
    }

    /// Returns the keys of the bootloader's table, and which of them are revoked.
    ///
    /// # Errors
    /// [`Refusal::NoBootloader`] if the bootloader's keys cannot be read.
    pub fn keys(&mut self) -> Result<wire::Keys, Refusal> {
        let info = self.info()?;
        let ids = core::array::from_fn(|index| info.keys().get(index).map(key_id));
        let signed = Slot::BOTH.map(|slot| {
            let header = Header::parse(&read_header(&mut self.flash, self.board.slot(slot).start).ok()?).ok()?;
            Some(wire::Signed { key: header.key_id, revokes: info.mask(&header.revokes) })
        });
        Ok(wire::Keys { ids, revoked: info.mask(&self.journal.record().revoked), signed })
    }

    /// Returns the images that were rejected before the last outcome, the newest first. [`begin`](Self::begin) refuses
    /// these, and the image that was rejected last, unless it is forced.
    pub fn quarantine(&self) -> [Option<wire::Rejection>; wire::QUARANTINED] {
        let mut rejections = self.journal.record().outcomes.quarantine().map(Into::into);
        core::array::from_fn(|_| rejections.next())
    }

    fn content(&mut self, slot: Slot) -> wire::SlotContent {
        let Ok(bytes) = read_header(&mut self.flash, self.board.slot(slot).start) else {
            return wire::SlotContent::Unfinished;
        };
        if let Ok(Header { version, epoch, digest, .. }) = Header::parse(&bytes) {
            let digest = digest.first_chunk().copied().unwrap_or_default();
            return wire::SlotContent::Image { version: version.into(), epoch, digest };
        }
        let mut payload = [0; BLOCK as usize];
        let start = self.board.slot(slot).start + self.board.header_length;
        let empty = is_erased(&bytes) && self.flash.read(start, &mut payload).is_ok() && is_erased(&payload);
        if empty { wire::SlotContent::Empty } else { wire::SlotContent::Unfinished }
    }
}
