//! Why a bootloader and an image do not make a board that starts.

use crate::bootloader_file::{Bootloader, BootloaderError};
use crate::flash_file::FlashFileError;
use crate::hex::hex;
use crate::image_file::ImageError;
use lifeboot_core::image::{Header, Invalid};
use miette::Diagnostic;
use thiserror::Error;

/// Why a bootloader and an image do not make a board that starts.
#[derive(Debug, Error, Diagnostic)]
pub enum ProvisionError {
    /// Bootloader and image are for different boards.
    #[error("the bootloader is for board {bootloader}, the image for board {image}")]
    #[diagnostic(help(
        "build the bootloader of {image}: lifeboot bootloader --board BOARD.toml; or give firmware that was signed for \
         {bootloader}"
    ))]
    Boards {
        /// The bootloader's board.
        bootloader: &'static str,
        /// The image's board.
        image: &'static str,
    },
    /// The file to flash cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    FlashFile(#[from] FlashFileError),
    /// The file to flash contains no bootloader.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NoBootloader(#[from] BootloaderError),
    /// The image is damaged, or does not run in slot A.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Image(#[from] ImageError),
    /// The bootloader does not trust the key that signed the image.
    #[error("the bootloader does not trust the key that signed the image, {image}; it trusts {bootloader}")]
    #[diagnostic(help(
        "sign the firmware with a key of the bootloader; or build the bootloader with the public half of that key: lifeboot \
         bootloader --bootloader-keys KEY.pub.pem, or bootloader-keys in lifeboot.toml, or LIFEBOOT_BOOTLOADER_KEYS"
    ))]
    UnknownKey {
        /// The image's key id.
        image: String,
        /// The ids of the bootloader's keys.
        bootloader: String,
    },
    /// The signature is wrong for the bootloader's key.
    #[error("the image's signature does not fit the bootloader's key {0}")]
    #[diagnostic(help("sign the firmware again, with the private half of that key"))]
    Signature(String),
    /// The firmware requires a newer bootloader.
    #[error("the image needs a bootloader of format {needed}, and this one has format {found}")]
    #[diagnostic(help("build the bootloader from newer sources, or sign with a lower --lowest-bootloader"))]
    Bootloader {
        /// The bootloader format that the image requires.
        needed: u16,
        /// The bootloader's format.
        found: u16,
    },
    /// The bootloader's check fails for another reason.
    #[error("the bootloader would not start the image: {0}")]
    #[diagnostic(help("link the firmware with the memory.x that Lifeboot renders for the board, and sign it again"))]
    Unstartable(&'static str),
    /// The file to flash has no firmware in slot A.
    #[error("the file to flash has no image in slot A, or a damaged one")]
    #[diagnostic(help("make one of bootloader and image: lifeboot provision BOOTLOADER.elf FIRMWARE.img -o FILE"))]
    NoFirmware,
    /// The file to flash would write something else as well.
    #[error("the file to flash holds more than bootloader, blank journal and an image in slot A")]
    #[diagnostic(help("make one of bootloader and image: lifeboot provision BOOTLOADER.elf FIRMWARE.img -o FILE"))]
    More,
}

impl ProvisionError {
    pub(super) fn unstartable(invalid: Invalid, bootloader: &Bootloader, image: &Header) -> Self {
        let key = hex(&image.key_id);
        match invalid {
            Invalid::UnknownKey => ProvisionError::UnknownKey { image: key, bootloader: bootloader.key_ids() },
            Invalid::Signature => ProvisionError::Signature(key),
            Invalid::Bootloader => {
                ProvisionError::Bootloader { needed: image.lowest_bootloader, found: bootloader.info().format() }
            }
            Invalid::Entry => ProvisionError::Unstartable("its entry point is no Thumb code in the payload"),
            Invalid::Stack => ProvisionError::Unstartable("its initial stack pointer is not in the firmware's RAM"),
            Invalid::Table => ProvisionError::Unstartable("its relocation table points past the payload"),
            Invalid::Digest => ProvisionError::Unstartable("payload or table are not what was signed"),
            Invalid::EpochStep => {
                ProvisionError::Unstartable("its epoch is more than 1000, too far above that of a new device, 0")
            }
            _ => ProvisionError::Unstartable("its header does not fit the board"),
        }
    }
}
