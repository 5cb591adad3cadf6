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
//! | 0x09 | 1 | starts left for the trial after a crash or a request |
//! | 0x0A | 1 | starts left for the trial after a loss of power |
//! | 0x0B | 1 | revoked keys, a bit each |
//! | 0x0C | 4 | epoch floor |
//! | 0x10 | 1 | last outcome: 0 = none yet, 1 = confirmed, 2 = fell back, 16 to 18 = rejected (see [`Outcome`]) |
//! | 0x11 | 1 | its slot |
//! | 0x12 | 1 | the cause of the last reset before it |
//! | 0x13 | 1 | zero |
//! | 0x14 | 12 | version of its image |
//! | 0x20 | 16 | first half of its image's digest |
//! | 0x30 | 12 | zero |
//! | 0x3C | 4 | CRC-32 (ISO-HDLC) over bytes 0x00 to 0x3B |

use crate::bytes::{field, put};
use crate::layout::Slot;
use crate::version::Version;
use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

/// Bytes of a boot record.
pub const RECORD_LENGTH: usize = 64;

/// Starts of a trial that end in a crash, before it is rejected.
pub const CRASH_ATTEMPTS: u8 = 3;
/// Starts of a trial that end in a loss of power, before it is rejected: more, since a bad power supply is not the
/// firmware's fault; bounded, so that firmware that pulls the supply down cannot loop for ever.
pub const POWER_ATTEMPTS: u8 = 10;

const MAGIC: [u8; 2] = *b"LR";
const FORMAT: u8 = 1;
const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// The bytes of a boot record.
pub type RecordBytes = [u8; RECORD_LENGTH];

/// Why the chip was reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cause {
    /// Nothing is known.
    #[default]
    Unknown = 0,
    /// Power came on.
    PowerOn = 1,
    /// The supply sagged.
    BrownOut = 2,
    /// The reset pin, or a debugger.
    Pin = 3,
    /// The watchdog.
    Watchdog = 4,
    /// A fault or a panic.
    Fault = 5,
    /// The firmware asked for it.
    Request = 6,
}

impl Cause {
    /// The cause with this number.
    pub const fn from_byte(byte: u8) -> Option<Cause> {
        Some(match byte {
            0 => Cause::Unknown,
            1 => Cause::PowerOn,
            2 => Cause::BrownOut,
            3 => Cause::Pin,
            4 => Cause::Watchdog,
            5 => Cause::Fault,
            6 => Cause::Request,
            _ => return None,
        })
    }

    /// Whether the supply, not the firmware, is to blame.
    pub const fn is_power_loss(self) -> bool {
        matches!(self, Cause::PowerOn | Cause::BrownOut)
    }

    /// Whether a flash write may have been torn by this reset. Only a reset that the firmware asked for cannot.
    pub const fn may_tear(self) -> bool {
        !matches!(self, Cause::Request)
    }
}

/// A slot that may be started a bounded number of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The slot.
    pub slot: Slot,
    /// Starts left after a crash or a request.
    pub attempts: u8,
    /// Starts left after a loss of power.
    pub power_attempts: u8,
}

impl Trial {
    /// A trial that was not started yet.
    pub const fn new(slot: Slot) -> Self {
        Trial { slot, attempts: CRASH_ATTEMPTS, power_attempts: POWER_ATTEMPTS }
    }

    /// The trial with one start less, `None` where none is left.
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

/// How an update, or a boot that was not as planned, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ending {
    /// The firmware confirmed its health.
    Confirmed = 1,
    /// The confirmed slot could not be started, another one was.
    FellBack = 2,
    /// Rejected: the image in the slot does not verify.
    Invalid = 16,
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
        matches!(self, Ending::Invalid | Ending::NotConfirmed | Ending::Requested)
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
    /// The image's version; zeros where its header could not be read.
    pub version: Version,
    /// The first half of the image's digest; zeros where its header could not be read.
    pub digest: [u8; 16],
}

/// The whole boot state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The slot that is started by default.
    pub confirmed: Slot,
    /// The slot on trial, if one is.
    pub trial: Option<Trial>,
    /// The lowest epoch that may run.
    pub epoch_floor: u32,
    /// A bit for each revoked key of the bootloader's table.
    pub revoked: u8,
    /// How the last update ended, if there was one.
    pub outcome: Option<Outcome>,
}

impl Record {
    /// The state of a device that has never written a record: slot A is confirmed.
    pub const FACTORY: Record = Record { confirmed: Slot::A, trial: None, epoch_floor: 0, revoked: 0, outcome: None };

    /// The bytes, with their sequence number and CRC.
    pub fn to_bytes(&self, sequence: u32) -> RecordBytes {
        let mut out = [0; RECORD_LENGTH];
        put::<0x00, 2, RECORD_LENGTH>(&mut out, MAGIC);
        put::<0x02, 2, RECORD_LENGTH>(&mut out, [FORMAT, self.confirmed as u8]);
        put::<0x04, 4, RECORD_LENGTH>(&mut out, sequence.to_le_bytes());
        let trial = self.trial.map_or([0xff, 0, 0], |trial| [trial.slot as u8, trial.attempts, trial.power_attempts]);
        put::<0x08, 3, RECORD_LENGTH>(&mut out, trial);
        put::<0x0B, 1, RECORD_LENGTH>(&mut out, [self.revoked]);
        put::<0x0C, 4, RECORD_LENGTH>(&mut out, self.epoch_floor.to_le_bytes());
        if let Some(outcome) = self.outcome {
            let head = [outcome.ending as u8, outcome.slot as u8, outcome.cause as u8];
            put::<0x10, 3, RECORD_LENGTH>(&mut out, head);
            put::<0x14, 12, RECORD_LENGTH>(&mut out, outcome.version.to_bytes());
            put::<0x20, 16, RECORD_LENGTH>(&mut out, outcome.digest);
        }
        let crc = CRC.checksum(&field::<0x00, 0x3C, RECORD_LENGTH>(&out));
        put::<0x3C, 4, RECORD_LENGTH>(&mut out, crc.to_le_bytes());
        out
    }

    /// The sequence number and the state in these bytes; `None` where they are not a whole record.
    pub fn from_bytes(bytes: &RecordBytes) -> Option<(u32, Record)> {
        // The magic first: blank flash and garbage are told apart from a record without the cost of a CRC.
        if field::<0x00, 2, RECORD_LENGTH>(bytes) != MAGIC {
            return None;
        }
        let crc = u32::from_le_bytes(field::<0x3C, 4, RECORD_LENGTH>(bytes));
        if CRC.checksum(&field::<0x00, 0x3C, RECORD_LENGTH>(bytes)) != crc {
            return None;
        }
        let [format, confirmed] = field::<0x02, 2, RECORD_LENGTH>(bytes);
        let [trial, attempts, power_attempts, revoked] = field::<0x08, 4, RECORD_LENGTH>(bytes);
        let [ending, slot, cause] = field::<0x10, 3, RECORD_LENGTH>(bytes);
        if format != FORMAT {
            return None;
        }
        let outcome = match ending {
            0 => None,
            _ => Some(Outcome {
                ending: Ending::from_byte(ending)?,
                slot: slot_from_byte(slot)?,
                cause: Cause::from_byte(cause)?,
                version: Version::from_bytes(field::<0x14, 12, RECORD_LENGTH>(bytes)),
                digest: field::<0x20, 16, RECORD_LENGTH>(bytes),
            }),
        };
        let trial = match trial {
            0xff => None,
            slot => Some(Trial { slot: slot_from_byte(slot)?, attempts, power_attempts }),
        };
        let record = Record {
            confirmed: slot_from_byte(confirmed)?,
            trial,
            epoch_floor: u32::from_le_bytes(field::<0x0C, 4, RECORD_LENGTH>(bytes)),
            revoked,
            outcome,
        };
        Some((u32::from_le_bytes(field::<0x04, 4, RECORD_LENGTH>(bytes)), record))
    }
}

const fn slot_from_byte(byte: u8) -> Option<Slot> {
    match byte {
        0 => Some(Slot::A),
        1 => Some(Slot::B),
        _ => None,
    }
}
