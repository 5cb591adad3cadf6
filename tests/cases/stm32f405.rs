//! The whole system on an STM32F405 in rsemu: the real bootloader, the example firmware on stm32f4xx-hal's flash driver,
//! and the host tool's library at the serial line, all in virtual time. Each test is the same in each run.

#[cfg(feature = "deep")]
mod completed;
mod cuts;
mod handover;
#[cfg(feature = "deep")]
mod keys;
mod recovery;
mod recovery_requested;
mod resets;
#[cfg(feature = "deep")]
mod storms;
mod supply;
pub mod updates;
#[cfg(feature = "deep")]
mod watchdog;

use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::{Link, Retry};
use lifeboot_client::push::{self, Options, PushError, Pushed};
use lifeboot_tests::bench::{self, HOST};
use lifeboot_tests::emulator::stm32f4::chip::{Chip, Settings};
use lifeboot_tests::emulator::stm32f4::line::Line;
use lifeboot_tests::product::{self, STM32F405};
use lifeboot_wire::Status;

/// A chip, and a host with its library.
type Host = Link<Line>;

fn image(features: &[&str], major: u16, epoch: u32) -> ImageFile {
    bench::image(&STM32F405, features, bench::version(major), epoch).unwrap()
}

/// Flash from production, with firmware 1.0.0.
pub fn factory() -> Vec<u8> {
    product::factory_flash(&STM32F405, &bench::bootloader(&STM32F405).unwrap(), &image(&[], 1, 0)).unwrap()
}

/// A host that is the same each time, at a chip that has just been powered on.
pub fn connect(flash: &[u8], settings: &Settings) -> Host {
    Link::new(Line::new(Chip::power_on(flash, settings).unwrap()), HOST)
}

pub fn push(host: &mut Host, image: &ImageFile) -> Result<Pushed, PushError> {
    push::push(host, image, &Options::default(), &mut ())
}

fn status(host: &mut Host) -> Status {
    host.status(Retry::SHORT).unwrap()
}
