//! The states, and how a host brings a device into each.

use crate::device::{Device, Firmware, factory_image};
use crate::images::{Recipe, version};
use crate::line::Wire;
use crate::pushes::recipe;
use crate::stranger::{Stranger, ranges};
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::pipe::Pipe;
use lifeboot_core::record::Cause;
use lifeboot_core::{Slot, recovery};
use lifeboot_example_boards::MICROBIT;
use lifeboot_updater::Session;
use lifeboot_wire::patch::FORMAT;
use lifeboot_wire::{self as wire, Command};
use std::sync::LazyLock;
use std::time::Duration;

/// What firmware in slot A reports of itself.
pub const BELIEVED: wire::Version = wire::Version { major: 1, minor: 0, patch: 0, build: 0 };
/// How far into the table, and into the payload, a transfer is that is not complete.
const PART: [u32; 2] = [100, 700];

/// A device in a state, and a host that talks to it.
pub struct Scene {
    pub wire: Wire,
    pub host: Stranger,
    /// The next offset of the transfer, or where one would begin.
    pub next: u32,
    /// The running image.
    pub running: wire::Version,
    /// Bytes that one `Write` may carry.
    pub chunk: usize,
    /// An earlier request is still under way, and changes flash.
    pub is_busy: bool,
    /// The state changes a little later.
    pub is_fleeting: bool,
    /// How often the device had started.
    pub starts: u32,
    writable: [bool; 2],
}

pub type Make = fn() -> Scene;

pub const FIRMWARE: [(&str, Make); 12] = [
    ("confirmed", confirmed),
    ("checking", checking),
    ("table", table),
    ("payload", payload),
    ("patch", patch),
    ("complete", complete),
    ("verifying", verifying),
    ("refused", refused),
    ("marked", marked),
    ("trial", trial),
    ("updated", updated),
    ("other host", other_host),
];

pub const BOOTLOADER: [(&str, Make); 9] = [
    ("destroyed", destroyed),
    ("table", || part(destroyed(), 1)),
    ("payload", || part(destroyed(), 2)),
    ("complete", || part(destroyed(), 3)),
    ("refused", || end(part(destroyed(), 3), true)),
    ("marked", || end(part(destroyed(), 3), false)),
    ("asked", asked),
    ("asked payload", || part(asked(), 2)),
    ("other host", || held(destroyed())),
];

/// The image that is transferred: its payload and its table end inside of a block.
pub fn image() -> &'static ImageFile {
    static IMAGE: LazyLock<ImageFile> =
        LazyLock::new(|| Recipe { relocations: 149, ..recipe(&MICROBIT, 1, 900) }.image());
    &IMAGE
}

impl Scene {
    fn new(device: Device, running: wire::Version, chunk: usize, writable: [bool; 2]) -> Self {
        let starts = device.starts;
        let wire = Wire::to(device);
        let mut pipe = wire.clone();
        // The first answer is the zero that ends whatever the line carried before.
        pipe.pause(Duration::from_millis(310));
        let host = Stranger::new(&wire, 77);
        let next = ranges(image()).0.0;
        Scene { wire, host, next, running, chunk, is_busy: false, is_fleeting: false, starts, writable }
    }

    /// The number of the next request.
    pub fn number(&self) -> u8 {
        self.host.number + 1
    }

    /// The image that runs, if one does.
    pub fn running_image(&self) -> ImageFile {
        if self.running == version(1).into() { image().clone() } else { factory_image(&MICROBIT) }
    }

    /// The slot that does not run.
    pub fn target(&self) -> wire::Slot {
        if self.writable[0] && !self.writable[1] { wire::Slot::A } else { wire::Slot::B }
    }

    pub fn may_be_written(&self, slot: Slot) -> bool {
        self.writable[slot as usize]
    }

    /// An answer, with what counts from where the transfer was.
    pub fn relative(&self, answer: &str) -> String {
        match answer.strip_prefix("written ").map(|next| next.parse::<u32>().unwrap()) {
            Some(next) if next == self.next => "written, nothing".to_owned(),
            Some(next) if next > self.next && next - self.next <= 2048 => {
                format!("written, {} bytes", next - self.next)
            }
            _ => answer.to_owned(),
        }
    }
}

fn firmware(device: Device) -> Scene {
    Scene::new(device, BELIEVED, Session::<560>::chunk(), [false, true])
}

pub fn confirmed() -> Scene {
    firmware(Device::new(&MICROBIT))
}

/// A transfer that is in its table (1), in its payload (2), or complete (3).
pub fn part(mut scene: Scene, far: u32) -> Scene {
    assert!(scene.host.begin(image(), scene.running).starts_with("begun"));
    let (table, payload) = ranges(image());
    scene.next = if far == 1 { table.0 + PART[0] } else { table.1 };
    scene.host.write(image(), table.0, scene.next);
    if far > 1 {
        scene.next = if far == 2 { payload.0 + PART[1] } else { payload.1 };
        scene.host.write(image(), payload.0, scene.next);
    }
    scene
}

/// A transfer that has ended, well or because of a byte that was damaged in flash: the payload's last one, since whole
/// blocks were read back before.
fn end(mut scene: Scene, damaged: bool) -> Scene {
    if damaged {
        let last = MICROBIT.slot(Slot::B).start + ranges(image()).1.1 - 1;
        let flash = scene.wire.bench().device.flash.clone();
        let byte = !flash.bytes(last, 1)[0];
        flash.put(last, &[byte]);
    }
    let answer = scene.host.ask(&Command::Finish);
    assert_eq!(answer, if damaged { "refused: Digest" } else { "done" });
    scene
}

fn held(mut scene: Scene) -> Scene {
    scene = part(scene, 2);
    scene.host.session += 1;
    Scene { is_fleeting: true, ..scene }
}

fn checking() -> Scene {
    let mut scene = confirmed();
    let header = image().header_bytes();
    scene.host.request(&Command::Begin { header, running: BELIEVED, target: wire::Slot::B, force: false });
    Scene { is_busy: true, is_fleeting: true, ..scene }
}

fn table() -> Scene {
    part(confirmed(), 1)
}

fn payload() -> Scene {
    part(confirmed(), 2)
}

/// Nothing of the patch has come yet.
fn patch() -> Scene {
    let mut scene = confirmed();
    assert!(scene.host.begin(image(), BELIEVED).starts_with("begun"));
    let digest = scene.running_image().header().digest;
    assert_eq!(scene.host.ask(&Command::BeginPatch { format: FORMAT, from: &digest[..16] }), "patched 0");
    scene
}

fn complete() -> Scene {
    part(confirmed(), 3)
}

fn verifying() -> Scene {
    let mut scene = complete();
    scene.host.request(&Command::Finish);
    Scene { is_busy: true, is_fleeting: true, ..scene }
}

fn refused() -> Scene {
    end(complete(), true)
}

fn marked() -> Scene {
    end(complete(), false)
}

fn other_host() -> Scene {
    held(confirmed())
}

/// Version 1.1.0 in slot B, started on trial.
fn started(firmware: Firmware) -> Scene {
    let mut device = Device::new(&MICROBIT);
    device.firmware_does(1, firmware);
    let mut scene = end(part(self::firmware(device), 3), false);
    assert_eq!(scene.host.ask(&Command::Reset), "done");
    scene.wire.pause(Duration::from_millis(2000));
    assert_eq!(scene.wire.bench().device.running(), Some(Slot::B));
    let starts = scene.wire.bench().device.starts;
    Scene { running: version(1).into(), writable: [true, false], starts, next: ranges(image()).0.0, ..scene }
}

fn trial() -> Scene {
    let scene = started(Firmware::Unsure);
    assert!(scene.wire.bench().device.is_trial());
    scene
}

fn updated() -> Scene {
    let scene = started(Firmware::Healthy);
    assert!(!scene.wire.bench().device.is_trial());
    scene
}

fn bootloader(device: Device, writable: [bool; 2]) -> Scene {
    assert!(device.is_in_recovery());
    let nothing = wire::Version { major: 0, ..BELIEVED };
    Scene::new(device, nothing, recovery::CHUNK, writable)
}

/// Both slots are destroyed: the first bytes of the payload are gone, and slot B holds rubbish.
pub fn destroyed() -> Scene {
    let mut device = Device::new(&MICROBIT);
    device.flash.put(MICROBIT.slot(Slot::A).start + MICROBIT.header_length, &[0; 64]);
    device.flash.put(MICROBIT.slot(Slot::B).start, &[0x5a; 512]);
    device.reset(0, Cause::PowerOn);
    bootloader(device, [true, true])
}

pub fn asked() -> Scene {
    let mut device = Device::new(&MICROBIT);
    device.asks_for_recovery = true;
    device.reset(0, Cause::Request);
    bootloader(device, [false, true])
}
