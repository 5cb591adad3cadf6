//! A device's answers, independent of the bytes that they were received in.

use super::recovery;
use lifeboot_wire::{Body, Command, Keys, QUARANTINED, Refusal, Rejection, Status};

/// A device's answer: like [`Body`], but owned, and without the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// [`Body::Done`].
    Done,
    /// [`Body::Refused`].
    Refused(Refusal),
    /// [`Body::Status`].
    Status(Box<Status>),
    /// [`Body::Begun`], with the first offset that needs bytes.
    Begun(u32),
    /// [`Body::Written`], with the next offset that needs bytes.
    Written(u32),
    /// [`Body::Patched`], with the next offset in the patch that needs bytes.
    Patched(u32),
    /// [`Body::Digests`].
    Digests(Vec<u8>),
    /// [`Body::Keys`].
    Keys(Keys),
    /// [`Body::Quarantine`].
    Quarantine([Option<Rejection>; QUARANTINED]),
    /// [`Body::Identity`].
    Identity(Identity),
    /// [`Body::Map`].
    Map(Vec<u8>),
}

/// Who a device is: like [`lifeboot_wire::Identity`], but owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The version of the messages that the device knows.
    pub wire: u8,
    /// The board's name, padded with zeros.
    pub board: [u8; 16],
    /// The digest of its flash map.
    pub map: u32,
    /// The device id; empty if the device has none.
    pub device: Vec<u8>,
    /// A bit for each [capability](lifeboot_wire::capability).
    pub capabilities: u32,
    /// Maximum number of bytes of an image in one frame.
    pub chunk: u32,
}

/// Returns whether a reply can be the answer to a command. The number alone does not decide it, because numbers wrap
/// around.
pub(super) fn fits(command: &Command, reply: &Reply) -> bool {
    match (command, reply) {
        (Command::Status, reply) => matches!(reply, Reply::Status(_)),
        (_, Reply::Refused(_)) => true,
        (Command::Keys, reply) => matches!(reply, Reply::Keys(_)),
        (Command::Begin { .. }, reply) => matches!(reply, Reply::Begun(_)),
        (Command::Digests { .. }, reply) => matches!(reply, Reply::Digests(_)),
        (Command::BeginPatch { .. } | Command::Patch { .. }, reply) => matches!(reply, Reply::Patched(_)),
        (Command::Quarantine, reply) => matches!(reply, Reply::Quarantine(_)),
        (Command::Identity, reply) => matches!(reply, Reply::Identity(_)),
        (Command::Map, reply) => matches!(reply, Reply::Map(_)),
        (Command::Write { .. } | Command::Skip { .. }, reply) => matches!(reply, Reply::Written(_)),
        (
            Command::Finish
            | Command::FinishStaged
            | Command::Activate { .. }
            | Command::Abort
            | Command::Confirm
            | Command::Rollback
            | Command::Cancel
            | Command::Reset
            | Command::Recover,
            reply,
        ) => *reply == Reply::Done,
    }
}

impl Reply {
    /// Converts an answer's body; `None` if it is not an answer.
    pub(super) fn of(body: Body) -> Option<Reply> {
        Some(match body {
            Body::Done => Reply::Done,
            Body::Refused(refusal) => Reply::Refused(refusal),
            Body::Status(status) => Reply::Status(Box::new(status)),
            Body::Begun { next } => Reply::Begun(next),
            Body::Written { next } => Reply::Written(next),
            Body::Patched { next } => Reply::Patched(next),
            Body::Digests(digests) => Reply::Digests(digests.to_vec()),
            Body::Keys(keys) => Reply::Keys(keys),
            Body::Recovery { why, chunk, info, record, headers } => {
                Reply::Status(Box::new(recovery::status(why, chunk, info, record, headers)?))
            }
            Body::Quarantine(rejections) => Reply::Quarantine(rejections),
            Body::Identity(lifeboot_wire::Identity { wire, board, map, device, capabilities, chunk }) => {
                Reply::Identity(Identity { wire, board, map, device: device.to_vec(), capabilities, chunk })
            }
            Body::Map(map) => Reply::Map(map.to_vec()),
            Body::Log(_) | Body::BootLog(_) => return None,
        })
    }
}
