//! What a file should be, and so how large it can be and how it begins.

use std::fmt::{self, Display};

/// What a file should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An ELF file, possibly with debug information.
    Elf,
    /// An image, possibly with patches.
    Image,
    /// An image or an ELF file.
    ImageOrElf,
    /// A file for flashing, of any format.
    FlashFile,
    /// A key, or several, as PEM text.
    Key,
    /// A passphrase.
    Passphrase,
    /// A signature.
    Signature,
    /// `lifeboot.toml`.
    Settings,
    /// A device's state, as `lifeboot status --json` prints it.
    Status,
    /// A recording of what a device sent.
    Recording,
}

/// The largest ELF file. The largest firmware of these boards has 0.5 MiB, and debug information is some fifty times
/// as large at most.
const ELF: u64 = 64 << 20;
/// The largest image with its patches, and the largest other file for flashing: eight times the largest flash.
const FLASH: u64 = 16 << 20;
/// The largest text. Keys may stand behind a description of any length.
const TEXT: u64 = 1 << 20;
/// The largest recording. It is kept in memory, and takes up to six times its size there.
const RECORDING: u64 = 32 << 20;

const ELF_MAGIC: &[u8] = b"\x7fELF";
const IMAGE_MAGIC: &[u8] = b"LBIM";

impl Kind {
    /// Returns the largest size of such a file.
    pub fn limit(self) -> u64 {
        match self {
            Kind::Elf | Kind::ImageOrElf => ELF,
            Kind::Image | Kind::FlashFile => FLASH,
            Kind::Recording => RECORDING,
            Kind::Key | Kind::Passphrase | Kind::Signature | Kind::Settings | Kind::Status => TEXT,
        }
    }

    /// Returns the largest size of such a file if it begins with these bytes; `None` if no file of this kind does.
    pub(super) fn limit_of(self, first: &[u8]) -> Option<u64> {
        let limit = match self {
            Kind::Elf => first.starts_with(ELF_MAGIC),
            Kind::Image => first.starts_with(IMAGE_MAGIC),
            Kind::ImageOrElf => first.starts_with(ELF_MAGIC) || first.starts_with(IMAGE_MAGIC),
            Kind::FlashFile if first.starts_with(ELF_MAGIC) => return Some(ELF),
            // Text in any encoding; a null byte begins none of the kinds below.
            Kind::Recording | Kind::Status | Kind::Settings => !first.starts_with(&[0]),
            Kind::FlashFile | Kind::Key | Kind::Passphrase | Kind::Signature => true,
        };
        limit.then_some(self.limit())
    }

    /// Returns what to do about a file that is too large.
    pub(super) fn help(self) -> &'static str {
        match self {
            Kind::Elf | Kind::ImageOrElf => {
                "if it is the right file, take its debug information out: rust-objcopy --strip-debug IN.elf OUT.elf"
            }
            Kind::Recording => "cut it into parts at line ends, each with the first line of the recording",
            _ => "check the name: it is another file",
        }
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Elf => "an ELF file",
            Kind::Image => "an image",
            Kind::ImageOrElf => "an image or an ELF file",
            Kind::FlashFile => "a file for flashing",
            Kind::Key => "a key file",
            Kind::Passphrase => "a passphrase",
            Kind::Signature => "a signature",
            Kind::Settings => "a settings file",
            Kind::Status => "a device's state",
            Kind::Recording => "a recording",
        })
    }
}
