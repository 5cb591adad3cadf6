//! The messages between host and device: plain types, in postcard's encoding.
//!
//! Offsets count bytes from the start of the target slot. A transfer's bytes are the image's: first its relocation
//! table, then its payload in canonical form; the header comes with `Begin`.

mod refusal;
mod state;

pub use refusal::Refusal;
pub use state::{
    Boot, Fault, Outcome, OutcomeEnding, Recovery, Rejection, ResetCause, Slot, SlotContent, Start, Status, Trial,
    Version,
};

use serde::{Deserialize, Serialize};

/// The version of these messages; grows with each addition.
pub const WIRE: u8 = 2;

/// [`WIRE`] of the first devices that know of patches. They may refuse them all the same.
pub const WIRE_OF_PATCHES: u8 = 2;

/// Bytes that a digest of a range is cut to. It decides what to send, never what to trust.
pub const DIGEST_LENGTH: usize = 8;

/// Digests that one answer carries at most.
pub const DIGESTS: usize = 8;

/// Bytes of a range that a digest is asked of, at most; where a unit is smaller, that is the most.
pub const DIGEST_RANGE: u32 = 4096;

/// Images in quarantine, at most.
pub const QUARANTINED: usize = 3;

/// Bytes of a digest that name an image.
pub const IMAGE_NAME: usize = 16;

/// Bytes of a digest that are known of an image in quarantine.
pub const REJECTED_DIGEST: usize = 10;

/// A session's silence, in milliseconds, after which another host may take over.
pub const SESSION_TIMEOUT_MS: u32 = 3000;

/// Keys that a device's bootloader can hold.
pub const KEYS: usize = lifeboot_core::info::KEYS;

/// What the host sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// Names the host; chosen by chance, not 0.
    pub session: u16,
    /// Comes back in the answer.
    pub number: u8,
    /// What to do.
    #[serde(borrow)]
    pub command: Command<'a>,
}

/// What the device sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer<'a> {
    /// The number of the request; 0 for what nobody asked for.
    pub number: u8,
    /// The answer to it.
    #[serde(borrow)]
    pub body: Body<'a>,
}

/// What a host can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command<'a> {
    /// The state of the device; answered by [`Body::Status`], to anybody.
    Status,
    /// Starts a transfer, if the device is as the host believes; answered by [`Body::Begun`].
    Begin {
        /// The whole signed header, 256 bytes.
        header: &'a [u8],
        /// The version that the host believes to be running.
        running: Version,
        /// The slot that the host believes to be the other one.
        target: Slot,
        /// Also take an image that this device has rejected before.
        force: bool,
    },
    /// Digests of `count` ranges of the target slot, each `length` long, from `offset` on; answered by
    /// [`Body::Digests`]. Needs a transfer.
    Digests {
        /// Where the first range starts.
        offset: u32,
        /// Bytes of each range, at most [`DIGEST_RANGE`] and at most a unit.
        length: u32,
        /// How many ranges, at most [`DIGESTS`].
        count: u8,
    },
    /// Bytes of the image at `offset`; answered by [`Body::Written`]. Bytes at any other offset than the next one
    /// are not taken, and answered all the same.
    Write {
        /// Where they belong.
        offset: u32,
        /// The bytes, canonical.
        bytes: &'a [u8],
    },
    /// The slot holds the right bytes up to `to` already. Answered by [`Body::Written`], which says whether the
    /// device goes input.
    Skip {
        /// The next offset that needs bytes.
        to: u32,
    },
    /// Everything was sent: read back, verify, mark trial; answered by [`Body::Done`] when it is durable.
    Finish,
    /// Gives the transfer and the session up.
    Abort,
    /// The running firmware is healthy.
    Confirm,
    /// Go back: end the trial, or try the previous firmware again; not where the other slot holds what was rejected.
    Rollback,
    /// Restart the device.
    Reset,
    /// The keys of the device; answered by [`Body::Keys`], to anybody. A bootloader that answers tells them with its state.
    Keys,
    /// What the device rejected before the last outcome; answered by [`Body::Quarantine`], to anybody.
    Quarantine,
    /// Restart the device, and let its bootloader answer in place of the firmware.
    Recover,
    /// The bytes of the image come as a patch of the one that runs (see the module `patch`), by [`Command::Patch`]; answered
    /// by [`Body::Patched`]. Needs a transfer that nothing was received or skipped in. Where it is refused, the transfer
    /// goes on.
    BeginPatch {
        /// The patch's format.
        format: u8,
        /// The start of the digest of the image that it was made from, [`IMAGE_NAME`] bytes.
        from: &'a [u8],
    },
    /// Bytes of the patch at `offset`; answered by [`Body::Patched`]. Bytes at any other offset than the next one are not
    /// taken, and answered all the same. Where it is refused, the transfer has ended.
    Patch {
        /// Where they belong, in bytes from the start of the patch.
        offset: u32,
        /// The bytes, compressed.
        bytes: &'a [u8],
    },
}

/// What a device answers.
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
    /// How far the transfer is.
    Written {
        /// The next offset that needs bytes; the payload's end when all are there.
        next: u32,
    },
    /// Digests, [`DIGEST_LENGTH`] bytes each: the start of each range's SHA-256.
    Digests(#[serde(borrow)] &'a [u8]),
    /// A piece of the firmware's log, as defmt encodes it.
    Log(#[serde(borrow)] &'a [u8]),
    /// What the bootloader logged before it started the firmware, as defmt encodes it without frames. Only a bootloader
    /// that was built for development logs.
    BootLog(#[serde(borrow)] &'a [u8]),
    /// The state of a device whose bootloader answers, since no firmware runs: as it stands in flash, which takes it the
    /// least code. The host reads it by the formats of [`lifeboot_core`].
    Recovery {
        /// Whether it was asked to answer; the confirmed slot is not written then. Otherwise no slot could be started.
        requested: bool,
        /// Bytes that one [`Command::Write`] may carry at most. One frame may be on its way at a time.
        chunk: u32,
        /// The bootloader's [`info`](lifeboot_core::info).
        #[serde(borrow)]
        info: &'a [u8],
        /// The boot state, as a [`record`](lifeboot_core::record).
        #[serde(borrow)]
        record: &'a [u8],
        /// What stands in the place of each slot's header.
        #[serde(borrow)]
        headers: [&'a [u8]; 2],
    },
    /// The keys of a device.
    Keys(Keys),
    /// The images in quarantine, the newest rejection first.
    Quarantine([Option<Rejection>; QUARANTINED]),
    /// How far the patch is; what it made so far is received.
    Patched {
        /// The next offset in the patch that needs bytes.
        next: u32,
    },
}

/// The keys of a device's bootloader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Their ids, in the order of the bootloader's table; places that hold none are at the end.
    pub ids: [Option<[u8; 4]>; KEYS],
    /// A bit for each that is revoked.
    pub revoked: u8,
    /// What the images in slots A and B have to do with keys, by their headers alone; nothing here was verified.
    pub signed: [Option<Signed>; 2],
}

/// What an image has to do with keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The id of the key that signed it.
    pub key: [u8; 4],
    /// A bit for each key of the table that its confirm revokes.
    pub revokes: u8,
}
