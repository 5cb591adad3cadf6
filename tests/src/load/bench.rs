//! Simulated devices, which confirm what they are sent.

use anyhow::Result;
use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_core::{KeyIds, Slot, Version};
use lifeboot_example_boards::MICROBIT;
use lifeboot_fleet::device::{Act, DeviceId, Ending, Look, Site, Transferred};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// An image of 64 KiB. Nobody here looks at its signature.
pub fn image() -> Result<ImageFile> {
    let version = Version { major: 2, minor: 0, patch: 0, build: 0 };
    let release = Release { version, epoch: 0, lowest_bootloader: 1, schemas: (0, 0), revokes: KeyIds::NONE };
    let payload = (0..65_536_u32).map(|index| (index * 31) as u8).collect();
    Ok(UnsignedImage::new(&MICROBIT, Slot::A, payload, &[], release, [1; 4])?.with_signature([7; 64])?)
}

/// The ids of so many devices.
pub fn names(devices: usize) -> Vec<String> {
    (0..devices).map(|index| format!("{index:016x}")).collect()
}

/// The devices.
pub struct Bench {
    /// Whether each runs the image.
    updated: Vec<AtomicBool>,
    confirmed: AtomicUsize,
}

impl Bench {
    pub fn new(devices: usize) -> Self {
        Bench { updated: (0..devices).map(|_| AtomicBool::new(false)).collect(), confirmed: AtomicUsize::new(0) }
    }

    /// How many have confirmed the image.
    pub fn confirmed(&self) -> usize {
        self.confirmed.load(Ordering::Relaxed)
    }

    fn is_updated(&self, device: &DeviceId) -> Option<&AtomicBool> {
        self.updated.get(usize::from_str_radix(&device.0, 16).ok()?)
    }
}

impl Site for Bench {
    fn discover(&self) -> Vec<Look> {
        names(self.updated.len()).into_iter().filter_map(|name| self.look(&DeviceId(name)).ok()).collect()
    }

    fn look(&self, device: &DeviceId) -> Result<Look, Ending> {
        let absent = || Ending::Absent { reason: "no such device".to_owned() };
        let version =
            if self.is_updated(device).ok_or_else(absent)?.load(Ordering::Relaxed) { "2.0.0" } else { "1.0.0" };
        Ok(Look {
            device: device.clone(),
            port: format!("/dev/serial/by-id/{device}"),
            board: MICROBIT.name.to_owned(),
            map: MICROBIT.map_digest(),
            version: Some(version.to_owned()),
            digest: Some(vec![0; 8]),
            is_confirmed: true,
            text: format!("{version} in slot A, confirmed"),
        })
    }

    fn admission(&self, _: &DeviceId, _: &ImageFile) -> Result<Option<String>, Ending> {
        Ok(None)
    }

    fn act(
        &self,
        device: &DeviceId,
        _: Act,
        images: &[ImageFile],
        progress: &mut dyn FnMut(Transferred) -> bool,
    ) -> Ending {
        let Some(updated) = self.is_updated(device) else { return Ending::Absent { reason: String::new() } };
        let total = images.iter().map(|image| image.to_bytes().len() as u64).sum();
        progress(Transferred { done: total, total });
        if !updated.swap(true, Ordering::Relaxed) {
            self.confirmed.fetch_add(1, Ordering::Relaxed);
        }
        Ending::Confirmed
    }
}
