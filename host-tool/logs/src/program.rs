//! A program whose log is to be decoded: the table of its messages, from its ELF file, and the digests that show
//! whether it is the running program.

use crate::error::MonitorError;
use crate::record::{Level, Log, Place, Source};
use defmt_decoder::{Encoding, Frame, Locations, Table};
use lifeboot_artifact::elf::{self, board_of};
use lifeboot_artifact::image_file::Release;
use lifeboot_artifact::{hex, sign};
use lifeboot_core::KeyIds;
use lifeboot_core::Version;
use std::path::Path;

/// Zero bytes that defmt's framing may append to a message (rzCOBS: the rest of a group of seven).
const PADDING: usize = 7;

/// A program with its messages.
pub struct Program {
    name: String,
    table: Table,
    locations: Locations,
    /// The digests of the images that can be made from it; empty if it is not firmware for a board.
    digests: Vec<[u8; 32]>,
}

/// A decoded message of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub time: Option<String>,
    pub level: Option<Level>,
    pub text: String,
    pub place: Option<Place>,
}

impl Message {
    /// Returns the message as part of a record, with its source.
    pub(super) fn by(self, source: Source) -> Log {
        let Message { time, level, text, place } = self;
        Log { source, time, level, message: text, place }
    }
}

impl Program {
    /// Reads the program in an ELF file; `path` names it for people. Returns `None` if the program logs nothing with
    /// defmt.
    ///
    /// # Errors
    /// [`MonitorError::Elf`] or [`MonitorError::Encoding`].
    pub fn read(path: &Path, elf: &[u8]) -> Result<Option<Program>, MonitorError> {
        let program = Program::parse(path, elf)?;
        if program.as_ref().is_some_and(|program| program.table.encoding() != Encoding::Rzcobs) {
            return Err(MonitorError::Encoding { name: path.display().to_string() });
        }
        Ok(program)
    }

    /// Reads a bootloader, as [`read`](Self::read) reads firmware. Its log arrives whole, so it needs no frames.
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
        elf::check(elf).map_err(|error| unreadable(&error))?;
        let Some(table) = Table::parse(elf).map_err(|error| unreadable(&error))? else { return Ok(None) };
        // A program without debug information can still be decoded.
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

    /// Returns the program's name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether it is the program in an image whose digest begins like this; `None` if its digests are unknown.
    pub fn is(&self, digest: &[u8; 16]) -> Option<bool> {
        if self.digests.is_empty() { None } else { Some(self.digests.iter().any(|known| known.starts_with(digest))) }
    }

    /// Returns the first half of its image's digest; `None` if it is not firmware for a board.
    pub fn digest(&self) -> Option<String> {
        self.digests.first().map(|digest| hex(&digest[..16]))
    }

    /// Decodes a defmt frame; `None` unless the whole frame is a message of this program.
    pub(super) fn message(&self, frame: &[u8]) -> Option<Message> {
        let bytes = rzcobs::decode(frame).ok()?;
        let (message, length) = self.table.decode(&bytes).ok()?;
        let rest = bytes.get(length..)?;
        if rest.len() > PADDING || rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        Some(self.read_out(&message))
    }

    /// Decodes a log without frames. Returns the messages, and how many bytes at the end could not be decoded.
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

/// Returns the digests of the images of this program: with relocations, and bound to its slot.
fn digests(elf: &[u8]) -> Vec<[u8; 32]> {
    let Ok(Some(board)) = board_of(elf) else { return Vec::new() };
    // The digest covers payload and table only, so the release does not matter.
    let release =
        Release { version: Version::default(), epoch: 0, lowest_bootloader: 0, schemas: (0, 0), revokes: KeyIds::NONE };
    let digest = |bound| {
        let image = sign::Program::read(elf, board, bound).ok()?.image(release, [0; 4]).ok()?;
        Some(image.header().digest)
    };
    [false, true].into_iter().filter_map(digest).collect()
}
