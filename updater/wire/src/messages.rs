//! The messages between host and device: plain types, encoded by postcard.
//!
//! Offsets count bytes from the start of the target slot. A transfer's bytes are the image's: first its relocation
//! table, then its payload in canonical form; the header comes with `Begin`.

mod refusal;
mod state;

pub use refusal::Refusal;
pub use state::{
    Boot, Fault, Outcome, OutcomeEnding, REJECTED_DIGEST, Recovery, Rejection, ResetCause, Slot, SlotContent, Start,
    Status, Trial, Version,
};

use serde::{Deserialize, Serialize};

/// The version of these messages; grows with each addition.
pub const WIRE: u8 = 5;

/// [`WIRE`] of the first devices that support patches. They may still refuse them.
pub const WIRE_OF_PATCHES: u8 = 2;

/// [`WIRE`] of the first devices that know [`Command::Cancel`].
pub const WIRE_OF_CANCEL: u8 = 3;

/// [`WIRE`] of the first devices that know [`Command::Identity`] and [`Command::Map`].
pub const WIRE_OF_IDENTITY: u8 = 4;

/// [`WIRE`] of the first devices that know [`Command::FinishStaged`] and [`Command::Activate`].
pub const WIRE_OF_STAGING: u8 = 5;

/// Maximum number of bytes of a device id.
pub const DEVICE_ID: usize = 16;

/// Maximum length in bytes of the message of a [`Command::Begin`], the longest that every device must be able to
/// receive: session, number, variant, the header with its length, the version, slot and force. postcard encodes a
/// number of 16 bits in up to 3 bytes and one of 32 bits in up to 5.
pub const BEGIN_LENGTH: usize = 3 + 1 + 1 + (2 + lifeboot_core::image::HEADER_LENGTH) + (3 + 3 + 5 + 5) + 1 + 1;

/// Bytes that a digest of a range is cut to. It decides only what is sent, never what is trusted.
pub const DIGEST_LENGTH: usize = 8;

/// Maximum number of digests in one answer.
pub const DIGESTS: usize = 8;

/// Maximum length of a range whose digest is requested; a smaller erase unit is the limit instead.
pub const DIGEST_RANGE: u32 = 4096;

/// Maximum number of images in quarantine.
pub const QUARANTINED: usize = 3;

/// Bytes of a digest that identify an image.
pub const IMAGE_NAME: usize = 16;

/// Milliseconds without a request after which another host may take the session.
pub const SESSION_TIMEOUT_MS: u32 = 3000;

/// Maximum number of keys that a device's bootloader can hold.
pub const KEYS: usize = lifeboot_core::info::KEYS;

/// What the host sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// Identifies the host; random, not 0.
    pub session: u16,
    /// Repeated in the answer.
    pub number: u8,
    /// What to do.
    #[serde(borrow)]
    pub command: Command<'a>,
}

/// What the device sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer<'a> {
    /// The number of the request; 0 if this answers no request.
    pub number: u8,
    /// The content of the answer.
    #[serde(borrow)]
    pub body: Body<'a>,
}

/// The requests of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command<'a> {
    /// Requests the state of the device; answered by [`Body::Status`], to any host.
    Status,
    /// Starts a transfer if the device is as the host expects; answered by [`Body::Begun`].
    Begin {
        /// The whole signed header, 256 bytes.
        header: &'a [u8],
        /// The version that the host expects to be running.
        running: Version,
        /// The slot that the host expects to be the target.
        target: Slot,
        /// Accept the image even if this device has rejected it before.
        force: bool,
    },
    /// Requests digests of `count` ranges of the target slot, each `length` long, from `offset` on; answered by
    /// [`Body::Digests`]. Needs a transfer.
    Digests {
        /// Where the first range starts.
        offset: u32,
        /// Bytes of each range, at most [`DIGEST_RANGE`] and at most a unit.
        length: u32,
        /// How many ranges, at most [`DIGESTS`].
        count: u8,
    },
    /// Bytes of the image at `offset`; answered by [`Body::Written`]. Bytes at any other offset than the next one are
    /// not taken, but answered the same way.
    Write {
        /// Where the bytes belong.
        offset: u32,
        /// The bytes, canonical.
        bytes: &'a [u8],
    },
    /// States that the slot already holds the right bytes up to `to`. Answered by [`Body::Written`], which shows how
    /// far the device skipped.
    Skip {
        /// The next offset that needs bytes.
        to: u32,
    },
    /// Ends a transfer after everything was sent: read back, verify, mark trial. Answered by [`Body::Done`] when that
    /// is durable.
    Finish,
    /// Ends the transfer and the session.
    Abort,
    /// Confirms the running firmware.
    Confirm,
    /// Rolls back: ends the trial, or puts the previous firmware on trial again. Refused if the other slot holds a
    /// rejected image. Wins over a confirm of the running trial that is not durable yet.
    Rollback,
    /// Restarts the device.
    Reset,
    /// Requests the keys of the device; answered by [`Body::Keys`], to any host. A bootloader in recovery mode reports
    /// them with its state instead.
    Keys,
    /// Requests the images that were rejected before the last outcome; answered by [`Body::Quarantine`], to any host.
    Quarantine,
    /// Restarts the device into the bootloader's recovery mode.
    Recover,
    /// Announces that the bytes of the image come as a patch of the running one (see the module `patch`), by
    /// [`Command::Patch`]; answered by [`Body::Patched`]. Needs a transfer in which nothing was received or skipped. If
    /// it is refused, the transfer goes on.
    BeginPatch {
        /// The patch's format.
        format: u8,
        /// The start of the digest of the image that the patch was made from, [`IMAGE_NAME`] bytes.
        from: &'a [u8],
    },
    /// Bytes of the patch at `offset`; answered by [`Body::Patched`]. Bytes at any other offset than the next one are
    /// not taken, but answered the same way. If it is refused, the transfer has ended.
    Patch {
        /// Where the bytes belong, from the start of the patch.
        offset: u32,
        /// The bytes, compressed.
        bytes: &'a [u8],
    },
    /// Cancels the pending image: it is not tried, and not rejected either. Refused if there is none, or if it was
    /// started already.
    Cancel,
    /// Requests who the device is; answered by [`Body::Identity`], to any host.
    Identity,
    /// Requests the device's flash map; answered by [`Body::Map`], to any host. A bootloader in recovery mode reports it with
    /// its state instead.
    Map,
    /// Ends a transfer as [`Command::Finish`] does, but leaves the image staged: verified and whole in its slot, not pending,
    /// and not lost at a reset. Answered by [`Body::Done`] when that is durable. A bootloader in recovery mode refuses it.
    FinishStaged,
    /// Makes the image in the other slot pending, if it is the one named and may still run here: header and payload are checked
    /// in full again. Answered by [`Body::Done`] when that is durable, also if it is pending already. A bootloader in recovery
    /// mode refuses it.
    Activate {
        /// The start of the image's digest, [`IMAGE_NAME`] bytes.
        image: &'a [u8],
        /// Activate the image even if this device has rejected it before.
        force: bool,
    },
}

/// The answers of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body<'a> {
    /// The command was carried out.
    Done,
    /// The command was not carried out.
    Refused(Refusal),
    /// The state of the device.
    Status(Status),
    /// The transfer has begun.
    Begun {
        /// The first offset that needs bytes.
        next: u32,
    },
    /// How far the transfer has got.
    Written {
        /// The next offset that needs bytes; the payload's end when all have been received.
        next: u32,
    },
    /// Digests, [`DIGEST_LENGTH`] bytes each: the start of each range's SHA-256.
    Digests(#[serde(borrow)] &'a [u8]),
    /// A piece of the firmware's log, as defmt encodes it.
    Log(#[serde(borrow)] &'a [u8]),
    /// What the bootloader logged before it started the firmware, as defmt encodes it without frames. Only a bootloader
    /// that was built for development logs.
    BootLog(#[serde(borrow)] &'a [u8]),
    /// The state of a device in recovery mode, where no firmware runs: the bytes as they are in flash, which needs the
    /// least code in the bootloader. The host decodes them by the formats of [`lifeboot_core`].
    Recovery {
        /// Why the device is in recovery mode, and which slot is never written.
        why: Recovery,
        /// Maximum number of bytes in one [`Command::Write`]. At most one frame may be in flight.
        chunk: u32,
        /// The bootloader's [`info`](lifeboot_core::info).
        #[serde(borrow)]
        info: &'a [u8],
        /// The boot state, as a [`record`](lifeboot_core::record).
        #[serde(borrow)]
        record: &'a [u8],
        /// The content of the place of each slot's header.
        #[serde(borrow)]
        headers: [&'a [u8]; 2],
    },
    /// The keys of a device.
    Keys(Keys),
    /// The images in quarantine, the newest rejection first.
    Quarantine([Option<Rejection>; QUARANTINED]),
    /// How far the patch has got. The bytes that it made so far count as received.
    Patched {
        /// The next offset in the patch that needs bytes.
        next: u32,
    },
    /// Who the device is.
    Identity(#[serde(borrow)] Identity<'a>),
    /// The flash map: the bytes of [`Board::map_bytes`](lifeboot_core::layout::Board::map_bytes).
    Map(#[serde(borrow)] &'a [u8]),
}

/// Who a device is, and what it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity<'a> {
    /// The device's [`WIRE`].
    pub wire: u8,
    /// The board's name, padded with zeros.
    pub board: [u8; 16],
    /// The map digest.
    pub map: u32,
    /// The device id, at most [`DEVICE_ID`] bytes; empty if the application has given none.
    pub device: &'a [u8],
    /// A bit for each [capability](capability).
    pub capabilities: u32,
    /// Maximum number of bytes in one [`Command::Write`].
    pub chunk: u32,
}

/// The capabilities that an [`Identity`] names.
pub mod capability {
    /// The device takes patches.
    pub const PATCHES: u32 = 1;
    /// The device stages images, and activates them.
    pub const STAGING: u32 = 2;
}

/// The keys of a device's bootloader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// The ids of the keys, in the order of the bootloader's table; unused entries are at the end.
    pub ids: [Option<[u8; 4]>; KEYS],
    /// A bit for each revoked key.
    pub revoked: u8,
    /// The keys that the images in slots A and B refer to, as read from their headers; nothing here was verified.
    pub signed: [Option<Signed>; 2],
}

/// The keys that an image refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The id of the key that signed it.
    pub key: [u8; 4],
    /// A bit for each key of the table that the image's confirm revokes.
    pub revokes: u8,
}
