//! Reports on keys and images: `keygen`, `sign`, `inspect`.

use crate::admission::Admission;
use crate::patches::PatchReport;
use crate::slot_name::SlotName;
use crate::slot_use::SlotUse;
use crate::table::line;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_core::Slot;
use lifeboot_core::rebase::{Entry, Kind};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// `lifeboot keygen`: a new key.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Keygen {
    /// The private key's file.
    pub private_key: String,
    /// The public key's file.
    pub public_key: String,
    /// The key's id, 8 hexadecimal digits.
    pub key_id: String,
    /// Whether the key is a demo's throw-away key.
    pub demo_key: bool,
}

impl Display for Keygen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, true, "private key", &self.private_key)?;
        line(f, false, "public key", &self.public_key)?;
        line(f, false, "key id", &self.key_id)?;
        if self.demo_key {
            f.write_str("\nThis is a demo's throw-away key: it protects nothing.")?;
        }
        Ok(())
    }
}

/// `lifeboot sign`: an image was written.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SignedImage {
    /// The image's file.
    pub image: String,
    /// The file with the image in SWUpdate's container; `null` if none was wanted.
    pub container: Option<String>,
    /// The board that the image is for.
    pub board: String,
    /// The firmware's version.
    pub version: String,
    /// The `Cargo.toml` that the version comes from; `null` if the version was given.
    pub version_from: Option<String>,
    /// The epoch, which is the security counter.
    pub epoch: u32,
    /// The id of the key that signed the image.
    pub key_id: String,
    /// The ids of the keys that confirming the image revokes.
    pub revokes: Vec<String>,
    /// Whether the signing key is a demo's throw-away key.
    pub demo_key: bool,
    /// SHA-256 of payload and relocation table, 64 hexadecimal digits.
    pub digest: String,
    /// How much of a slot the image occupies.
    pub slot: SlotUse,
    /// Whether the image runs only in the slot that it is linked for.
    pub bound: bool,
    /// The proof by comparison with a relinked program; `null` if it was not requested.
    pub proved: Option<Proved>,
    /// The patches in the image's file.
    pub patches: Vec<PatchReport>,
}

impl Display for SignedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SignedImage { image, board, version, version_from, epoch, key_id, digest, slot, proved, revokes, .. } =
            self;
        proved.iter().try_for_each(|proved| writeln!(f, "{proved}"))?;
        write!(f, "signed {image}: {board} {version}")?;
        version_from.iter().try_for_each(|manifest| write!(f, " (of {manifest})"))?;
        write!(f, ", epoch {epoch}\nkey {key_id}, digest {digest}\nslot: {slot}")?;
        self.patches.iter().try_for_each(|patch| write!(f, "\npatch {patch}"))?;
        self.container.iter().try_for_each(|container| write!(f, "\ncontainer {container}"))?;
        if proved.is_none() && !self.bound {
            f.write_str("\nnot proved: --prove compares it with the firmware linked for slot B")?;
        }
        revoking(f, revokes)
    }
}

/// `lifeboot sign --external-bytes`: the bytes to sign were written.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ToSign {
    /// The file with the bytes to sign.
    pub bytes_to_sign: String,
    /// The ids of the keys that confirming the image revokes.
    pub revokes: Vec<String>,
    /// The proof by comparison with a relinked program; `null` if it was not requested.
    pub proved: Option<Proved>,
}

impl Display for ToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ToSign { bytes_to_sign, revokes, proved } = self;
        proved.iter().try_for_each(|proved| writeln!(f, "{proved}"))?;
        write!(
            f,
            "wrote {bytes_to_sign}: sign these bytes, and come back with --signature instead of --external-bytes"
        )?;
        revoking(f, revokes)
    }
}

/// Explains what revoking means, if the image revokes keys.
fn revoking(f: &mut fmt::Formatter<'_>, ids: &[String]) -> fmt::Result {
    if ids.is_empty() {
        return Ok(());
    }
    let ids = ids.join(", ");
    write!(
        f,
        "\nrevokes {ids}: a device that confirms this image never again takes what is signed so; nothing undoes it"
    )
}

/// A proof that rebasing gives what the linker would have produced.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Proved {
    /// Number of relocations that were applied.
    pub relocations: usize,
    /// Number of bytes that were compared and are equal.
    pub bytes: usize,
    /// The ELF file that the image was compared with.
    pub relinked: String,
}

impl Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Proved { relocations, bytes, relinked } = self;
        write!(f, "proved: with {relocations} relocations all {bytes} bytes are those of {relinked}")
    }
}

/// `lifeboot inspect`: an image's header and table. Whether its signature matches a key is for the caller to add.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Inspected {
    /// The header's format.
    pub format: u16,
    /// The slots that the image can run in.
    pub slots: Vec<SlotName>,
    /// The board that the image is for.
    pub board: String,
    /// The firmware's version.
    pub version: String,
    /// The epoch, which is the security counter.
    pub epoch: u32,
    /// The lowest bootloader format that the firmware works with.
    pub lowest_bootloader: u16,
    /// The storage schemas that the firmware works with.
    pub schemas: Schemas,
    /// The slot that the firmware was linked for.
    pub linked_for: SlotName,
    /// The payload's address in that slot.
    pub payload_address: u32,
    /// Size of the payload in bytes.
    pub payload_length: u32,
    /// What is rebased.
    pub relocations: Relocations,
    /// Whether the signer has compared the rebased firmware with the relinked one.
    pub proved: bool,
    /// How much of a slot the image occupies.
    pub slot: SlotUse,
    /// SHA-256 of payload and relocation table, 64 hexadecimal digits.
    pub digest: String,
    /// The id of the key that signed the image, according to the header.
    pub key_id: String,
    /// The ids of the keys that confirming the image revokes.
    pub revokes: Vec<String>,
    /// The patches in the image's file.
    pub patches: Vec<PatchReport>,
    /// The file of the public key that verified the signature; `null` if none was given.
    pub signature_fits: Option<String>,
    /// Whether a device would accept the image; `null` if no device was named.
    pub admission: Option<Admission>,
}

/// A range of storage schemas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Schemas {
    /// The lowest schema.
    pub lowest: u16,
    /// The highest schema.
    pub highest: u16,
}

/// What is rebased in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Relocations {
    /// Number of words that hold an address.
    pub words: usize,
    /// Number of upper halves of addresses in instructions.
    pub upper_halves: usize,
    /// Size of the relocation table in bytes.
    pub table_length: usize,
}

impl Relocations {
    /// Counts the entries of a table; `table_length` is its length in bytes.
    pub fn new(entries: &[Entry], table_length: usize) -> Relocations {
        let upper_halves = entries.iter().filter(|entry| entry.kind == Kind::UpperHalf).count();
        Relocations { words: entries.len() - upper_halves, upper_halves, table_length }
    }
}

impl Display for Relocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Relocations { words, upper_halves, table_length } = self;
        match words + upper_halves {
            0 => f.write_str("none"),
            count => write!(f, "{count} in {table_length} bytes ({words} words, {upper_halves} upper halves)"),
        }
    }
}

impl From<&ImageFile> for Inspected {
    fn from(image: &ImageFile) -> Self {
        let header = image.header();
        let slots = if image.is_bound() { vec![image.linked_for()] } else { vec![Slot::A, Slot::B] };
        Inspected {
            format: lifeboot_core::image::FORMAT,
            slots: slots.into_iter().map(SlotName::from).collect(),
            board: image.board().name.to_owned(),
            version: header.version.to_string(),
            epoch: header.epoch,
            lowest_bootloader: header.lowest_bootloader,
            schemas: Schemas { lowest: header.schemas.0, highest: header.schemas.1 },
            linked_for: image.linked_for().into(),
            payload_address: header.link_address,
            payload_length: header.payload_length,
            relocations: Relocations::new(&image.entries(), image.table().len()),
            proved: image.is_proved(),
            slot: SlotUse::new(image.board(), header.image_length().unwrap_or_default()),
            digest: hex(&header.digest),
            key_id: hex(&header.key_id),
            revokes: header.revokes.ids().map(|id| hex(&id)).collect(),
            patches: PatchReport::of(image),
            signature_fits: None,
            admission: None,
        }
    }
}

impl Inspected {
    /// Returns the lines about the image, without the one about its signature.
    pub fn header_lines(&self) -> impl Display {
        struct Lines<'a>(&'a Inspected);
        impl Display for Lines<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.header(f)
            }
        }
        Lines(self)
    }

    fn header(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = match self.slots.as_slice() {
            [only] => format!("{only} only"),
            _ => "A and B".to_owned(),
        };
        line(f, true, "image", format_args!("format {}, for slot {slots}", self.format))?;
        line(f, false, "board", &self.board)?;
        line(f, false, "version", &self.version)?;
        line(f, false, "epoch", self.epoch)?;
        line(f, false, "bootloader", format_args!("format {} or newer", self.lowest_bootloader))?;
        line(f, false, "schemas", format_args!("{} to {}", self.schemas.lowest, self.schemas.highest))?;
        let address = self.payload_address;
        line(f, false, "linked for", format_args!("slot {}, payload at {address:#010x}", self.linked_for))?;
        line(f, false, "payload", format_args!("{} bytes", self.payload_length))?;
        line(f, false, "relocations", self.relocations)?;
        if self.slots.len() > 1 {
            line(f, false, "proved", if self.proved { "as what the linker makes for slot B" } else { "no" })?;
        }
        line(f, false, "slot", self.slot)?;
        line(f, false, "digest", &self.digest)?;
        line(f, false, "key", &self.key_id)?;
        self.patches.iter().try_for_each(|patch| line(f, false, "patch", patch))?;
        if self.revokes.is_empty() {
            return Ok(());
        }
        line(f, false, "revokes", format_args!("{} irreversibly, once it is confirmed", self.revokes.join(", ")))
    }
}

impl Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.header(f)?;
        match &self.signature_fits {
            Some(path) => line(f, false, "signature", format_args!("fits {path}"))?,
            None => line(f, false, "signature", "not checked: give the public key with --key")?,
        }
        self.admission.iter().try_for_each(|admission| write!(f, "\n{admission}"))
    }
}
