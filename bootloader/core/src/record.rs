//! The boot record: one entry of the journal, a snapshot of the whole boot state.
//!
//! Little-endian, [`RECORD_LENGTH`] bytes:
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0x00 | 2 | magic `LR` |
//! | 0x02 | 1 | record format, 1 |
//! | 0x03 | 1 | confirmed slot: 0 = A, 1 = B |
//! | 0x04 | 4 | sequence number |
//! | 0x08 | 1 | trial slot: 0 = A, 1 = B, 0xFF = none |
//! | 0x09 | 1 | attempts left for the trial after a crash or a request |
//! | 0x0A | 1 | attempts left for the trial after a loss of power |
//! | 0x0B | 1 | 1 = the confirmed slot's firmware is lost, see [`Record::lost`]; else 0 |
//! | 0x0C | 4 | epoch floor |
//! | 0x10 | 3 × 4 | ids of revoked keys; zero = none |
//! | 0x1C | 2 | schema of the application's storage; 0 = none was recorded |
//! | 0x1E | 2 | zero |
//! | 0x20 | 76 | the last outcome, and the quarantine: see [`Outcomes`] |
//! | 0x6C | 16 | zero |
//! | 0x7C | 4 | CRC-32 (ISO-HDLC) over bytes 0x00 to 0x7B |
//!
//! Keys are named by their ids, not by their places in the bootloader's table: another bootloader may hold them in another
//! order.

mod outcomes;
mod reset;
mod slot_byte;

pub use outcomes::{Ending, Outcome, Outcomes, QUARANTINED, REJECTED_DIGEST, Rejection};
pub use reset::{CRASH_LOOP, Cause, Fault, Reset};

use crate::bytes::{field, put};
use crate::checksum::CRC;
use crate::key_ids::KeyIds;
use crate::layout::{NO_SCHEMA, Slot};
use slot_byte::slot_from_byte;

pub use crate::layout::RECORD_LENGTH;
use outcomes::OUTCOMES;

/// Attempts of a trial that may end in a crash before it is rejected.
pub const CRASH_ATTEMPTS: u8 = 3;
/// Attempts of a trial that may end in a loss of power before it is rejected. More than for crashes, since a bad power
/// supply is not the firmware's fault; bounded, so that firmware that overloads the supply cannot loop endlessly.
pub const POWER_ATTEMPTS: u8 = 10;

const MAGIC: [u8; 2] = *b"LR";
const FORMAT: u8 = 1;
/// Offset of the CRC.
const CRC_AT: usize = RECORD_LENGTH - 4;

/// The bytes of a boot record.
pub type RecordBytes = [u8; RECORD_LENGTH];

/// A slot that may be started a bounded number of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The slot.
    pub slot: Slot,
    /// Attempts left after a crash or a request.
    pub attempts: u8,
    /// Attempts left after a loss of power.
    pub power_attempts: u8,
}

impl Trial {
    /// Returns a trial that was not started yet.
    pub const fn new(slot: Slot) -> Self {
        Trial { slot, attempts: CRASH_ATTEMPTS, power_attempts: POWER_ATTEMPTS }
    }

    /// Returns the trial with one attempt fewer, `None` if none is left.
    pub const fn started(self, cause: Cause) -> Option<Trial> {
        let Trial { slot, attempts, power_attempts } = self;
        if cause.is_power_loss() {
            if power_attempts == 0 { None } else { Some(Trial { slot, attempts, power_attempts: power_attempts - 1 }) }
        } else if attempts == 0 {
            None
        } else {
            Some(Trial { slot, attempts: attempts - 1, power_attempts })
        }
    }
}

/// The whole boot state.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// The slot that is started by default.
    pub confirmed: Slot,
    /// Whether no firmware is confirmed: what was in the confirmed slot did not start any more, recovery wrote another image
    /// over it or put the other slot in its place, and nothing has confirmed since.
    pub lost: bool,
    /// The slot on trial, if one is.
    pub trial: Option<Trial>,
    /// The lowest epoch that may run.
    pub epoch_floor: u32,
    /// The revoked keys.
    pub revoked: KeyIds,
    /// The schema of the application's storage: an image that does not support it is never started. 0 if none was recorded.
    pub schema: u16,
    /// How updates ended.
    pub outcomes: Outcomes,
}

/// As bytes: comparing field by field would be a quarter of a kilobyte of code.
impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes(0) == other.to_bytes(0)
    }
}

impl Eq for Record {}

impl Record {
    /// The state of a device that has never written a record: slot A is confirmed.
    pub const FACTORY: Record = Record {
        confirmed: Slot::A,
        lost: false,
        trial: None,
        epoch_floor: 0,
        revoked: KeyIds::NONE,
        schema: NO_SCHEMA,
        outcomes: Outcomes::NONE,
    };

    /// Whether the firmware in this slot is confirmed.
    pub fn is_confirmed(&self, slot: Slot) -> bool {
        slot == self.confirmed && !self.lost
    }

    /// Returns the state after a trial has ended with `outcome`. Every caller that records an outcome must use this, or
    /// [`staged`](Self::staged), so that no rejection is lost.
    pub fn ended(&self, outcome: &Outcome) -> Record {
        Record { trial: None, outcomes: self.outcomes.followed_by(outcome), ..*self }
    }

    /// Returns the state after the image of this outcome was staged, whatever ending it has. There is no trial then.
    pub fn staged(&self, outcome: &Outcome) -> Record {
        Record { trial: None, outcomes: self.outcomes.followed_by_staged(outcome), ..*self }
    }

    /// Returns the bytes of the record, with this sequence number and the CRC.
    pub fn to_bytes(&self, sequence: u32) -> RecordBytes {
        let mut out = [0; RECORD_LENGTH];
        put::<0x00, 2, RECORD_LENGTH>(&mut out, MAGIC);
        put::<0x02, 2, RECORD_LENGTH>(&mut out, [FORMAT, self.confirmed as u8]);
        put::<0x04, 4, RECORD_LENGTH>(&mut out, sequence.to_le_bytes());
        let [slot, attempts, power_attempts] =
            self.trial.map_or([0xff, 0, 0], |trial| [trial.slot as u8, trial.attempts, trial.power_attempts]);
        put::<0x08, 4, RECORD_LENGTH>(&mut out, [slot, attempts, power_attempts, self.lost as u8]);
        put::<0x0C, 4, RECORD_LENGTH>(&mut out, self.epoch_floor.to_le_bytes());
        put::<0x10, 12, RECORD_LENGTH>(&mut out, self.revoked.0);
        put::<0x1C, 2, RECORD_LENGTH>(&mut out, self.schema.to_le_bytes());
        put::<0x20, OUTCOMES, RECORD_LENGTH>(&mut out, self.outcomes.0);
        let crc = CRC.checksum(out.split_at(CRC_AT).0);
        put::<CRC_AT, 4, RECORD_LENGTH>(&mut out, crc.to_le_bytes());
        out
    }

    /// Returns the sequence number and the state in these bytes; `None` if they are not a whole record.
    pub fn from_bytes(bytes: &RecordBytes) -> Option<(u32, Record)> {
        // The magic is checked first: it excludes blank flash and most garbage without the cost of a CRC.
        if field::<0x00, 2, RECORD_LENGTH>(bytes) != MAGIC {
            return None;
        }
        let crc = u32::from_le_bytes(field::<CRC_AT, 4, RECORD_LENGTH>(bytes));
        if CRC.checksum(bytes.split_at(CRC_AT).0) != crc {
            return None;
        }
        let [format, confirmed] = field::<0x02, 2, RECORD_LENGTH>(bytes);
        let [trial, attempts, power_attempts, lost] = field::<0x08, 4, RECORD_LENGTH>(bytes);
        if format != FORMAT {
            return None;
        }
        let trial = match trial {
            0xff => None,
            slot => Some(Trial { slot: slot_from_byte(slot)?, attempts, power_attempts }),
        };
        let record = Record {
            confirmed: slot_from_byte(confirmed)?,
            lost: lost != 0,
            trial,
            epoch_floor: u32::from_le_bytes(field::<0x0C, 4, RECORD_LENGTH>(bytes)),
            revoked: KeyIds(field::<0x10, 12, RECORD_LENGTH>(bytes)),
            schema: u16::from_le_bytes(field::<0x1C, 2, RECORD_LENGTH>(bytes)),
            outcomes: Outcomes(field::<0x20, OUTCOMES, RECORD_LENGTH>(bytes)),
        };
        Some((u32::from_le_bytes(field::<0x04, 4, RECORD_LENGTH>(bytes)), record))
    }
}
