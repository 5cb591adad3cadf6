//! Decides whether to send a patch instead of the image, and which one.

use super::plan::Segment;
use crate::state::running_content;
use lifeboot_artifact::image_file::{ImageFile, Patch};
use lifeboot_core::Version;
use lifeboot_wire::{Refusal, SlotContent, Status, WIRE_OF_PATCHES};
use std::fmt::{self, Display};

/// Cost of erasing and writing one byte that is already in the slot, as a fraction (one part in this many) of a byte on
/// the line. By the data sheets and at 115,200 bits a second a byte in flash takes a third of one on the line (nRF51),
/// a seventh (STM32F405), a twentieth (RP2040).
const FLASH_PARTS: u32 = 4;

/// What happened with the image's patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchUse {
    /// A patch is sent.
    Sent {
        /// The version that the patch was made from, which runs.
        from: Version,
        /// Size of the patch in bytes.
        bytes: u32,
        /// Bytes that would be sent without it.
        whole: u32,
    },
    /// No patch was made from the running image.
    OtherRuns(Version),
    /// The patch from the running image was damaged in its file.
    Damaged(Version),
    /// The device does not support patches.
    Unknown,
    /// Sending the image takes less, because of what the slot already holds.
    Dearer {
        /// Size of the patch in bytes.
        bytes: u32,
        /// Bytes that are sent without it.
        whole: u32,
    },
    /// The device refused the patch.
    Refused(Refusal),
}

/// Returns the patch to send and how many bytes it saves, or why none is sent. `None` if there is no patch to choose
/// from.
pub(super) fn choose<'a>(
    image: &'a ImageFile,
    status: &Status,
    planned: &[(u32, &[Segment])],
) -> Option<Result<(&'a Patch, PatchUse), PatchUse>> {
    // A bootloader in recovery mode runs no image that a patch could be made from.
    if image.patches().is_empty() || status.recovery.is_some() {
        return None;
    }
    Some(fitting(image, status).and_then(|patch| {
        let (sent, skipped) = amounts(planned);
        let bytes = patch.bytes().len() as u32;
        if bytes + skipped / FLASH_PARTS >= sent {
            return Err(PatchUse::Dearer { bytes, whole: sent });
        }
        Ok((patch, PatchUse::Sent { from: patch.from(), bytes, whole: sent }))
    }))
}

fn fitting<'a>(image: &'a ImageFile, status: &Status) -> Result<&'a Patch, PatchUse> {
    let SlotContent::Image { version, digest, .. } = running_content(status) else {
        return Err(PatchUse::OtherRuns(Version::default()));
    };
    let version = version.into();
    let mut fitting = image.patches().iter().filter(|patch| patch.digest().starts_with(&digest));
    let patch = fitting.next().ok_or(PatchUse::OtherRuns(version))?;
    if !patch.is_whole() {
        return Err(PatchUse::Damaged(version));
    }
    if status.wire < WIRE_OF_PATCHES {
        return Err(PatchUse::Unknown);
    }
    Ok(patch)
}

/// Returns the bytes that a plan sends and that it skips.
fn amounts(planned: &[(u32, &[Segment])]) -> (u32, u32) {
    let (mut sent, mut skipped) = (0, 0);
    for (start, segments) in planned {
        let mut from = *start;
        for segment in *segments {
            let (Segment::Skip(to) | Segment::Send(to)) = *segment;
            let amount = if matches!(segment, Segment::Skip(_)) { &mut skipped } else { &mut sent };
            *amount += to - from;
            from = to;
        }
    }
    (sent, skipped)
}

impl Display for PatchUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatchUse::Sent { from, bytes, whole } => {
                return write!(f, "sending a patch from {from}, which runs: {bytes} bytes instead of {whole}");
            }
            PatchUse::OtherRuns(version) => write!(f, "no patch is from the {version} that runs")?,
            PatchUse::Damaged(version) => write!(f, "the patch from {version} is damaged in its file")?,
            PatchUse::Unknown => f.write_str("the firmware that runs knows no patches")?,
            PatchUse::Dearer { bytes, whole } => write!(
                f,
                "the patch has {bytes} bytes, and with what the slot holds already only {whole} of the image are missing"
            )?,
            PatchUse::Refused(Refusal::Command) => f.write_str("the firmware that runs takes no patches")?,
            PatchUse::Refused(Refusal::OtherImage) => f.write_str("the patch is not from the image that runs")?,
            PatchUse::Refused(_) => f.write_str("the patch did not make the image")?,
        }
        f.write_str(": sending the image itself")
    }
}
