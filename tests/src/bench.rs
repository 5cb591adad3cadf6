//! An emulated board with the real bootloader and the real example firmware, and a host at its serial port.

use crate::emulator::Emulated;
use crate::product::{self, Target};
use anyhow::{Context, Result, anyhow, ensure};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::{Link, Retry};
use lifeboot_client::push::{self, Options, PushError, Pushed};
use lifeboot_core::{Slot, Version};
use lifeboot_serial::Port;
use lifeboot_wire::{self as wire, Status};
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fs, thread};

/// The version `major`.0.0.
pub const fn version(major: u16) -> Version {
    Version { major, minor: 0, patch: 0, build: 0 }
}

/// A board's example firmware with these features, signed with the demo's key.
pub fn image(target: &Target, features: &[&str], version: Version, epoch: u32) -> Result<ImageFile> {
    let elf = product::firmware(target, Slot::A, features)?;
    product::sign(target, &elf, version, epoch, &product::demo_key("demo")?.0)
}

/// A board's bootloader that takes images of the demo's key.
pub fn bootloader(target: &Target) -> Result<PathBuf> {
    product::bootloader(target, &[product::demo_key("demo")?.1])
}

/// An emulated board on the bench.
pub struct Bench<B> {
    /// The board, for what only a bench can do: cut its power, read its flash.
    pub board: B,
}

impl<B: Emulated> Bench<B> {
    /// A board fresh from production, with this image in slot A, and powered on.
    pub fn start(image: &ImageFile) -> Result<Self> {
        let flash = product::factory_flash(&B::TARGET, &bootloader(&B::TARGET)?, image)?;
        Ok(Bench { board: B::power_on(&flash)? })
    }

    /// Cuts the power, and powers on again, with what flash held at that moment.
    pub fn cut_power(self) -> Result<Self> {
        self.with_flash(|_| ())
    }

    /// Cuts the power, changes what flash holds as only a bench can, and powers on again.
    pub fn with_flash(self, change: impl FnOnce(&mut [u8])) -> Result<Self> {
        let mut flash = self.board.power_cut()?;
        change(&mut flash);
        Ok(Bench { board: B::power_on(&flash)? })
    }

    /// A host that has just connected.
    pub fn link(&self) -> Result<Link<Port>> {
        connect(&self.board.port())
    }

    /// Returns the state as reported by the device.
    pub fn status(&self) -> Result<Status> {
        Ok(self.link()?.status(Retry::SHORT)?)
    }

    /// Pushes, as `lifeboot push` does.
    pub fn push(&self, image: &ImageFile) -> Result<Result<Pushed, PushError>> {
        Ok(push::push(&mut self.link()?, image, &Options::default(), &mut ()))
    }

    /// Counts how often the LED changes while `work` runs in another thread; returns both.
    pub fn blinks_while<T: Send>(&mut self, work: impl FnOnce(String) -> T + Send) -> Result<(u32, T)> {
        let port = self.board.port();
        thread::scope(|scope| {
            let work = scope.spawn(|| work(port));
            let (mut blinks, mut last) = (0, None);
            while !work.is_finished() {
                let led = self.board.led()?;
                blinks += u32::from(last.replace(led).is_some_and(|before| before != led));
                thread::sleep(Duration::from_millis(20));
            }
            let result = work.join().ok().context("the work panicked")?;
            Ok((blinks, result))
        })
    }

    /// Pushes an image, cuts the power once `bytes` bytes of it are in slot B, and returns the device powered on again.
    /// Slot A must be the running one.
    pub fn cut_in_push(mut self, image: &ImageFile, bytes: usize) -> Result<Self> {
        let (port, new) = (self.board.port(), image.clone());
        // A short timeout, as the board is gone.
        let host = thread::spawn(move || {
            let mut link = connect(&port)?.with_recovery(Duration::from_millis(200));
            Ok::<_, anyhow::Error>(push::push(&mut link, &new, &Options::default(), &mut ()).is_ok())
        });
        self.wait_until_written(Slot::B, image, bytes)?;
        let bench = self.cut_power()?;
        let is_done = host.join().map_err(|_| anyhow!("the push panicked"))??;
        ensure!(!is_done, "the push went on without a device");
        Ok(bench)
    }

    /// Waits until a slot holds the first `bytes` bytes of this image's payload, but not yet its header.
    pub fn wait_until_written(&mut self, slot: Slot, image: &ImageFile, bytes: usize) -> Result<()> {
        let start = B::TARGET.board.address(B::TARGET.board.slot(slot).start);
        let payload = B::TARGET.board.header_length as usize;
        let expected = image.for_slot(B::TARGET.board, slot)?;
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let found = self.board.read_memory(start, payload + bytes)?;
            let has_header = found[..payload].iter().any(|byte| *byte != 0xff);
            if !has_header && found[payload..] == expected[payload..payload + bytes] {
                return Ok(());
            }
            ensure!(Instant::now() < end, "the image does not arrive in slot {slot}");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The session seed of a link in virtual time, the same in each run.
pub const HOST: u32 = 7 << 16 | 7;

/// A random session seed, which distinguishes a host from those before it.
pub fn seed() -> u32 {
    RandomState::new().hash_one(0) as u32
}

/// Connects to a device.
pub fn connect(port: &str) -> Result<Link<Port>> {
    Ok(Link::new(Port::open(port, 115_200)?, seed()))
}

/// Writes an image to a file for the command-line tool.
pub fn save(image: &ImageFile, name: &str) -> Result<PathBuf> {
    let path = product::output()?.join(name);
    fs::write(&path, image.to_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Checks that the device reports this version as running in this slot, confirmed. The error says what differs.
pub fn runs(status: &Status, slot: wire::Slot, expected: Version) -> Result<()> {
    let Status { running, confirmed, trial, slots, .. } = status;
    let stands = (*running, *confirmed, *trial) == (slot, Some(slot), None);
    let content = slots[Slot::from(slot) as usize];
    let holds = matches!(content, wire::SlotContent::Image { version, .. } if version == expected.into());
    ensure!(stands && holds, "{expected} in slot {} does not run, confirmed: {status:?}", Slot::from(slot));
    Ok(())
}
