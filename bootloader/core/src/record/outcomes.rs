//! How updates ended: the last outcome, and the quarantine, which holds earlier rejections. The updater refuses the
//! images in either.
//!
//! From 0x20 of a boot record on:
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0x20 | 3 × 12 | quarantine: the first 12 bytes of earlier outcomes, the newest last; zeros before them |
//! | 0x44 | 1 | last outcome: 0 = none yet, 1 = confirmed, 2 = fell back, 3 = cancelled, 4 = staged, 16 to 18 = rejected (see [`Ending`]) |
//! | 0x45 | 1 | the cause of the last reset before the outcome |
//! | 0x46 | 16 | first half of its image's digest |
//! | 0x56 | 1 | its slot |
//! | 0x57 | 1 | 1 if the firmware reported where it crashed; else 0, and so are the two words of the crash |
//! | 0x58 | 12 | version of its image |
//! | 0x64 | 4 | program counter of the crash |
//! | 0x68 | 4 | fault status of the crash |

use super::reset::{Cause, Fault};
use super::slot_byte::slot_from_byte;
use crate::bytes::{field, put};
use crate::layout::Slot;
use crate::version::Version;

/// Maximum number of images in quarantine.
pub const QUARANTINED: usize = 3;

/// Bytes of a digest that are kept there: enough to distinguish images, and the only cost of a wrong match is a
/// `--force`.
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
    /// The confirmed slot could not be started, so the other one was.
    FellBack = 2,
    /// A host or the application no longer wanted the image, which was pending, or replaced it before its trial had ended.
    /// This is no verdict on it.
    Cancelled = 3,
    /// The image was written and verified, and is not tried before somebody activates it. This is no verdict on it.
    Staged = 4,
    /// Rejected: the image in the slot does not verify.
    Invalid = REJECTED,
    /// Rejected: all attempts of the trial were used up without a confirm.
    NotConfirmed = 17,
    /// Rejected: the firmware itself or the host requested the rollback.
    Requested = 18,
}

impl Ending {
    /// Returns the ending with this number.
    pub const fn from_byte(byte: u8) -> Option<Ending> {
        Some(match byte {
            1 => Ending::Confirmed,
            2 => Ending::FellBack,
            3 => Ending::Cancelled,
            4 => Ending::Staged,
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
    /// The crash, if that was the cause and the firmware reported it.
    pub fault: Option<Fault>,
    /// The image's version; zeros if its header could not be read.
    pub version: Version,
    /// The first half of the image's digest; zeros if its header could not be read.
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

/// The last outcome and the quarantine, as the bytes of a boot record: the bootloader bases no decision on them, so it
/// does not decode them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcomes(pub(super) [u8; OUTCOMES]);

impl Outcomes {
    /// No update has ended yet.
    pub const NONE: Outcomes = Outcomes([0; OUTCOMES]);

    /// Returns the last outcome.
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

    /// Returns earlier rejections, the newest first, each image at most once. Rejections of images without a readable
    /// header are left out, since they have no digest.
    pub fn quarantine(&self) -> impl Iterator<Item = Rejection> {
        let rejections = self.rejections().skip(1).filter_map(|[ending, cause, digest @ ..]| {
            Some(Rejection { ending: Ending::from_byte(*ending)?, cause: Cause::from_byte(*cause)?, digest: *digest })
        });
        rejections.filter(|rejection| rejection.digest != [0; REJECTED_DIGEST])
    }

    /// Whether the image with this digest was rejected, as far back as the quarantine reaches, and not confirmed since.
    pub fn have_rejected(&self, digest: &[u8; 32]) -> bool {
        self.rejections().any(|[ending, _, start @ ..]| *ending >= REJECTED && digest.starts_with(start))
    }

    /// Returns the outcomes after a new one: the previous last outcome goes into quarantine if it was a rejection, and
    /// the image that the new outcome is about leaves it, since the new outcome describes that image now. An image that was
    /// cancelled or staged stays in quarantine: that is no verdict. (The bootloader records no outcome when it falls back to one in
    /// quarantine.)
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
            let leaves = outcome.ending != Ending::Cancelled && outcome.digest.starts_with(digest);
            if *ending >= REJECTED
                && !leaves
                && let Some(place) = places.next_back()
            {
                *place = *rejection;
            }
        }
        Outcomes(after)
    }

    /// Returns the outcomes after an image was staged: those after a cancel, which is no verdict either, under another name. A
    /// function of its own, since the bootloader stages nothing and has no room for it.
    pub(super) fn followed_by_staged(&self, outcome: &Outcome) -> Outcomes {
        let mut after = self.followed_by(&Outcome { ending: Ending::Cancelled, ..*outcome });
        put::<0x24, 1, OUTCOMES>(&mut after.0, [Ending::Staged as u8]);
        after
    }

    /// Returns the first bytes of the last outcome, even if it is not a rejection, then those of the quarantine; newest
    /// first.
    fn rejections(&self) -> impl Iterator<Item = &[u8; REJECTION]> {
        self.0.as_chunks().0.get(..=QUARANTINED).unwrap_or_default().iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_numbered_and_judge_or_not() {
        let endings = [
            (1, Ending::Confirmed, false),
            (2, Ending::FellBack, false),
            (3, Ending::Cancelled, false),
            (4, Ending::Staged, false),
            (16, Ending::Invalid, true),
            (17, Ending::NotConfirmed, true),
            (18, Ending::Requested, true),
        ];
        for (byte, ending, is_rejection) in endings {
            assert_eq!((ending as u8, ending.is_rejection()), (byte, is_rejection));
        }
        for byte in 0..=u8::MAX {
            let expected = endings.into_iter().find(|(number, ..)| *number == byte).map(|(_, ending, _)| ending);
            assert_eq!(Ending::from_byte(byte), expected, "{byte}");
        }
    }
}
