//! The refusals in words: what a firmware's log says, and what the host says where it knows nothing more specific.
//!
//! Only a program that uses the words holds them.

use super::Refusal;
use core::error::Error;
use core::fmt::{self, Display};

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::NoImage => "there is no image",
            Refusal::Format => "the running firmware does not know the image's format",
            Refusal::UnknownKey => "no key of this device signed the image",
            Refusal::RevokedKey => "the key that signed the image was revoked on this device",
            Refusal::Signature => "the signature does not fit the image's header",
            Refusal::Board => "the image is for another board",
            Refusal::Bounds => "the image does not fit its slots",
            Refusal::OtherSlot => "the image is bound to the slot that runs",
            Refusal::Bootloader => "the image needs a newer bootloader than the device's",
            Refusal::Epoch => "the image's epoch is below the device's",
            Refusal::Table => "the relocation table that arrived is damaged",
            Refusal::Digest => "what was read back from flash is not what was signed",
            Refusal::Entry => "the firmware's entry point lies outside of it",
            Refusal::Stack => "the firmware's stack pointer is not in the board's RAM",
            Refusal::Flash => "the flash could not be read, erased or written",
            Refusal::OtherRunning => "another version runs by now",
            Refusal::OtherTarget => "the other slot runs by now",
            Refusal::TrialRunning => {
                "the firmware that runs is on trial, and the other slot holds the only confirmed image"
            }
            Refusal::Rejected => "the image was rejected on this device before",
            Refusal::Schema => "the firmware in that image cannot live with the data that this device has stored",
            Refusal::Busy => "another host is talking to the device",
            Refusal::NoTransfer => "no update is under way: the device was restarted, or another host ended it",
            Refusal::Incomplete => "parts of the image are missing",
            Refusal::NotErased => "the flash is not empty where the image has to go",
            Refusal::Command => "the command is not known",
            Refusal::NoBootloader => {
                "no Lifeboot bootloader of this board was found, so there are no keys to check an image with"
            }
            Refusal::NoSlot => "the firmware runs from neither slot",
            Refusal::Recovery => {
                "the bootloader is in recovery mode, since no firmware runs, and takes nothing but an update"
            }
            Refusal::OwnKey => {
                "the image would revoke the key that signed it, and no device gives up what may be its last"
            }
            Refusal::OtherImage => "another image runs than the one that the patch was made from",
            Refusal::Patch => "the patch that arrived is damaged, or not one to this image",
            Refusal::Superseded => "the application or another session started something else before this was done",
            Refusal::RollbackRequested => {
                "a rollback of the firmware that runs was requested, and wins over its confirm"
            }
            Refusal::NothingPending => "no image is pending",
            Refusal::AlreadyStarted => "the image was started already, so it is no longer pending",
            Refusal::Geometry => "the firmware's flash driver does not fit the board's flash map",
            Refusal::Cancelled => {
                "there is no previous firmware to go back to: the other slot holds an image that was cancelled"
            }
            Refusal::EpochStep => "the image's epoch is too far above the device's",
            Refusal::Map => "the firmware and its bootloader were built for different flash maps of the board",
            Refusal::NotStaged => "that image is not staged in the other slot",
            Refusal::Staged => {
                "there is no previous firmware to go back to: the other slot holds an image that is staged"
            }
        })
    }
}

impl Error for Refusal {}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// All of them, by their numbers on the wire.
    fn all() -> Vec<Refusal> {
        (0..=u8::MAX).map_while(|number| postcard::from_bytes(&[number]).ok()).collect()
    }

    #[test]
    fn each_refusal_has_words_of_its_own_that_can_end_any_sentence() {
        let mut words: Vec<String> = all().iter().map(ToString::to_string).collect();
        assert!(words.len() > 38, "{words:?}");
        assert!(words.iter().all(|words| words.starts_with(|first: char| first.is_ascii_lowercase())), "{words:?}");
        assert!(!words.iter().any(|words| words.ends_with('.')), "{words:?}");
        words.sort();
        words.dedup();
        assert_eq!(words.len(), all().len());
    }

    #[test]
    fn a_refusal_is_an_error() {
        let error: &dyn Error = &Refusal::NothingPending;
        assert_eq!(error.to_string(), "no image is pending");
    }
}
