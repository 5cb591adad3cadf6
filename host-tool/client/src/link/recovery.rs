//! The state of a device whose bootloader is in recovery mode, with its keys and quarantine, as read from its flash.

use lifeboot_core::Board;
use lifeboot_core::image::{Header, HeaderBytes};
use lifeboot_core::info::{BootloaderInfo, key_id};
use lifeboot_core::record::Record;
use lifeboot_wire::{Keys, Recovery, Rejection, Signed, SlotContent, Status, WIRE};

/// Offset of the board's name in a bootloader's info section.
const BOARD: std::ops::Range<usize> = 0x10..0x20;

/// Returns the state that [`Body::Recovery`](lifeboot_wire::Body::Recovery) reports; `None` if this program does not
/// know its formats.
pub(super) fn status(why: Recovery, chunk: u32, info: &[u8], record: &[u8], headers: [&[u8]; 2]) -> Option<Status> {
    let (known, info) = read(info)?;
    let (_, record) = Record::from_bytes(record.try_into().ok()?)?;
    let [a, b] = headers.map(content);
    let kept = match why {
        Recovery::LastFirmware => record.confirmed.other(),
        Recovery::Requested if record.lost => record.confirmed.other(),
        Recovery::NothingStarts | Recovery::Requested | Recovery::Crashes => record.confirmed,
    };
    Some(Status {
        wire: WIRE,
        board: known.name_bytes(),
        bootloader: info.format(),
        demo_key: info.demo_key(),
        // No slot runs; except for texts, the slot that must not be written counts as the running one.
        running: kept.into(),
        confirmed: (!record.lost).then_some(record.confirmed.into()),
        trial: record.trial.map(Into::into),
        slots: [a?, b?],
        epoch_floor: record.epoch_floor,
        revoked: info.mask(&record.revoked),
        outcome: record.outcomes.last().map(Into::into),
        // The bootloader takes one frame at a time.
        window: 0,
        chunk,
        unit: known.slot_unit,
        boot: None,
        recovery: Some(why),
        journal_failing: None,
    })
}

/// What the same answer reports beside the state; firmware has separate commands for it.
pub(super) struct RecoveryDetails {
    pub keys: Keys,
    /// The rejected images, newest first.
    pub quarantine: Vec<Rejection>,
}

impl RecoveryDetails {
    /// Decodes the answer; `None` if this program does not know its formats.
    pub(super) fn read(info: &[u8], record: &[u8], headers: [&[u8]; 2]) -> Option<Self> {
        let (_, info) = read(info)?;
        let (_, record) = Record::from_bytes(record.try_into().ok()?)?;
        let signed = headers.map(|header| {
            let header = Header::parse(header.try_into().ok()?).ok()?;
            Some(Signed { key: header.key_id, revokes: info.mask(&header.revokes) })
        });
        let ids = std::array::from_fn(|index| info.keys().get(index).map(key_id));
        Some(RecoveryDetails {
            keys: Keys { ids, revoked: info.mask(&record.revoked), signed },
            quarantine: record.outcomes.quarantine().map(Into::into).collect(),
        })
    }
}

fn read(info: &[u8]) -> Option<(&'static Board, BootloaderInfo)> {
    let board: [u8; 16] = info.get(BOARD)?.try_into().ok()?;
    let board = Board::named(std::str::from_utf8(&board).ok()?.trim_end_matches('\0'))?;
    Some((board, BootloaderInfo::from_bytes(info.try_into().ok()?, board)?))
}

fn content(header: &[u8]) -> Option<SlotContent> {
    let bytes: &HeaderBytes = header.try_into().ok()?;
    Some(match Header::parse(bytes) {
        Ok(Header { version, epoch, digest, .. }) => SlotContent::Image {
            version: version.into(),
            epoch,
            digest: digest.first_chunk().copied().unwrap_or_default(),
        },
        Err(_) if bytes.iter().all(|byte| *byte == 0xff) => SlotContent::Empty,
        Err(_) => SlotContent::Unfinished,
    })
}
