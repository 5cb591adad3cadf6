//! What the confirm of an image ends for good on a device: told before anything is sent, since afterwards nothing undoes it.
//!
//! The rules are those of [`lifeboot_core::boot`](mod@lifeboot_core::boot).

use crate::state::running_content;
use lifeboot_artifact::hex;
use lifeboot_core::Version;
use lifeboot_core::image::Header;
use lifeboot_wire::{Keys, SlotContent, Status};
use std::fmt::{self, Display};

/// Something that a confirm ends for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// What runs now is no way back, since its epoch is lower.
    EpochRises {
        /// What runs now.
        from: Version,
        /// Its epoch.
        old: u32,
        /// The image's.
        new: u32,
    },
    /// What runs now is no way back, since its key is revoked.
    SignerRevoked {
        /// What runs now.
        from: Version,
        /// The id of the key that signed it.
        key: [u8; 4],
    },
    /// A key of the device is revoked.
    KeyRevoked {
        /// Its id.
        key: [u8; 4],
        /// Keys that the device still accepts then; `None` where it does not tell its keys.
        left: Option<usize>,
    },
}

/// What a confirm of the image ends on this device. Without its keys, those that it does not hold cannot be told apart.
pub fn consequences(image: &Header, status: &Status, keys: Option<&Keys>) -> Vec<Consequence> {
    let mut consequences = Vec::new();
    let revoked = |id: &[u8; 4]| image.revokes.ids().any(|revoked| revoked == *id);
    if let SlotContent::Image { version, epoch, .. } = running_content(status) {
        let from = Version::from(version);
        if epoch < image.epoch {
            consequences.push(Consequence::EpochRises { from, old: epoch, new: image.epoch });
        }
        let signed = keys.and_then(|keys| keys.signed[lifeboot_core::Slot::from(status.running) as usize]);
        let signer = signed.map(|signed| signed.key).filter(revoked);
        consequences.extend(signer.map(|key| Consequence::SignerRevoked { from, key }));
    }
    let is_news = |id: &[u8; 4]| keys.is_none_or(|keys| accepted(keys).any(|key| key == *id));
    let left = keys.map(|keys| accepted(keys).filter(|id| !revoked(id)).count());
    let news = image.revokes.ids().filter(is_news);
    consequences.extend(news.map(|key| Consequence::KeyRevoked { key, left }));
    consequences
}

/// The ids of the keys that a device accepts.
pub fn accepted(keys: &Keys) -> impl Iterator<Item = [u8; 4]> {
    let unless_revoked = |(index, id): (usize, &Option<[u8; 4]>)| id.filter(|_| keys.revoked >> index & 1 == 0);
    keys.ids.iter().enumerate().filter_map(unless_revoked)
}

impl Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("after the confirm ")?;
        match self {
            Consequence::EpochRises { from, old, new } => {
                write!(f, "the device cannot go back to {from}: epoch {old} < {new}")
            }
            Consequence::SignerRevoked { from, key } => {
                write!(f, "the device cannot go back to {from}: this image revokes key {}, which signed it", hex(key))
            }
            Consequence::KeyRevoked { key, left } => {
                write!(f, "the device never again takes what key {} signed", hex(key))?;
                match left {
                    Some(1) => f.write_str("; one key is left"),
                    Some(left) => write!(f, "; {left} keys are left"),
                    None => f.write_str(", if it holds that key"),
                }
            }
        }
    }
}
