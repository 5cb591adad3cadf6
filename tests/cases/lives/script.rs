//! The whole life of a device, as steps of real calls. A step is what happens between two instants at which the bench
//! takes a copy of the device, so that a cut in a step does not cost the life before it.

use super::device::{Device, Lived, Stop};
use super::oracle::{Start, renumbered};
use Slot::{A, B};
use Start::{Confirmed, Trial};
use lifeboot_core::Slot;
use lifeboot_core::journal::SPARE;
use lifeboot_core::layout::Region;
use lifeboot_core::record::Cause;
use lifeboot_updater::Refusal;

pub type Step = fn(&mut Device) -> Lived;

/// Bytes of a push that is given up.
const PART: usize = 500;

/// Every step, with its name.
pub const LIFE: [(&str, Step); 28] = [
    ("first boot", |device| device.boots(Cause::PowerOn, Confirmed(A))),
    ("update", |device| device.update(2, false)),
    ("its trial", |device| device.boots(Cause::Request, Trial(B))),
    ("its confirm, with an epoch", Device::confirm),
    ("after the update", |device| device.boots(Cause::PowerOn, Confirmed(B))),
    ("second update, at the end of the journal's unit", |device| {
        near_border(device, 3);
        device.update(3, false)
    }),
    ("it crashes", |device| {
        device.boots(Cause::Request, Trial(A))?;
        device.boots(Cause::Watchdog, Trial(A))?;
        device.boots(Cause::Fault, Trial(A))
    }),
    ("rollback by crashes", |device| device.boots(Cause::Watchdog, Confirmed(B))),
    ("the rejected one again: refused, then forced", |device| {
        let refused = device.push(3, false, usize::MAX)?;
        if refused != Err(Refusal::Rejected) {
            return Err(Stop::Broken(format!("a rejected image: {refused:?}")));
        }
        device.update(3, true)
    }),
    ("rollback by request", |device| {
        device.boots(Cause::Request, Trial(A))?;
        device.request_rollback()?;
        device.boots(Cause::Request, Confirmed(B))
    }),
    ("an update after a rejected one", |device| device.update(4, false)),
    ("rollback by an invalid image", |device| {
        device.spoil(A);
        device.boots(Cause::Request, Confirmed(B))
    }),
    ("a push that is given up, at the end of the other unit", |device| {
        near_border(device, 2);
        device.push(5, false, PART)?.map_err(|refusal| Stop::Broken(format!("begin: {refusal:?}")))
    }),
    ("its resumption", |device| device.update(5, false)),
    ("its trial loses power", |device| {
        device.boots(Cause::Request, Trial(A))?;
        device.boots(Cause::BrownOut, Trial(A))
    }),
    ("its confirm, with a higher epoch", Device::confirm),
    ("an update that is not started", |device| {
        near_border(device, 1);
        device.update(6, false)
    }),
    ("another in its place", |device| device.update(7, false)),
    ("the other's trial", |device| device.boots(Cause::Request, Trial(B))),
    ("the other's confirm", Device::confirm),
    ("what is pushed after all", |device| {
        device.update(6, false)?;
        device.boots(Cause::Request, Trial(A))?;
        device.confirm()
    }),
    ("back to the previous firmware by request", |device| {
        device.request_rollback()?;
        device.boots(Cause::Request, Trial(B))?;
        device.confirm()?;
        device.boots(Cause::PowerOn, Confirmed(B))
    }),
    ("an update that is staged", |device| {
        near_border(device, 1);
        device.stage(6)
    }),
    ("resets do not start it", |device| {
        device.boots(Cause::PowerOn, Confirmed(B))?;
        device.boots(Cause::Watchdog, Confirmed(B))
    }),
    ("its activation", |device| {
        near_border(device, 1);
        device.activate(6)
    }),
    ("its activation once more", |device| device.activate(6)),
    ("the activated one's trial", |device| device.boots(Cause::Request, Trial(A))),
    ("the activated one's confirm", Device::confirm),
];

/// Simulates long use: the journal's unit is full except for some places and the spare ones. The bytes in between act as garbage.
fn near_border(device: &mut Device, left: u32) {
    let oracle = &device.world.oracle;
    let board = oracle.board;
    let newest = oracle.states(&device.flash)[0];
    let at = |start| device.flash.region(Region { start, length: 128 });
    let holds = |start: &u32| at(*start)[..2] == *b"LR" && at(*start)[4..8] == newest.sequence.to_le_bytes();
    let Some(place) = oracle.places().find(holds) else { return };
    let stride = board.write_size.max(128);
    let unit_end = place / board.journal_unit * board.journal_unit + board.journal_unit;
    let records = board.journal_unit / stride;
    let last = unit_end - board.journal_unit + (records - SPARE - left - 1) * stride;
    if last > place {
        let record = renumbered(at(place), newest.sequence + (last - place) / stride);
        let between = Region { start: place + stride, length: last - place - stride };
        device.flash.put(between.start, &vec![0; between.length as usize]);
        device.flash.put(last, &record);
    }
}
