//! How updates ended: the last outcome, and what was rejected before it, the quarantine. Together they are what the updater
//! refuses.
//!
//! From 0x10 of a boot record on:
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0x10 | 3 × 12 | quarantine: the first 12 bytes of what was the last outcome, the newest behind; or zeros, in front |
//! | 0x34 | 1 | last outcome: 0 = none yet, 1 = confirmed, 2 = fell back, 16 to 18 = rejected (see [`Ending`]) |
//! | 0x35 | 1 | the cause of the last reset before it |
//! | 0x36 | 16 | first half of its image's digest |
//! | 0x46 | 1 | its slot |
//! | 0x47 | 1 | 1 where the firmware has told where it crashed, else 0, and the two words as well |
//! | 0x48 | 12 | version of its image |
//! | 0x54 | 4 | program counter of the crash |
//! | 0x58 | 4 | fault status of the crash |

use super::{Cause, Fault, slot_from_byte};
use crate::bytes::{field, put};
use crate::layout::Slot;
use crate::version::Version;

/// Images in quarantine, at most.
pub const QUARANTINED: usize = 3;

/// Bytes of a digest that are kept there: enough to tell images apart, and a wrong answer costs no more than a `--force`.
pub const REJECTED_DIGEST: usize = 10;

/// Bytes of a rejection.
const REJECTION: usize = 2 + REJECTED_DIGEST;
/// Bytes of the outcomes in a record.
pub(super) const OUTCOMES: usize = QUARANTINED * REJECTION + 40;

/// The lowest ending that is a rejection.
const REJECTED: u8 = 16;

/// How an update, or a boot that was not as planned, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ending {
    /// The firmware confirmed its health.
    Confirmed = 1,
    /// The confirmed slot could not be started, another one was.
    FellBack = 2,
    /// Rejected: the image in the slot does not verify.
    Invalid = REJECTED,
    /// Rejected: all its starts were used up without a confirm.
    NotConfirmed = 17,
    /// Rejected: the firmware itself, or the host, asked for the rollback.
    Requested = 18,
}

impl Ending {
    /// The ending with this number.
    pub const fn from_byte(byte: u8) -> Option<Ending> {
        Some(match byte {
            1 => Ending::Confirmed,
            2 => Ending::FellBack,
            16 => Ending::Invalid,
            17 => Ending::NotConfirmed,
            18 => Ending::Requested,
            _ => return None,
        })
    }

    /// Whether the image was rejected.
    pub const fn is_rejection(self) -> bool {
        self as u8 >= REJECTED
    }
}

/// The last outcome: which image, in which slot, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// The slot.
    pub slot: Slot,
    /// The cause of the reset before it ended.
    pub cause: Cause,
    /// The crash, where that was the cause and the firmware has told of it.
    pub fault: Option<Fault>,
    /// The image's version; zeros where its header could not be read.
    pub version: Version,
    /// The first half of the image's digest; zeros where its header could not be read.
    pub digest: [u8; 16],
}

/// An earlier rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// How it ended.
    pub ending: Ending,
    /// The cause of the reset before it ended.
    pub cause: Cause,
    /// The start of the image's digest.
    pub digest: [u8; REJECTED_DIGEST],
}

/// The last outcome and the quarantine, as the bytes of a boot record: the bootloader decides nothing by them, and so does
/// not take them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcomes(pub(super) [u8; OUTCOMES]);

impl Outcomes {
    /// Nothing has ended yet.
    pub const NONE: Outcomes = Outcomes([0; OUTCOMES]);

    /// The last one.
    pub fn last(&self) -> Option<Outcome> {
        let [ending, cause] = field::<0x24, 2, OUTCOMES>(&self.0);
        let [slot, has_fault] = field::<0x36, 2, OUTCOMES>(&self.0);
        Some(Outcome {
            ending: Ending::from_byte(ending)?,
            slot: slot_from_byte(slot)?,
            cause: Cause::from_byte(cause)?,
            fault: (has_fault != 0).then_some(Fault {
                pc: u32::from_le_bytes(field::<0x44, 4, OUTCOMES>(&self.0)),
                status: u32::from_le_bytes(field::<0x48, 4, OUTCOMES>(&self.0)),
            }),
            version: Version::from_bytes(field::<0x38, 12, OUTCOMES>(&self.0)),
            digest: field::<0x26, 16, OUTCOMES>(&self.0),
        })
    }

    /// What was rejected before that, the newest first, no image twice; but for what had no header to name it by.
    pub fn quarantine(&self) -> impl Iterator<Item = Rejection> {
        let rejections = self.rejections().skip(1).filter_map(|[ending, cause, digest @ ..]| {
            Some(Rejection { ending: Ending::from_byte(*ending)?, cause: Cause::from_byte(*cause)?, digest: *digest })
        });
        rejections.filter(|rejection| rejection.digest != [0; REJECTED_DIGEST])
    }

    /// Whether the image with this digest was rejected, as far back as is remembered, and not confirmed since.
    pub fn have_rejected(&self, digest: &[u8; 32]) -> bool {
        self.rejections().any(|[ending, _, start @ ..]| *ending >= REJECTED && digest.starts_with(start))
    }

    /// The same once another outcome is the last: what was rejected last goes into quarantine, and the image that the new
    /// outcome is about comes out, since this one tells of it now. Only an image that was started for want of a better one
    /// stays there: that is no sign of health.
    pub(super) fn followed_by(&self, outcome: &Outcome) -> Outcomes {
        let mut after = [0; OUTCOMES];
        put::<0x24, 2, OUTCOMES>(&mut after, [outcome.ending as u8, outcome.cause as u8]);
        put::<0x26, 16, OUTCOMES>(&mut after, outcome.digest);
        put::<0x36, 2, OUTCOMES>(&mut after, [outcome.slot as u8, outcome.fault.is_some() as u8]);
        put::<0x38, 12, OUTCOMES>(&mut after, outcome.version.to_bytes());
        if let Some(Fault { pc, status }) = outcome.fault {
            put::<0x44, 4, OUTCOMES>(&mut after, pc.to_le_bytes());
            put::<0x48, 4, OUTCOMES>(&mut after, status.to_le_bytes());
        }
        let mut places = after.as_chunks_mut().0.get_mut(..QUARANTINED).unwrap_or_default().iter_mut();
        for rejection in self.rejections() {
            let [ending, _, digest @ ..] = rejection;
            let leaves = outcome.ending != Ending::FellBack && outcome.digest.starts_with(digest);
            if *ending >= REJECTED
                && !leaves
                && let Some(place) = places.next_back()
            {
                *place = *rejection;
            }
        }
        Outcomes(after)
    }

    /// The last outcome's first bytes, whatever it is, and the quarantine; the newest first.
    fn rejections(&self) -> impl Iterator<Item = &[u8; REJECTION]> {
        self.0.as_chunks().0.get(..=QUARANTINED).unwrap_or_default().iter().rev()
    }
}
