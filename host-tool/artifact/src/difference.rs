//! What changed from one image to the next, for reviewing a release.

use crate::elf::{ElfError, Firmware, SymbolSection};
use crate::hex::hex;
use crate::image_file::{ImageError, ImageFile};
use lifeboot_core::image::Header;
use miette::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Most bytes of a symbol's name that are shown.
const LONGEST_NAME: usize = 1024;

/// What changed from one image to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whether the two images are identical, including the signature.
    pub is_identical: bool,
    /// The header fields that differ.
    pub header: Vec<ChangedField>,
    /// Number of payload bytes that differ, including those that only one image has.
    pub payload_bytes: usize,
    /// How the relocation tables differ.
    pub relocations: RelocationChanges,
}

/// A field of the header that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedField {
    /// The field's name, as shown to people.
    pub field: &'static str,
    /// The old value.
    pub old: String,
    /// The new value.
    pub new: String,
}

/// How the relocation tables differ, compared by place in the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelocationChanges {
    /// Number of entries in the old image.
    pub old: usize,
    /// Number of entries in the new image.
    pub new: usize,
    /// Number of entries that only the new image has.
    pub added: usize,
    /// Number of entries that only the old image has.
    pub removed: usize,
}

/// Sections and symbols whose sizes changed, the largest change first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeChanges {
    /// The sections that are loaded into flash.
    pub sections: Vec<SizeChange>,
    /// The symbols in them.
    pub symbols: Vec<SizeChange>,
}

/// A section or symbol whose size changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeChange {
    /// Its name.
    pub name: String,
    /// Old size in bytes; 0 if it did not exist.
    pub old: u32,
    /// New size in bytes; 0 if it no longer exists.
    pub new: u32,
}

impl SizeChange {
    /// Returns the growth in bytes, negative if it shrank.
    pub fn change(&self) -> i64 {
        i64::from(self.new) - i64::from(self.old)
    }
}

/// Why two images cannot be compared.
#[derive(Debug, Error, Diagnostic)]
pub enum DifferenceError {
    /// The images are for different boards.
    #[error("the old image is for board {old}, the new one for {new}: there is nothing to compare")]
    #[diagnostic(help("give two images of the same board"))]
    Boards {
        /// The old image's board.
        old: &'static str,
        /// The new image's board.
        new: &'static str,
    },
    /// One of the files is not an image.
    #[error("{}: {error}", .path.display())]
    #[diagnostic(help("{}", error.help().map_or(String::new(), |help| help.to_string())))]
    Image {
        /// Name of that file.
        path: PathBuf,
        /// What is wrong with it.
        error: ImageError,
    },
    /// One of the ELF files cannot be read.
    #[error("{}: {error}", .path.display())]
    #[diagnostic(help("{}", error.help().map_or(String::new(), |help| help.to_string())))]
    Elf {
        /// Name of that file.
        path: PathBuf,
        /// What is wrong with it.
        error: ElfError,
    },
    /// An ELF file belongs to another build than its image.
    #[error("{} is not the program in {}", .elf.display(), .image.display())]
    #[diagnostic(help(
        "give the ELF file that this image was signed from: its payload must be the same, byte for byte"
    ))]
    OtherProgram {
        /// Name of the ELF file.
        elf: PathBuf,
        /// Name of the image's file.
        image: PathBuf,
    },
}

/// Reads one of the two images.
///
/// # Errors
/// [`DifferenceError`], naming the file, if it is not an image.
pub fn image(path: &Path, bytes: &[u8]) -> Result<ImageFile, DifferenceError> {
    ImageFile::from_bytes(bytes).map_err(|error| DifferenceError::Image { path: path.to_owned(), error })
}

/// Compares two images.
///
/// # Errors
/// [`DifferenceError`] if they are for different boards.
pub fn difference(old: &ImageFile, new: &ImageFile) -> Result<Difference, DifferenceError> {
    if old.board().name != new.board().name {
        return Err(DifferenceError::Boards { old: old.board().name, new: new.board().name });
    }
    Ok(Difference {
        is_identical: old.image_bytes() == new.image_bytes(),
        header: header(old, new),
        payload_bytes: bytes(old.payload(), new.payload()),
        relocations: relocations(old, new),
    })
}

/// Returns the sections and symbols whose sizes changed between the ELF files of two images.
pub fn sizes(old: &Firmware, new: &Firmware) -> SizeChanges {
    SizeChanges { sections: changes(sections(old), sections(new)), symbols: changes(symbols(old), symbols(new)) }
}

/// Reads the ELF file that an image was made from.
///
/// # Errors
/// [`DifferenceError`] if the file cannot be read, or belongs to another program.
pub fn program_of(elf: (&Path, &[u8]), image: (&Path, &ImageFile)) -> Result<Firmware, DifferenceError> {
    let ((path, bytes), (image_path, image)) = (elf, image);
    let firmware = Firmware::parse(bytes, image.board());
    let firmware = firmware.map_err(|error| DifferenceError::Elf { path: path.to_owned(), error })?;
    if firmware.payload() != image.payload() {
        return Err(DifferenceError::OtherProgram { elf: path.to_owned(), image: image_path.to_owned() });
    }
    Ok(firmware)
}

fn header(old: &ImageFile, new: &ImageFile) -> Vec<ChangedField> {
    let fields = |image: &ImageFile| {
        let header = image.header();
        [
            ("version", header.version.to_string()),
            ("epoch", header.epoch.to_string()),
            ("bootloader", format!("format {} or newer", header.lowest_bootloader)),
            ("schemas", format!("{} to {}", header.schemas.0, header.schemas.1)),
            ("linked for", format!("slot {}", image.linked_for())),
            ("payload", format!("{} bytes", header.payload_length)),
            ("digest", hex(&header.digest)),
            ("key", hex(&header.key_id)),
            ("revokes", revokes(header)),
        ]
    };
    let pairs = fields(old).into_iter().zip(fields(new));
    let changed = pairs.filter(|((_, old), (_, new))| old != new);
    changed.map(|((field, old), (_, new))| ChangedField { field, old, new }).collect()
}

fn revokes(header: &Header) -> String {
    let ids: Vec<String> = header.revokes.ids().map(|id| hex(&id)).collect();
    if ids.is_empty() { "no key".to_owned() } else { ids.join(", ") }
}

fn bytes(old: &[u8], new: &[u8]) -> usize {
    old.iter().zip(new).filter(|(old, new)| old != new).count() + old.len().abs_diff(new.len())
}

fn relocations(old: &ImageFile, new: &ImageFile) -> RelocationChanges {
    let places = |image: &ImageFile| -> BTreeSet<(u32, u32)> {
        image.entries().iter().map(|entry| (entry.offset, entry.end())).collect()
    };
    let (old, new) = (places(old), places(new));
    RelocationChanges {
        old: old.len(),
        new: new.len(),
        added: new.difference(&old).count(),
        removed: old.difference(&new).count(),
    }
}

fn sections(firmware: &Firmware) -> BTreeMap<String, u32> {
    let loaded = firmware.sections().iter().filter(|section| section.payload_offset.is_some());
    loaded.map(|section| (section.name.clone(), section.length)).collect()
}

/// Adds up sizes by name, without the compiler's hash, which changes with each build.
fn symbols(firmware: &Firmware) -> BTreeMap<String, u32> {
    let mut sizes = BTreeMap::new();
    // Aliases of one symbol count once.
    let mut seen = BTreeSet::new();
    for symbol in firmware.symbols() {
        let SymbolSection::Section(section) = symbol.section else { continue };
        let is_loaded = firmware.sections().get(section).is_some_and(|section| section.payload_offset.is_some());
        if is_loaded && symbol.length > 0 && seen.insert((section, symbol.value, symbol.length)) {
            let size: &mut u32 = sizes.entry(demangled(&symbol.name)).or_default();
            *size = size.saturating_add(symbol.length);
        }
    }
    sizes
}

/// Returns a symbol's name as people write it, cut off where it gets too long to read: a short symbol can have a name of
/// a megabyte.
fn demangled(symbol: &str) -> String {
    let mut name = Bounded(String::new());
    // An error only says that the name was cut off.
    let _ = write!(name, "{:#}", rustc_demangle::demangle(symbol));
    name.0
}

struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST_NAME - self.0.len();
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
        if text.len() > room { Err(fmt::Error) } else { Ok(()) }
    }
}

fn changes(mut old: BTreeMap<String, u32>, new: BTreeMap<String, u32>) -> Vec<SizeChange> {
    let mut changes: Vec<SizeChange> =
        new.into_iter().map(|(name, new)| SizeChange { old: old.remove(&name).unwrap_or(0), name, new }).collect();
    changes.extend(old.into_iter().map(|(name, old)| SizeChange { name, old, new: 0 }));
    changes.retain(|change| change.old != change.new);
    changes.sort_by_key(|change| (std::cmp::Reverse(change.change().abs()), change.name.clone()));
    changes
}
