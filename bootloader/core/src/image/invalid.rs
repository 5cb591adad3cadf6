//! Why an image is not acceptable.

/// Why a slot, or a header that is being received, is not acceptable. The numbers are those of the wire's refusals
/// (`lifeboot_wire::Refusal`), so that a bootloader can send them without a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Invalid {
    /// There is no header: the magic is missing.
    NoImage,
    /// The header's format is not known to this code, or its reserved bytes are not zero.
    Format,
    /// No key of this device signed the image.
    UnknownKey,
    /// The key that signed the image was revoked.
    RevokedKey,
    /// The signature does not match the header.
    Signature,
    /// The image is for another board.
    Board,
    /// The image's lengths or its link address do not fit the board's slots.
    Bounds,
    /// The image has no relocation table and was linked for the other slot.
    OtherSlot,
    /// The image needs a newer bootloader.
    Bootloader,
    /// The image's epoch is below the device's floor.
    Epoch,
    /// The relocation table does not decode, or points past the payload.
    Table,
    /// The payload or the table is not what was signed.
    Digest,
    /// The entry point lies outside the payload, or is not Thumb code.
    Entry,
    /// The initial stack pointer does not point into RAM, or is not aligned.
    Stack,
    /// The flash could not be read.
    Flash,
    /// The firmware does not support the schema of the device's storage. The numbers from here on are the wire's; those
    /// above match by their order.
    Schema = 19,
    /// The image revokes the key that signed it.
    OwnKey = 28,
    /// The image's epoch is too far above the device's floor.
    EpochStep = 37,
    /// The image is for another flash map of this board.
    Map,
}
