//! `lifeboot bootloader`: a bootloader was built.

use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_artifact::hex;
use lifeboot_core::info::{INFO_LENGTH, key_id};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// A bootloader was built.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct BuiltBootloader {
    /// The ELF file.
    pub file: String,
    /// The board's name.
    pub board: String,
    /// The map digest, 8 hexadecimal digits.
    pub map_digest: String,
    /// Bytes of its region, with its keys.
    pub size: u32,
    /// Bytes of its region that are left.
    pub room: u32,
    /// Whether it has recovery mode.
    pub recovery: bool,
    /// The keys that it trusts.
    pub keys: Vec<TrustedKey>,
    /// Whether one of them is a demo's throw-away key.
    pub demo_key: bool,
}

/// A key that a bootloader trusts.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct TrustedKey {
    /// The key's id, 8 hexadecimal digits.
    pub id: String,
    /// The public key's file.
    pub file: String,
}

impl BuiltBootloader {
    /// Makes the report; `keys` are ids and files of the keys that it was built with.
    pub fn new(file: String, bootloader: &Bootloader, keys: &[([u8; 4], String)], recovery: bool) -> BuiltBootloader {
        let (board, info) = (bootloader.board(), bootloader.info());
        let code = bootloader.code_length();
        let file_of = |id: [u8; 4]| keys.iter().find(|(known, _)| *known == id).map(|(_, file)| file.clone());
        BuiltBootloader {
            file,
            board: board.name.to_owned(),
            map_digest: format!("{:08x}", board.map_digest()),
            size: code + INFO_LENGTH as u32,
            room: board.bootloader.length - INFO_LENGTH as u32 - code,
            recovery,
            keys: info
                .keys()
                .iter()
                .map(key_id)
                .map(|id| TrustedKey { id: hex(&id), file: file_of(id).unwrap_or_default() })
                .collect(),
            demo_key: info.demo_key(),
        }
    }
}

impl Display for BuiltBootloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BuiltBootloader { file, board, map_digest, size, room, recovery, keys, .. } = self;
        let recovery = if *recovery { "" } else { ", without recovery mode" };
        writeln!(f, "built {file}: {board}, flash map {map_digest}{recovery}")?;
        write!(f, "size: {size} bytes, {room} left")?;
        keys.iter().try_for_each(|TrustedKey { id, file }| write!(f, "\ntrusts key {id}: {file}"))
    }
}
