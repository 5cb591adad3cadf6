//! Reports on the first flash: `provision`, `flash`.

use lifeboot_artifact::flash_file::{ERASED, Format, Segment};
use lifeboot_artifact::provision::FirstFlash;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// `lifeboot provision`: a file for the first flash was written.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Provisioned {
    /// The file that was written.
    pub file: String,
    /// Its format: `ELF`, `Intel HEX`, `binary` or `UF2`.
    pub format: String,
    /// The board that the file is for.
    pub board: String,
    /// The first firmware's version.
    pub version: String,
    /// Whether the bootloader holds a demo's throw-away key.
    pub demo_key: bool,
    /// What the file holds, by address.
    pub parts: Vec<FlashPart>,
}

/// A part of the first flash.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FlashPart {
    /// Its name: `bootloader`, `journal`, `slot_a` or `slot_b`.
    pub name: String,
    /// Its address.
    pub address: u32,
    /// Size in bytes.
    pub length: usize,
    /// Whether all bytes are erased.
    pub blank: bool,
}

impl Provisioned {
    /// Makes the report on writing `file`.
    pub fn new(file: String, format: Format, first: &FirstFlash) -> Provisioned {
        let part = |(name, segment): (&str, Segment)| FlashPart {
            name: name.to_owned(),
            address: segment.address,
            length: segment.bytes.len(),
            blank: segment.bytes.iter().all(|byte| *byte == ERASED),
        };
        Provisioned {
            file,
            format: format.to_string(),
            board: first.board().name.to_owned(),
            version: first.image().header().version.to_string(),
            demo_key: first.bootloader().info().demo_key(),
            parts: first.parts_in(format).into_iter().map(part).collect(),
        }
    }
}

impl Display for Provisioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Provisioned { file, format, board, version, parts, .. } = self;
        write!(f, "provisioned {file}: {board} {version}, {format}")?;
        for FlashPart { name, address, length, blank } in parts {
            let blank = if *blank { ", blank" } else { "" };
            write!(f, "\n  {address:#010x} {length:>7} bytes  {name}{blank}")?;
        }
        Ok(())
    }
}

/// `lifeboot flash`: a board was flashed.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Flashed {
    /// The board.
    pub board: String,
    /// The version of the firmware in slot A.
    pub version: String,
    /// Whether the bootloader holds a demo's throw-away key.
    pub demo_key: bool,
}

impl From<&FirstFlash> for Flashed {
    fn from(first: &FirstFlash) -> Self {
        Flashed {
            board: first.board().name.to_owned(),
            version: first.image().header().version.to_string(),
            demo_key: first.bootloader().info().demo_key(),
        }
    }
}

impl Display for Flashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "flashed {}: {} starts in slot A", self.board, self.version)
    }
}
