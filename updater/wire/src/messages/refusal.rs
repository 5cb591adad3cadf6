//! The reasons for which a device refuses a request.

mod words;

use serde::{Deserialize, Serialize};

/// Why a request was refused. A refused request has changed nothing, unless the variant says so.
///
/// Its `Display` says it in a sentence without an end, such as "no image is pending". The host adds what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Refusal {
    /// The bytes are not a header, or there is no image in the slot.
    NoImage,
    /// The header's format is not known to this device.
    Format,
    /// No key of this device signed the image.
    UnknownKey,
    /// The key that signed the image was revoked.
    RevokedKey,
    /// The signature does not match the header.
    Signature,
    /// The image is for another board.
    Board,
    /// The image does not fit the slot.
    Bounds,
    /// The image cannot run in the target slot.
    OtherSlot,
    /// The image needs a newer bootloader.
    Bootloader,
    /// The image's epoch is below the device's floor.
    Epoch,
    /// The image's relocation table is damaged. The slot was written.
    Table,
    /// The bytes that were written are not those that were signed. The slot was written.
    Digest,
    /// The entry point does not lie inside the image. The slot was written.
    Entry,
    /// The stack pointer is not in RAM. The slot was written.
    Stack,
    /// The flash failed to read, erase or write. The slot may have been written.
    Flash,
    /// Another version runs than the host expects.
    OtherRunning,
    /// Another slot is the target than the host expects.
    OtherTarget,
    /// The running firmware is on trial: the other slot holds the confirmed image.
    TrialRunning,
    /// The image was rejected on this device before.
    Rejected,
    /// The firmware does not support the storage schema of this device.
    Schema,
    /// Another host holds the session.
    Busy,
    /// There is no transfer; begin one first.
    NoTransfer,
    /// The transfer is not complete.
    Incomplete,
    /// The flash at the offset is not erased, and an erase would lose what was skipped. The transfer has ended.
    NotErased,
    /// The device does not support the command, or not with these values.
    Command,
    /// The bootloader's keys cannot be read.
    NoBootloader,
    /// The code runs from neither slot.
    NoSlot,
    /// The bootloader is in recovery mode and does not support the command.
    Recovery,
    /// The image revokes the key that signed it.
    OwnKey,
    /// The patch was made from another image than the running one.
    OtherImage,
    /// The patch is damaged, or makes more bytes than the image has. The slot may have been written; the transfer has
    /// ended.
    Patch,
    /// Something else was started on the device before this was done: an operation of its application's own, or of
    /// another session. A transfer may have written the slot.
    Superseded,
    /// A rollback of the running firmware was requested, and wins over its confirm.
    RollbackRequested,
    /// There is no pending image.
    NothingPending,
    /// The pending image was started already, so it can only be rolled back.
    AlreadyStarted,
    /// The flash driver does not fit the board's flash map.
    Geometry,
    /// The image in the other slot was cancelled before it had confirmed: it is no previous firmware.
    Cancelled,
    /// The image's epoch is too far above the device's floor: its confirm would use up the epochs of later images.
    EpochStep,
    /// The flash map is another one than that of the image, or of the bootloader.
    Map,
    /// The image that is to be activated is not staged in the other slot.
    NotStaged,
    /// The image in the other slot is staged and was never started: it is no previous firmware.
    Staged,
}
