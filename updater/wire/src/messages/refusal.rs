//! Why a device does not do something.

use serde::{Deserialize, Serialize};

/// Why something was not done. Nothing was changed by what was refused, unless the variant says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Refusal {
    /// The bytes are not a header, or there is no image in the slot.
    NoImage,
    /// The header's format is not known to this device.
    Format,
    /// No key of this device signed it.
    UnknownKey,
    /// The key that signed it was revoked.
    RevokedKey,
    /// The signature does not fit.
    Signature,
    /// It is for another board.
    Board,
    /// It does not fit the slot.
    Bounds,
    /// It cannot run in the target slot.
    OtherSlot,
    /// It needs a newer bootloader.
    Bootloader,
    /// Its epoch is below the device's.
    Epoch,
    /// Its relocation table is damaged. The slot was written.
    Table,
    /// What was written is not what was signed. The slot was written.
    Digest,
    /// Its entry point is not inside it. The slot was written.
    Entry,
    /// Its stack pointer is not in RAM. The slot was written.
    Stack,
    /// The flash failed to read, erase or write. The slot may have been written.
    Flash,
    /// Another version runs than the host believes.
    OtherRunning,
    /// Another slot is the target than the host believes.
    OtherTarget,
    /// The firmware that runs is on trial: the other slot holds the confirmed image.
    TrialRunning,
    /// This image was rejected here before.
    Rejected,
    /// The firmware cannot live with the storage of this device.
    Schema,
    /// Another host holds the session.
    Busy,
    /// There is no transfer; begin one.
    NoTransfer,
    /// The transfer is not complete.
    Incomplete,
    /// The flash at the offset is not erased, and cannot be without losing what was skipped. The transfer has ended.
    NotErased,
    /// The device does not know the command, or not with these values.
    Command,
    /// The bootloader does not say which keys it holds.
    NoBootloader,
    /// The code runs from neither slot.
    NoSlot,
    /// The bootloader answers, and does not do this.
    Recovery,
    /// It revokes the key that signed it.
    OwnKey,
    /// The patch was made from another image than the one that runs.
    OtherImage,
    /// The patch is damaged, or makes more than the image. The slot may have been written; the transfer has ended.
    Patch,
}
