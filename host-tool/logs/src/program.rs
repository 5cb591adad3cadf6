//! A program whose log is to be read: the table of its messages, from its ELF file, and what shows whether it is the
//! program that runs.

use crate::error::MonitorError;
use crate::record::{Level, Log, Place, Source};
use defmt_decoder::{Encoding, Frame, Locations, Table};
use lifeboot_artifact::elf::board_of;
use lifeboot_artifact::image_file::Release;
use lifeboot_artifact::{hex, sign};
use lifeboot_core::Version;
use lifeboot_core::image::Revokes;
use std::path::Path;

/// Bytes of zeros that defmt's framing may add to a message (rzCOBS: what is left of a group of seven).
const PADDING: usize = 7;

/// A program's messages.
pub struct Program {
    name: String,
    table: Table,
    locations: Locations,
    /// Those of the images that can be made of it; none if it is no firmware of a board.
    digests: Vec<[u8; 32]>,
}

/// A message of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub time: Option<String>,
    pub level: Option<Level>,
    pub text: String,
    pub place: Option<Place>,
}

impl Message {
    /// The record's part that it makes.
    pub(super) fn by(self, source: Source) -> Log {
        let Message { time, level, text, place } = self;
        Log { source, time, level, message: text, place }
    }
}

impl Program {
    /// Reads the program in an ELF file; `path` is what people know it by. `None` if it logs nothing with defmt.
    ///
    /// # Errors
    /// [`MonitorError::Elf`] and [`MonitorError::Encoding`].
    pub fn read(path: &Path, elf: &[u8]) -> Result<Option<Program>, MonitorError> {
        let program = Program::parse(path, elf)?;
        if program.as_ref().is_some_and(|program| program.table.encoding() != Encoding::Rzcobs) {
            return Err(MonitorError::Encoding { name: path.display().to_string() });
        }
        Ok(program)
    }

    /// Reads a bootloader, as [`read`](Self::read) does firmware: its log comes whole, so it needs no frames.
    ///
    /// # Errors
    /// [`MonitorError::Elf`]
    pub fn read_bootloader(path: &Path, elf: &[u8]) -> Result<Option<Program>, MonitorError> {
        Program::parse(path, elf)
    }

    fn parse(path: &Path, elf: &[u8]) -> Result<Option<Program>, MonitorError> {
        let name = path.display().to_string();
        let unreadable =
            |error: &dyn std::fmt::Display| MonitorError::Elf { name: name.clone(), why: error.to_string() };
        let Some(table) = Table::parse(elf).map_err(|error| unreadable(&error))? else { return Ok(None) };
        // A program without debug information still has messages.
        let mut locations = table.get_locations(elf).unwrap_or_default();
        if let Ok(here) = std::env::current_dir() {
            for location in locations.values_mut() {
                if let Ok(inside) = location.file.strip_prefix(&here) {
                    location.file = inside.to_owned();
                }
            }
        }
        Ok(Some(Program { digests: digests(elf), name, table, locations }))
    }

    /// What people know it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the program in an image whose digest begins like this; `None` if that is not known.
    pub fn is(&self, digest: &[u8; 16]) -> Option<bool> {
        if self.digests.is_empty() { None } else { Some(self.digests.iter().any(|known| known.starts_with(digest))) }
    }

    /// The first digits of its image's digest, where it is firmware of a board.
    pub fn digest(&self) -> Option<String> {
        self.digests.first().map(|digest| hex(&digest[..16]))
    }

    /// The message in a frame of defmt's; `None` if it is not one of this program's, to the last byte.
    pub(super) fn message(&self, frame: &[u8]) -> Option<Message> {
        let bytes = rzcobs::decode(frame).ok()?;
        let (message, length) = self.table.decode(&bytes).ok()?;
        let rest = bytes.get(length..)?;
        if rest.len() > PADDING || rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        Some(self.read_out(&message))
    }

    /// The messages in a log without frames, and how many bytes at its end are none of this program's.
    pub(super) fn messages(&self, log: &[u8]) -> (Vec<Message>, usize) {
        let (mut messages, mut rest) = (Vec::new(), log);
        while let Ok((message, length)) = self.table.decode(rest) {
            messages.push(self.read_out(&message));
            rest = rest.get(length.max(1)..).unwrap_or_default();
        }
        (messages, rest.len())
    }

    fn read_out(&self, message: &Frame) -> Message {
        let place = |location: &defmt_decoder::Location| Place {
            file: location.file.display().to_string(),
            line: location.line,
            module: location.module.clone(),
        };
        Message {
            time: message.display_timestamp().map(|time| time.to_string()),
            level: message.level().and_then(|level| Level::named(level.as_str())),
            text: message.display_message().to_string(),
            place: self.locations.get(&message.index()).map(place),
        }
    }
}

/// The digests that images of this program carry: as it is rebased, and bound to its slot.
fn digests(elf: &[u8]) -> Vec<[u8; 32]> {
    let Ok(Some(board)) = board_of(elf) else { return Vec::new() };
    // A digest is over payload and table; what the signer says of them is not in it.
    let release = Release {
        version: Version::default(),
        epoch: 0,
        lowest_bootloader: 0,
        schemas: (0, 0),
        revokes: Revokes::NONE,
    };
    let digest = |bound| {
        let image = sign::Program::read(elf, board, bound).ok()?.image(release, [0; 4]).ok()?;
        Some(image.header().digest)
    };
    [false, true].into_iter().filter_map(digest).collect()
}
