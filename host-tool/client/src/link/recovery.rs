//! The state of a device whose bootloader is in recovery mode, with its keys and quarantine, as read from its flash.

use lifeboot_core::image::{Header, HeaderBytes};
use lifeboot_core::info::{BootloaderInfo, key_id};
use lifeboot_core::layout::MapBytes;
use lifeboot_core::record::Record;
use lifeboot_wire::{Keys, Recovery, Rejection, Signed, SlotContent, Status, WIRE};

/// Returns the state that [`Body::Recovery`](lifeboot_wire::Body::Recovery) reports; `None` if this program does not
/// know its formats.
pub(super) fn status(why: Recovery, chunk: u32, info: &[u8], record: &[u8], headers: [&[u8]; 2]) -> Option<Status> {
    let info = BootloaderInfo::of_any_board(info.try_into().ok()?)?;
    let (_, record) = Record::from_bytes(record.try_into().ok()?)?;
    let [a, b] = headers.map(content);
    let kept = match why {
        Recovery::LastFirmware => record.confirmed.other(),
        Recovery::Requested if record.lost => record.confirmed.other(),
        Recovery::NothingStarts | Recovery::Requested | Recovery::Crashes => record.confirmed,
    };
    Some(Status {
        wire: WIRE,
        board: info.board(),
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
        map: info.map_digest(),
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
    /// The flash map that the bootloader was built for.
    pub map: MapBytes,
}

impl RecoveryDetails {
    /// Decodes the answer; `None` if this program does not know its formats.
    pub(super) fn read(info: &[u8], record: &[u8], headers: [&[u8]; 2]) -> Option<Self> {
        let info = BootloaderInfo::of_any_board(info.try_into().ok()?)?;
        let (_, record) = Record::from_bytes(record.try_into().ok()?)?;
        let signed = headers.map(|header| {
            let header = Header::parse(header.try_into().ok()?).ok()?;
            Some(Signed { key: header.key_id, revokes: info.mask(&header.revokes) })
        });
        let ids = std::array::from_fn(|index| info.keys().get(index).map(key_id));
        Some(RecoveryDetails {
            keys: Keys { ids, revoked: info.mask(&record.revoked), signed },
            quarantine: record.outcomes.quarantine().map(Into::into).collect(),
            map: info.map(),
        })
    }
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
