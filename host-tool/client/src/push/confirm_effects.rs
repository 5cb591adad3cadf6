//! What confirming an image ends irreversibly on a device; reported before anything is sent.
//!
//! The rules are those of [`lifeboot_core::boot`](mod@lifeboot_core::boot).

use crate::state::running_content;
use lifeboot_artifact::hex;
use lifeboot_core::Version;
use lifeboot_core::image::Header;
use lifeboot_wire::{Keys, SlotContent, Status};
use std::fmt::{self, Display};

/// An irreversible effect of a confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfirmEffect {
    /// The running firmware cannot be rolled back to, because its epoch is lower.
    EpochRises {
        /// Version of the running firmware.
        from: Version,
        /// Epoch of the running firmware.
        old: u32,
        /// Epoch of the image.
        new: u32,
    },
    /// The running firmware cannot be rolled back to, because its key is revoked.
    SignerRevoked {
        /// Version of the running firmware.
        from: Version,
        /// The id of the key that signed it.
        key: [u8; 4],
    },
    /// A key of the device is revoked.
    KeyRevoked {
        /// The key's id.
        key: [u8; 4],
        /// Number of keys that the device accepts afterwards; `None` if it does not report its keys.
        left: Option<usize>,
    },
}

/// Returns the irreversible effects of confirming the image on this device. If `keys` is `None`, revoked keys are
/// listed even if the device does not hold them.
pub fn confirm_effects(image: &Header, status: &Status, keys: Option<&Keys>) -> Vec<ConfirmEffect> {
    let mut confirm_effects = Vec::new();
    let revoked = |id: &[u8; 4]| image.revokes.ids().any(|revoked| revoked == *id);
    if let SlotContent::Image { version, epoch, .. } = running_content(status) {
        let from = Version::from(version);
        if epoch < image.epoch {
            confirm_effects.push(ConfirmEffect::EpochRises { from, old: epoch, new: image.epoch });
        }
        let signed = keys.and_then(|keys| keys.signed[lifeboot_core::Slot::from(status.running) as usize]);
        let signer = signed.map(|signed| signed.key).filter(revoked);
        confirm_effects.extend(signer.map(|key| ConfirmEffect::SignerRevoked { from, key }));
    }
    let is_news = |id: &[u8; 4]| keys.is_none_or(|keys| accepted(keys).any(|key| key == *id));
    let left = keys.map(|keys| accepted(keys).filter(|id| !revoked(id)).count());
    let news = image.revokes.ids().filter(is_news);
    confirm_effects.extend(news.map(|key| ConfirmEffect::KeyRevoked { key, left }));
    confirm_effects
}

/// Returns the ids of the keys that a device accepts.
pub fn accepted(keys: &Keys) -> impl Iterator<Item = [u8; 4]> {
    let unless_revoked = |(index, id): (usize, &Option<[u8; 4]>)| id.filter(|_| keys.revoked >> index & 1 == 0);
    keys.ids.iter().enumerate().filter_map(unless_revoked)
}

impl Display for ConfirmEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("after the confirm ")?;
        match self {
            ConfirmEffect::EpochRises { from, old, new } => {
                write!(f, "the device cannot go back to {from}: epoch {old} < {new}")
            }
            ConfirmEffect::SignerRevoked { from, key } => {
                write!(f, "the device cannot go back to {from}: this image revokes key {}, which signed it", hex(key))
            }
            ConfirmEffect::KeyRevoked { key, left } => {
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
