//! From an ELF file to an image: deterministic for a given program, key and release.
//!
//! [`Program::read`] and [`Program::image`] work in two steps, so that the private key may stay elsewhere; [`sign`]
//! does both at once. [`Program::read_and_prove`] shows that rebasing gives what the linker would have produced.

use crate::elf::{ElfError, Firmware};
use crate::image_file::{ImageError, ImageFile, Release, UnsignedImage, rebased, table_bytes};
use crate::keys::PrivateKey;
use crate::relocations::{self, RelocationError, TableEntry};
use lifeboot_core::rebase::Entry;
use lifeboot_core::{Board, Slot};
use miette::Diagnostic;
use thiserror::Error;

/// How to make an image from a program.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The board that the program is for.
    pub board: &'static Board,
    /// What the signer states about the firmware.
    pub release: Release,
    /// Whether to leave the relocations out: the image then runs only in the slot that the program was linked for.
    pub bound: bool,
}

/// A program that was checked and can become an image.
#[derive(Debug)]
pub struct Program {
    firmware: Firmware,
    table: Vec<TableEntry>,
    proved: bool,
}

/// Why a program cannot become an image.
#[derive(Debug, Error, Diagnostic)]
pub enum SignError {
    /// The ELF file is not firmware for the board.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Elf(#[from] ElfError),
    /// The firmware cannot be rebased.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Relocation(#[from] RelocationError),
    /// The relinked program is another one.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Relinked(#[from] RelinkedError),
    /// The image would be invalid.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Image(#[from] ImageError),
    /// An image for both slots must be linked for slot A.
    #[error("the firmware is linked for slot B, and an image is made from firmware that is linked for slot A")]
    #[diagnostic(help(
        "link it for slot A: its relocations carry it to slot B; or sign with --bound for an image of slot B"
    ))]
    LinkedForSlotB,
}

/// Why a comparison with the relinked program failed.
#[derive(Debug, Error, Diagnostic)]
pub enum RelinkedError {
    /// The relinked ELF file cannot be read.
    #[error("the relinked program cannot be read")]
    #[diagnostic(help("give the ELF file of the same program, linked with the memory.x of the other slot"))]
    Elf(#[from] ElfError),
    /// Both are linked for the same slot.
    #[error("both programs are linked for slot {0}")]
    #[diagnostic(help(
        "link the second one for the other slot, with LIFEBOOT_LINK_SLOT=B in the environment of cargo build"
    ))]
    SameSlot(Slot),
    /// The payloads have different lengths.
    #[error("the payload has {rebased} bytes, the relinked one {relinked}: they are not the same program")]
    #[diagnostic(help(
        "build both from the same sources, in the same folder, with the same compiler and options: only memory.x may differ"
    ))]
    Length {
        /// Size of the rebased payload in bytes.
        rebased: usize,
        /// Size of the relinked payload in bytes.
        relinked: usize,
    },
    /// The payloads differ.
    #[error(
        "rebased and relinked payload differ in {count} bytes, first at {address:#010x} {place}: {rebased:#010x} is not \
         {relinked:#010x}"
    )]
    #[diagnostic(help(
        "an address without a relocation (a linker script's LONG, a checksum, a number made from an address), or another \
         build: only memory.x may differ between the two"
    ))]
    Differs {
        /// Number of bytes that differ.
        count: usize,
        /// Address of the first word that differs, in the slot that the image is linked for.
        address: u32,
        /// Symbol and section of that word.
        place: String,
        /// The word after rebasing.
        rebased: u32,
        /// The word in the relinked program.
        relinked: u32,
    },
}

/// Makes a signed image from the program in an ELF file.
pub fn sign(elf: &[u8], options: &Options, key: &PrivateKey) -> Result<ImageFile, SignError> {
    Program::read(elf, options.board, options.bound)?.sign(options.release, key)
}

fn rebasable(firmware: Firmware, relinked: Option<&Firmware>) -> Result<Program, SignError> {
    if firmware.slot() != Slot::A {
        return Err(SignError::LinkedForSlotB);
    }
    let table = relocations::table(&firmware, relinked)?;
    Ok(Program { firmware, table, proved: false })
}

impl Program {
    /// Reads an ELF file; if `bound` is true, the relocations are left out.
    ///
    /// # Errors
    /// See [`SignError`]. What the linker's records leave open is one.
    pub fn read(elf: &[u8], board: &'static Board, bound: bool) -> Result<Program, SignError> {
        let firmware = Firmware::parse(elf, board)?;
        if bound { Ok(Program { firmware, table: Vec::new(), proved: false }) } else { rebasable(firmware, None) }
    }

    /// Reads an ELF file and proves that rebasing gives what the linker makes for slot B: `relinked` is the ELF file of the same
    /// program, linked for that slot. It also decides what the linker's records leave open.
    ///
    /// # Errors
    /// See [`SignError`].
    pub fn read_and_prove(elf: &[u8], board: &'static Board, relinked: &[u8]) -> Result<Program, SignError> {
        let firmware = Firmware::parse(elf, board)?;
        let relinked = Firmware::parse(relinked, board).map_err(RelinkedError::Elf)?;
        if relinked.slot() == firmware.slot() {
            return Err(RelinkedError::SameSlot(relinked.slot()).into());
        }
        let program = rebasable(firmware, Some(&relinked))?;
        program.compare(&relinked)?;
        Ok(Program { proved: true, ..program })
    }

    /// Makes the image, ready to be signed with the key that has this id.
    pub fn image(&self, release: Release, key_id: [u8; 4]) -> Result<UnsignedImage, ImageError> {
        let payload = self.firmware.payload().to_vec();
        let (board, slot) = (self.firmware.board(), self.firmware.slot());
        let image = UnsignedImage::new(board, slot, payload, &self.entries(), release, key_id)?;
        Ok(if self.proved { image.proved() } else { image })
    }

    /// Makes the image and signs it.
    ///
    /// # Errors
    /// [`SignError::Image`]
    pub fn sign(&self, release: Release, key: &PrivateKey) -> Result<ImageFile, SignError> {
        let image = self.image(release, key.public().id())?;
        let signature = key.sign(&image.bytes_to_sign());
        Ok(image.with_signature(signature)?)
    }

    /// Compares the rebased payload with that of the relinked program.
    fn compare(&self, relinked: &Firmware) -> Result<(), RelinkedError> {
        let board = self.firmware.board();
        let distance = board.distance(self.firmware.slot(), relinked.slot());
        let rebased = rebased(self.firmware.payload().to_vec(), &self.entries(), distance);
        let relinked = relinked.payload();
        if rebased.len() != relinked.len() {
            return Err(RelinkedError::Length { rebased: rebased.len(), relinked: relinked.len() });
        }
        let differing = || (0..rebased.len()).filter(|index| rebased[*index] != relinked[*index]);
        let Some(first) = differing().next() else { return Ok(()) };
        let offset = first & !3;
        let word = |bytes: &[u8]| {
            let bytes = bytes[offset..].iter().take(4).rev();
            bytes.fold(0, |word, byte| word << 8 | u32::from(*byte))
        };
        Err(RelinkedError::Differs {
            count: differing().count(),
            address: self.firmware.room().start + offset as u32,
            place: self.firmware.place_of(first as u32),
            rebased: word(&rebased),
            relinked: word(relinked),
        })
    }

    /// Returns whether a comparison with the relinked program has proved that the image runs in either slot.
    pub fn is_proved(&self) -> bool {
        self.proved
    }

    /// Returns the firmware as it was read.
    pub fn firmware(&self) -> &Firmware {
        &self.firmware
    }

    /// Returns the relocation table's entries and their origins.
    pub fn table(&self) -> &[TableEntry] {
        &self.table
    }

    /// Returns the size of the relocation table in bytes.
    pub fn table_length(&self) -> Result<usize, ImageError> {
        Ok(table_bytes(&self.entries())?.len())
    }

    fn entries(&self) -> Vec<Entry> {
        self.table.iter().map(|row| row.entry).collect()
    }
}
