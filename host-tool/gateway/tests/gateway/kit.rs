//! What the tests share: images, simulated devices, and a gateway that runs beside a test.

use crate::fake::Fake;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::{ImageFile, Release, UnsignedImage};
use lifeboot_core::{KeyIds, Slot, Version};
use lifeboot_fleet::device::{Act, DeviceId, Ending, Look, Site, Transferred};
use lifeboot_gateway::ddi::{Server, Tokens};
use lifeboot_gateway::gateway::{Gateway, GatewayError};
use lifeboot_gateway::settings::Settings;
use lifeboot_gateway::stop::Stop;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// How long something may take that should happen soon.
pub const SOON: Duration = Duration::from_secs(20);

/// An image of a version, as a file.
pub fn image(patch: u32) -> ImageFile {
    let version = Version { major: 3, minor: 1, patch, build: 0 };
    let release = Release { version, epoch: 1, lowest_bootloader: 1, schemas: (0, 0), revokes: KeyIds::NONE };
    let payload = (0..20_000u32).map(|index| (index * 31 + patch) as u8).collect();
    let board = lifeboot_example_boards::BOARDS[0];
    let unsigned = UnsignedImage::new(board, Slot::A, payload, &[], release, [1; 4]).unwrap();
    unsigned.with_signature([7; 64]).unwrap()
}

pub fn id(name: &str) -> DeviceId {
    DeviceId(name.to_owned())
}

/// What a simulated device does with an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    Confirms,
    /// The image fails, and what ran before runs again.
    RollsBack,
    /// It is not let in.
    Refuses,
    /// The line fails so many times in the middle.
    BreaksOff(u32),
    /// It does not answer so many times since the restart.
    IsSilent(u32),
    /// The transfer does not get on, until the device does something else.
    Hangs,
    /// It was restarted, and does not confirm until it does something else.
    IsOnTrial,
}

#[derive(Clone, Debug)]
pub struct Simulated {
    pub does: Does,
    pub version: String,
    pub runs: Vec<u8>,
    rejected: Vec<Vec<u8>>,
    /// The digests of the images that acts brought, one an act.
    pub acts: Vec<String>,
    /// Starts of a new image, each of which could brick a lesser device.
    pub starts: u32,
    pub is_away: bool,
}

/// Devices that are not there.
#[derive(Default)]
pub struct Bench(Mutex<BTreeMap<DeviceId, Simulated>>);

impl Bench {
    pub fn with(devices: &[(&str, Does)]) -> Bench {
        let simulated = |does: &Does| Simulated {
            does: does.clone(),
            version: "3.0.0".to_owned(),
            runs: vec![0; 8],
            rejected: Vec::new(),
            acts: Vec::new(),
            starts: 0,
            is_away: false,
        };
        Bench(Mutex::new(devices.iter().map(|(name, does)| (id(name), simulated(does))).collect()))
    }

    pub fn change<T>(&self, name: &str, change: impl FnOnce(&mut Simulated) -> T) -> T {
        change(self.lock().get_mut(&id(name)).unwrap())
    }

    pub fn get(&self, name: &str) -> Simulated {
        self.lock()[&id(name)].clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Simulated>> {
        self.0.lock().unwrap()
    }
}

fn look(device: &DeviceId, simulated: &Simulated) -> Look {
    Look {
        device: device.clone(),
        port: "sim".to_owned(),
        board: lifeboot_example_boards::BOARDS[0].name.to_owned(),
        map: 7,
        version: Some(simulated.version.clone()),
        digest: Some(simulated.runs.clone()),
        is_confirmed: true,
        text: format!("{} in slot A, confirmed", simulated.version),
    }
}

impl Site for Bench {
    fn discover(&self) -> Vec<Look> {
        let there = self.lock();
        there.iter().filter(|(_, simulated)| !simulated.is_away).map(|(id, simulated)| look(id, simulated)).collect()
    }

    fn look(&self, device: &DeviceId) -> Result<Look, Ending> {
        let there = self.lock();
        let simulated = there.get(device).filter(|simulated| !simulated.is_away);
        simulated.map(|simulated| look(device, simulated)).ok_or(Ending::Absent { reason: "unplugged".to_owned() })
    }

    fn admission(&self, device: &DeviceId, _: &ImageFile) -> Result<Option<String>, Ending> {
        self.look(device)?;
        let refuses = self.lock()[device].does == Does::Refuses;
        Ok(refuses.then(|| "the epoch is too low".to_owned()))
    }

    fn act(
        &self,
        device: &DeviceId,
        act: Act,
        image: &ImageFile,
        progress: &mut dyn FnMut(Transferred) -> bool,
    ) -> Ending {
        assert_eq!(act, Act::Update);
        self.look(device).unwrap();
        let digest = image.header().digest[..8].to_vec();
        let rolled_back = || Ending::RolledBack {
            reason: "it did not confirm in time".to_owned(),
            cause: Some("watchdog".to_owned()),
            pc: Some(0x1234),
        };
        let does = self.change(&device.0, |simulated| {
            simulated.acts.push(hex(&digest));
            simulated.does.clone()
        });
        let simulated = self.get(&device.0);
        if simulated.runs == digest {
            return Ending::Confirmed;
        }
        if simulated.rejected.contains(&digest) {
            return rolled_back();
        }
        let total = image.to_bytes().len() as u64;
        let mut done = 0;
        while done < total {
            if self.get(&device.0).does != Does::Hangs {
                done = (done + total / 20).min(total);
            }
            if !progress(Transferred { done, total }) {
                return Ending::Interrupted { reason: "given up".to_owned() };
            }
            if done > total / 2
                && let Does::BreaksOff(times @ 1..) = does
            {
                self.change(&device.0, |simulated| simulated.does = Does::BreaksOff(times - 1));
                return Ending::Interrupted { reason: "the cable".to_owned() };
            }
            thread::sleep(Duration::from_millis(2));
        }
        while self.get(&device.0).does == Does::IsOnTrial {
            thread::sleep(Duration::from_millis(2));
        }
        self.change(&device.0, |simulated| match simulated.does {
            Does::IsSilent(times @ 1..) => {
                simulated.does = Does::IsSilent(times - 1);
                Ending::Silent { last: "on trial".to_owned() }
            }
            Does::RollsBack => {
                simulated.starts += 1;
                simulated.rejected.push(digest);
                rolled_back()
            }
            _ => {
                simulated.starts += 1;
                simulated.version = image.header().version.to_string();
                simulated.runs = digest;
                Ending::Confirmed
            }
        })
    }
}

/// Settings for a server, with times for tests.
pub fn settings(url: &str, folder: &Path) -> Settings {
    let text = format!("[gateway]\nserver = \"{url}\"\nlisten = \"off\"\n");
    let mut settings = Settings::parse(&folder.join("fleet.toml"), &text).unwrap();
    settings.poll = (Duration::from_millis(20), Duration::from_millis(60));
    settings.scan = Duration::from_millis(100);
    settings.state = folder.join("state");
    settings.cache = folder.join("cache");
    assert_eq!(settings.server, Server::parse(url).unwrap());
    settings
}

/// Requests the stop when it is dropped, also by a panic: otherwise the test would wait for ever.
struct Stopping(Stop);

impl Drop for Stopping {
    fn drop(&mut self) {
        self.0.request();
    }
}

/// Runs a gateway while the test goes on, then stops it.
pub fn run<T>(gateway: &Gateway, test: impl FnOnce(&Gateway) -> T) -> Result<T, GatewayError> {
    let stop = Stop::default();
    thread::scope(|scope| {
        let running = scope.spawn(|| gateway.run(&stop));
        let stopping = Stopping(stop.clone());
        let result = test(gateway);
        drop(stopping);
        running.join().unwrap().map(|()| result)
    })
}

/// Runs a gateway for a fake server until something holds.
pub fn run_until(fake: &Fake, bench: &Bench, settings: &Settings, holds: impl Fn() -> bool) {
    let gateway = Gateway::open(settings.clone(), Tokens::default(), bench).unwrap();
    run(&gateway, |gateway| until(holds, || format!("{:#?}\n{:#?}", gateway.status(), fake.log()))).unwrap();
}

/// Waits until something holds.
pub fn until(holds: impl Fn() -> bool, state: impl Fn() -> String) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "it did not happen in time: {}", state());
        thread::sleep(Duration::from_millis(5));
    }
}
