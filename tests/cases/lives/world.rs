//! The constants of a life: the flash geometry, the firmware's releases, the oracle.

use super::oracle::Oracle;
use crate::signed_image::{SignedImage, key};
use lifeboot_core::{Slot, Version};
use lifeboot_tests::geometries::Geometry;

/// A version of the firmware, signed, and what it is in either slot.
pub struct Release {
    pub image: SignedImage,
    pub header: [u8; 256],
    pub contents: [Vec<u8>; 2],
}

/// The constants of a life.
pub struct World {
    pub geometry: &'static Geometry,
    pub oracle: Oracle,
    /// By number; number 0 is not used, the last one is the rescue.
    pub releases: Vec<Release>,
}

/// Epochs of the releases.
const EPOCHS: [u32; 8] = [0, 0, 1, 1, 1, 2, 2, 2];
/// The release that is pushed by default.
pub const RESCUE: usize = EPOCHS.len() - 1;

impl World {
    pub fn new(geometry: &'static Geometry) -> World {
        let board = &geometry.board;
        let release = |(number, epoch): (usize, &u32)| {
            let version = Version { major: number as u16, ..Version::default() };
            let image = SignedImage::new(board, geometry.payloads[number % 2]).release(version, *epoch);
            Release { header: image.header_bytes(), contents: Slot::BOTH.map(|slot| image.content(slot)), image }
        };
        let releases = EPOCHS.iter().enumerate().map(release).collect();
        let keys = [1, 2].map(|number| key(number).verifying_key()).to_vec();
        World { geometry, oracle: Oracle::new(board, keys), releases }
    }
}
