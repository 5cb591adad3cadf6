//! The board at this machine, named by environment variables.

use lifeboot_artifact::bootloader_file::Bootloader;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_artifact::provision::FirstFlash;
use lifeboot_client::link::{Link, Retry};
use lifeboot_client::push::{Options, Progress, PushError, Pushed, Step};
use lifeboot_probe::{Connection, Flasher};
use lifeboot_project::board_file::BoardFile;
use lifeboot_serial::{BAUD, Port};
use lifeboot_tests::bench::{self, version};
use lifeboot_tests::product::{self, MICROBIT, PICO, STM32F405, Target};
use lifeboot_wire::{Slot, Status};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// One line for each board that has a bootloader.
static TARGETS: [&Target; 3] = [&MICROBIT, &PICO, &STM32F405];

/// How long a board may take until its firmware answers: the bootloader verifies it first, USB has to enumerate.
const START: Duration = Duration::from_secs(30);

const RETRY: Retry = Retry { timeout: Duration::from_secs(1), attempts: START.as_secs() as u32 };

/// A board, for one test at a time.
pub struct Board {
    target: &'static Target,
    port: String,
    flasher: Flasher,
    bootloader: Bootloader,
    _alone: MutexGuard<'static, ()>,
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: see the top of tests/hardware/main.rs"))
}

impl Board {
    /// Reserves the board, and builds its bootloader for the demo key.
    pub fn take() -> Board {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let name = variable("LIFEBOOT_BOARD_NAME");
        let target = TARGETS.into_iter().find(|target| target.board.name == name);
        let target = target.unwrap_or_else(|| panic!("LIFEBOOT_BOARD_NAME is {name}, which has no line in TARGETS"));
        let port = variable("LIFEBOOT_PORT");
        let usual = || BoardFile::read(&target.board_file()).unwrap().description.chip.name;
        let chip = env::var("LIFEBOOT_CHIP").unwrap_or_else(|_| usual());
        let probe = env::var("LIFEBOOT_PROBE").ok();
        let flasher = Flasher::connect(&chip, Connection { probe: probe.as_deref(), ..Connection::default() });
        let flasher = flasher.unwrap_or_else(|error| panic!("{:#}", anyhow::Error::new(error)));
        let elf = bench::bootloader(target).unwrap();
        let bootloader = Bootloader::from_elf(&fs::read(elf).unwrap()).unwrap();
        Board { target, port, flasher, bootloader, _alone: alone }
    }

    /// The example firmware with these features, signed with the demo's key.
    pub fn image(&self, features: &[&str], major: u16) -> ImageFile {
        bench::image(self.target, features, version(major), 0).unwrap()
    }

    /// The same, signed with another key.
    pub fn signed_by(&self, key: &str, features: &[&str], major: u16) -> ImageFile {
        let elf = product::firmware(self.target, lifeboot_core::Slot::A, features).unwrap();
        product::sign(self.target, &elf, version(major), 0, &product::demo_key(key).unwrap().0).unwrap()
    }

    /// Flashes bootloader, blank journal and this image, through the probe.
    pub fn provision(&mut self, image: &ImageFile) {
        let first = FirstFlash::new(self.bootloader.clone(), image.clone()).unwrap();
        let flashed = self.flasher.flash(&first, &mut |_, _, _| ());
        flashed.unwrap_or_else(|error| panic!("{:#}", anyhow::Error::new(error)));
    }

    /// Resets the board through the probe.
    pub fn reset(&mut self) {
        self.flasher.reset().unwrap();
    }

    /// A host that has just connected. A port over the board's own USB comes and goes with the firmware.
    pub fn link(&self) -> Link<Port> {
        let end = Instant::now() + START;
        loop {
            match Port::open(&self.port, BAUD) {
                Ok(port) => return Link::new(port, bench::seed()),
                Err(error) if Instant::now() >= end => panic!("{error}"),
                Err(_) => thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    /// Checks that the board reports this version as running and confirmed, and returns its whole status.
    pub fn runs(&self, slot: Slot, major: u16) -> Status {
        let status = self.link().status(RETRY).unwrap();
        bench::runs(&status, slot, version(major)).unwrap();
        status
    }

    /// Pushes, as `lifeboot push` does, once the board answers.
    pub fn push(&self, image: &ImageFile, progress: &mut dyn Progress) -> Result<Pushed, PushError> {
        push(self.link(), image, progress)
    }

    /// Pushes while the board is being reset.
    pub fn push_under(&mut self, image: &ImageFile, cuts: &mut Cuts) -> Result<Pushed, PushError> {
        push(self.link(), image, &mut Cutting { cuts, flasher: &mut self.flasher })
    }
}

fn push(mut link: Link<Port>, image: &ImageFile, progress: &mut dyn Progress) -> Result<Pushed, PushError> {
    link.status(RETRY)?;
    lifeboot_client::push::push(&mut link, image, &Options::default(), progress)
}

/// When a board is to be reset during a push.
pub struct Cuts {
    /// Thousandths of the image that are in the slot by then, last one first.
    thousandths: Vec<u64>,
    step: Option<Step>,
    done: usize,
}

impl Cuts {
    /// At these thousandths of the image in the slot, ascending.
    pub fn at_thousandths(instants: &[u64]) -> Cuts {
        Cuts { thousandths: instants.iter().rev().copied().collect(), step: None, done: 0 }
    }

    /// When the push first comes to this step.
    pub fn at_step(step: Step) -> Cuts {
        Cuts { thousandths: Vec::new(), step: Some(step), done: 0 }
    }

    /// Resets so far.
    pub fn done(&self) -> usize {
        self.done
    }
}

struct Cutting<'a> {
    cuts: &'a mut Cuts,
    flasher: &'a mut Flasher,
}

impl Cutting<'_> {
    fn cut(&mut self) {
        self.flasher.reset().unwrap();
        self.cuts.done += 1;
    }
}

impl Progress for Cutting<'_> {
    fn step(&mut self, step: Step) {
        if self.cuts.step.take_if(|due| *due == step).is_some() {
            self.cut();
        }
    }

    fn bytes(&mut self, done: u64, total: u64) {
        if self.cuts.thousandths.pop_if(|due| done * 1000 >= *due * total).is_some() {
            self.cut();
        }
    }
}
