//! What is measured: the real bootloader and firmware, and images that are the same on each machine. The key is always
//! the same, since the time of a signature's check depends on its numbers.

use crate::bench::version;
use crate::product::{self, RECOVERY, Target};
use anyhow::Result;
use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_artifact::keys::PrivateKey;
use lifeboot_board::Verifier;
use lifeboot_core::KeyIds;
use lifeboot_core::Slot;
use lifeboot_core::rebase::{Entry, Kind};
use lifeboot_project::key_files;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// 32 bytes of 7, and its public key, as openssl writes them. Never trust this key.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=\n-----END PUBLIC KEY-----\n";

/// Where in a made image's payload the code is.
const ENTRY: u32 = 0x100;

/// Bytes of a made image for each address in it: the example firmware has about one in 60.
const PER_ADDRESS: usize = 64;

/// The key, and the file of its public half.
fn key() -> Result<(PrivateKey, PathBuf)> {
    static WRITING: Mutex<()> = Mutex::new(());
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = product::output()?.join("costs");
    fs::create_dir_all(&folder)?;
    let (private, public) = (folder.join("costs.pem"), folder.join("costs.pub.pem"));
    // An existing file is left alone, as another thread's build may be reading it.
    for (path, content) in [(&private, PRIVATE), (&public, PUBLIC)] {
        if fs::read(path).ok().as_deref() != Some(content.as_bytes()) {
            fs::write(path, content)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok((key_files::private(&private)?, public))
}

/// A board's bootloader, with the default verifier and recovery.
pub fn bootloader(target: &Target) -> Result<PathBuf> {
    bootloader_of(Verifier::Dalek, target, &[RECOVERY])
}

/// A board's bootloader, with this verifier and just these features.
pub fn bootloader_of(verifier: Verifier, target: &Target, features: &[&str]) -> Result<PathBuf> {
    product::bootloader_of(verifier, target, &[key()?.1], features)
}

/// A board's example firmware with these features, as version `major`.0.0.
pub fn firmware(target: &Target, features: &[&str], major: u16) -> Result<ImageFile> {
    let elf = product::firmware(target, Slot::A, features)?;
    product::sign(target, &elf, version(major), 0, &key()?.0)
}

/// A made image of so many KiB of payload, as version `major`.0.0, with addresses in it to rebase. The rest of it
/// differs from version to version. If it is started, it loops without end.
pub fn image(target: &Target, kib: usize, major: u16) -> Result<ImageFile> {
    let length = kib * 1024;
    let mut payload: Vec<u8> =
        (0..length).map(|index| (index * 7 + index / 251 + usize::from(major) * 29) as u8).collect();
    let address = target.board.payload_address(Slot::A);
    let places: Vec<usize> = [4].into_iter().chain((ENTRY as usize + 64..length - 4).step_by(PER_ADDRESS)).collect();
    let mut put = |offset: usize, word: u32| payload[offset..offset + 4].copy_from_slice(&word.to_le_bytes());
    places.iter().for_each(|place| put(*place, address + *place as u32));
    put(0, target.board.ram.end());
    put(4, (address + ENTRY) | 1);
    put(ENTRY as usize, 0xe7fe_e7fe); // `b .`, twice.
    let entries: Vec<Entry> =
        places.into_iter().map(|place| Entry { offset: place as u32, kind: Kind::Word }).collect();
    let release = Release {
        version: version(major),
        epoch: 0,
        lowest_bootloader: lifeboot_core::info::FORMAT,
        schemas: (0, 0),
        revokes: KeyIds::NONE,
    };
    let key = key()?.0;
    let unsigned = UnsignedImage::new(target.board, Slot::A, payload, &entries, release, key.public().id())?;
    let signature = key.sign(&unsigned.bytes_to_sign());
    Ok(unsigned.with_signature(signature)?)
}

/// Where the image in this slot begins.
pub fn entry(target: &Target, image: &ImageFile, slot: Slot) -> Result<u32> {
    let content = image.for_slot(target.board, slot)?;
    let place = usize::from(image.header().header_length) + 4;
    let word = content.get(place..place + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
    Ok(word.unwrap_or_default() & !1)
}
