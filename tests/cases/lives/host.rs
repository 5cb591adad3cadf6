//! The host's half of a push, without the line in between.

use super::world::Release;
use embedded_storage::nor_flash::NorFlash;
use lifeboot_core::Version;
use lifeboot_core::layout::BLOCK;
use lifeboot_updater::{Expected, Refusal, Step, Updater};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Runs a started operation to its end.
pub fn work<F: NorFlash>(updater: &mut Updater<F>) -> Result<(), Refusal> {
    while updater.step()? == Step::Busy {}
    Ok(())
}

/// How a release is pushed.
#[derive(Clone, Copy)]
pub struct How {
    /// Also an image that was rejected.
    pub force: bool,
    /// Data that the slot holds already is not sent.
    pub may_skip: bool,
    /// How much of it.
    pub bytes: usize,
    /// It is staged, not pending.
    pub stage: bool,
}

/// Pushes a release into the slot that does not run.
pub fn push<F: NorFlash>(mut updater: Updater<F>, release: &Release, how: How) -> Result<(), Refusal> {
    let status = updater.status(0, 0);
    let version = match &status.slots[updater.running() as usize] {
        lifeboot_wire::SlotContent::Image { version, .. } => (*version).into(),
        _ => Version::default(),
    };
    let transfer =
        updater.begin(&release.header, Expected { running: version, target: updater.target() }, how.force)?;
    work(&mut updater)?; // The header's check.
    work(&mut updater)?; // The end of a trial that was never started.
    let (canonical, final_form) = (&release.contents[0], &release.contents[updater.target() as usize]);
    let board = release.image.board;
    let table = release.image.table_offset();
    let payload_end = board.header_length + release.image.header.payload_length;
    let mut rest = how.bytes;
    while let Some(next) = updater.next().filter(|next| *next != payload_end) {
        let end = if next >= table { canonical.len() as u32 } else { payload_end };
        if how.may_skip && next.is_multiple_of(BLOCK) {
            let to = held(&mut updater, next..end, final_form, board.unit_at(board.slots[0].start).length);
            updater.skip(transfer, to)?;
            if updater.next() != Some(next) {
                continue;
            }
        }
        if rest == 0 {
            return Ok(());
        }
        let fed = updater.feed(
            transfer,
            next,
            &canonical[next as usize..end as usize][..rest.min(200).min((end - next) as usize)],
        )?;
        rest -= fed;
        work(&mut updater)?;
    }
    if how.stage { updater.stage(transfer) } else { updater.finish(transfer) }?;
    work(&mut updater)
}

/// How much of the image the slot holds already, in whole units.
fn held<F: NorFlash>(updater: &mut Updater<F>, range: Range<u32>, form: &[u8], unit: u32) -> u32 {
    let mut to = range.start;
    while to < range.end {
        let end = (to + 1).next_multiple_of(unit).min(range.end);
        let digest: [u8; 32] = Sha256::digest(&form[to as usize..end as usize]).into();
        if !updater.digest(to, end - to).is_ok_and(|found| digest.starts_with(&found)) {
            break;
        }
        to = end;
    }
    to
}
