//! `lifeboot keys`: the keys that a device, or a bootloader file, accepts.

use crate::slot_name::SlotName;
use crate::table::{gap, list, table};
use lifeboot_artifact::hex;
use lifeboot_client::state::content;
use lifeboot_core::info::{BootloaderInfo, key_id};
use lifeboot_core::{Slot, Version};
use lifeboot_wire::{self as wire, SlotContent, Status};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};
use std::path::PathBuf;

/// The keys of a device.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Keys {
    /// The bootloader file that was read; `null` if the keys are a device's.
    pub bootloader: Option<String>,
    /// The keys, in the order of the bootloader's table.
    pub keys: Vec<Key>,
    /// Whether one of the keys is a demo's throw-away key.
    pub demo_key: bool,
}

/// A key of a device.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Key {
    /// The key's id, 8 hexadecimal digits.
    pub id: String,
    /// The key's file on this machine; `null` if no given file matches.
    pub file: Option<String>,
    /// Whether the device accepts images that the key signed.
    pub state: KeyState,
    /// The version whose confirm will revoke the key; `null` if no image that waits for its confirm revokes it.
    pub revoked_by: Option<String>,
    /// The images in the slots that the key signed.
    pub signed: Vec<SignedSlot>,
}

/// What a device does with images that a key signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// The images are accepted.
    Accepted,
    /// The images are never accepted or started again.
    Revoked,
}

/// An image in a slot.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SignedSlot {
    /// The slot.
    pub slot: SlotName,
    /// The image's version.
    pub version: String,
    /// Whether the image is the one that runs.
    pub runs: bool,
}

/// Key files by the ids of their keys.
pub type Named = [([u8; 4], PathBuf)];

impl Keys {
    /// Makes the report from the keys that a device reported with its state.
    pub fn of_device(status: &Status, keys: &wire::Keys, files: &Named) -> Keys {
        let ids = keys.ids.iter().flatten().enumerate();
        let key = |(index, id): (usize, &[u8; 4])| {
            let bit = 1 << index;
            let in_slots = Slot::BOTH.into_iter().zip(keys.signed).filter_map(|(slot, signed)| Some((slot, signed?)));
            let signed = in_slots.clone().filter(|(_, signed)| signed.key == *id);
            // An image that is neither confirmed nor on trial revokes nothing.
            let counts = |slot| Some(slot) == status.confirmed || status.trial.is_some_and(|trial| trial.slot == slot);
            let due = in_slots.filter(|(slot, signed)| counts((*slot).into()) && signed.revokes & bit != 0);
            let is_revoked = keys.revoked & bit != 0;
            Key {
                id: hex(id),
                file: file(files, *id),
                state: if is_revoked { KeyState::Revoked } else { KeyState::Accepted },
                revoked_by: due.map(|(slot, _)| version(status, slot)).next().filter(|_| !is_revoked),
                signed: signed
                    .map(|(slot, _)| SignedSlot {
                        slot: slot.into(),
                        version: version(status, slot),
                        runs: status.recovery.is_none() && status.running == slot.into(),
                    })
                    .collect(),
            }
        };
        Keys { bootloader: None, keys: ids.map(key).collect(), demo_key: status.demo_key }
    }

    /// Makes the report from the keys that a bootloader was built with.
    pub fn of_bootloader(path: String, info: &BootloaderInfo, files: &Named) -> Keys {
        let key = |id: [u8; 4]| Key {
            id: hex(&id),
            file: file(files, id),
            state: KeyState::Accepted,
            revoked_by: None,
            signed: Vec::new(),
        };
        let keys = info.keys().iter().map(key_id).map(key).collect();
        Keys { bootloader: Some(path), keys, demo_key: info.demo_key() }
    }
}

fn file(files: &Named, id: [u8; 4]) -> Option<String> {
    files.iter().find(|(known, _)| *known == id).map(|(_, path)| path.display().to_string())
}

fn version(status: &Status, slot: Slot) -> String {
    match content(status, slot.into()) {
        SlotContent::Image { version, .. } => Version::from(version).to_string(),
        SlotContent::Empty | SlotContent::Unfinished => String::new(),
    }
}

impl Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.keys.iter().map(|key| {
            let state = match (key.state, &key.revoked_by) {
                (KeyState::Revoked, _) => "revoked irreversibly".to_owned(),
                (KeyState::Accepted, Some(version)) => format!("accepted, until {version} is confirmed"),
                (KeyState::Accepted, None) => "accepted".to_owned(),
            };
            let signed = key.signed.iter().map(|SignedSlot { slot, version, runs }| {
                format!("{version} in slot {slot}{}", if *runs { ", which runs" } else { "" })
            });
            [key.id.clone(), key.file.clone().unwrap_or_default(), state, signed.collect::<Vec<_>>().join("; ")]
        });
        let mut lines = Vec::new();
        if let Some(path) = &self.bootloader {
            lines.push(("bootloader", format!("{path}; a device may have revoked some of its keys since")));
        }
        if self.demo_key {
            lines.push(("warning", "one of them is a demo's throw-away key: it protects nothing".to_owned()));
        }
        f.write_str(&table(["key", "file", "state", "signed"], rows))?;
        if lines.is_empty() { Ok(()) } else { write!(f, "\n{}{}", gap(), list(lines)) }
    }
}
