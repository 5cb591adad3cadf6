//! `lifeboot diff`: what changed from one image to the next.

use crate::table::line;
use lifeboot_artifact::difference;
use lifeboot_client::push::Estimate;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// Most changed sections or symbols that the text shows; a program gets all.
const SHOWN: usize = 20;

/// What changed from one image to another.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Difference {
    /// The old image's file.
    pub old: String,
    /// The new image's file.
    pub new: String,
    /// Whether the two images are identical, including the signature.
    pub identical: bool,
    /// The header fields that differ.
    pub header: Vec<ChangedField>,
    /// Number of payload bytes that differ, including those that only one image has.
    pub payload_bytes: usize,
    /// The cost of pushing the new image to a slot that holds the old one.
    pub transfer: Transfer,
    /// How the relocation tables differ.
    pub relocations: RelocationChanges,
    /// Sections and symbols whose sizes changed; `null` without the ELF files.
    pub sizes: Option<SizeChanges>,
}

/// A field of the header that changed.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ChangedField {
    /// The field's name, as `lifeboot inspect` shows it.
    pub field: &'static str,
    /// The old value.
    pub old: String,
    /// The new value.
    pub new: String,
}

/// The cost of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Transfer {
    /// Erase units that differ, and so are rewritten.
    pub units_written: u32,
    /// Erase units that the new image occupies.
    pub units: u32,
    /// Size of an erase unit in bytes; `null` if they differ in size.
    pub unit: Option<u32>,
    /// Bytes to send.
    pub bytes_sent: u32,
    /// Bytes that need not be sent.
    pub bytes_skipped: u32,
    /// Size in bytes of the patch from the old image, which can be sent instead to a device that runs the old image.
    pub patch: usize,
}

/// How the relocation tables differ, compared by place in the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SizeChanges {
    /// The sections that are loaded into flash.
    pub sections: Vec<SizeChange>,
    /// The symbols in them.
    pub symbols: Vec<SizeChange>,
}

/// A section or symbol whose size changed.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SizeChange {
    /// Its name.
    pub name: String,
    /// Old size in bytes; 0 if it did not exist.
    pub old: u32,
    /// New size in bytes; 0 if it no longer exists.
    pub new: u32,
}

impl Difference {
    /// Compares the images in two files, and estimates a push with erase units of `unit` bytes, `None` if they differ; `patch` is the length
    /// of the patch between them.
    pub fn new(
        (old, new): (String, String),
        difference: difference::Difference,
        Estimate { sent, skipped, erased, units }: Estimate,
        unit: Option<u32>,
        patch: usize,
    ) -> Difference {
        let difference::Difference { is_identical, header, payload_bytes, relocations } = difference;
        Difference {
            old,
            new,
            identical: is_identical,
            header: header.into_iter().map(ChangedField::from).collect(),
            payload_bytes,
            transfer: Transfer { units_written: erased, units, unit, bytes_sent: sent, bytes_skipped: skipped, patch },
            relocations: relocations.into(),
            sizes: None,
        }
    }
}

impl From<difference::ChangedField> for ChangedField {
    fn from(difference::ChangedField { field, old, new }: difference::ChangedField) -> Self {
        ChangedField { field, old, new }
    }
}

impl From<difference::RelocationChanges> for RelocationChanges {
    fn from(changes: difference::RelocationChanges) -> Self {
        let difference::RelocationChanges { old, new, added, removed } = changes;
        RelocationChanges { old, new, added, removed }
    }
}

impl From<difference::SizeChanges> for SizeChanges {
    fn from(difference::SizeChanges { sections, symbols }: difference::SizeChanges) -> Self {
        let all = |changes: Vec<difference::SizeChange>| changes.into_iter().map(SizeChange::from).collect();
        SizeChanges { sections: all(sections), symbols: all(symbols) }
    }
}

impl From<difference::SizeChange> for SizeChange {
    fn from(difference::SizeChange { name, old, new }: difference::SizeChange) -> Self {
        SizeChange { name, old, new }
    }
}

impl SizeChange {
    /// Returns the growth in bytes, negative if it shrank.
    pub fn change(&self) -> i64 {
        i64::from(self.new) - i64::from(self.old)
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.identical {
            return write!(f, "{} and {} are the same image", self.old, self.new);
        }
        for (index, ChangedField { field, old, new }) in self.header.iter().enumerate() {
            line(f, index == 0, field, format_args!("{old} -> {new}"))?;
        }
        line(f, self.header.is_empty(), "bytes", format_args!("{} of the payload differ", self.payload_bytes))?;
        let Transfer { units_written, units, unit, bytes_sent, bytes_skipped, patch } = self.transfer;
        let each = unit.map(|unit| format!(", of {unit} bytes each")).unwrap_or_default();
        line(f, false, "units", format_args!("{units_written} of {units} differ{each}"))?;
        line(
            f,
            false,
            "to send",
            format_args!("{bytes_sent} bytes to a slot with the old one; {bytes_skipped} are there"),
        )?;
        line(f, false, "as a patch", format_args!("{patch} bytes to a device that runs the old one"))?;
        let RelocationChanges { old, new, added, removed } = self.relocations;
        line(f, false, "relocations", format_args!("{old} -> {new}: {added} added, {removed} removed, by place"))?;
        self.sizes.iter().try_for_each(|sizes| write!(f, "\n{sizes}"))
    }
}

impl Display for SizeChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        changes(f, "sections", &self.sections)?;
        f.write_str("\n")?;
        changes(f, "symbols", &self.symbols)
    }
}

fn changes(f: &mut fmt::Formatter<'_>, name: &str, changes: &[SizeChange]) -> fmt::Result {
    let sum: i64 = changes.iter().map(SizeChange::change).sum();
    line(f, true, name, format_args!("{} changed, {sum:+} bytes", changes.len()))?;
    for change in changes.iter().take(SHOWN) {
        write!(f, "\n{:>12} {:>7} -> {:<7} {}", format!("{:+}", change.change()), change.old, change.new, change.name)?;
    }
    match changes.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => write!(f, "\n{:>12} more: see --json", more),
    }
}
