//! `lifeboot activate`

use super::devices::Ports;
use super::port;
use super::progress::Console;
use super::push::{DIGEST, UNPLUGGED, could_happen_again, digits, reporting};
use super::seconds::{TIMEOUT, seconds};
use crate::error::Error;
use crate::output::Output;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::push::{Activation, activate};
use lifeboot_client::state::WantedImage;
use lifeboot_project::files::{self, Kind};
use lifeboot_report::{Activated, Each, Either};
use std::path::Path;
use std::time::Duration;

/// Start an image that push --stage has left in its slot
///
/// The device checks it in full again, and its rules as they are now: an image whose key was revoked since, for example, is
/// refused. Then the device is restarted, and the command waits until the new firmware has confirmed.
///
/// An image that was cancelled before it was started can be activated as well. To send nothing twice, push does the same with an
/// image that is staged.
///
/// Several devices are switched one after the other; once one has not confirmed the image, the others are left alone.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot activate firmware.img
  lifeboot activate 0123456789abcdef0123456789abcdef
  lifeboot activate firmware.img --port /dev/ttyACM0 --port /dev/ttyACM1
  lifeboot activate firmware.img --no-wait

Exit status: 0 when the image runs and is confirmed, or is pending with --no-wait; 1 when it failed or was rolled back; \
2 for wrong arguments.")]
pub struct Arguments {
    /// The image, as lifeboot sign wrote it, or its digest, the 32 digits that lifeboot status shows
    #[arg(value_name = "IMAGE|DIGEST")]
    image: String,
    #[command(flatten)]
    ports: Ports,
    /// Neither restart the device nor wait: its next reset starts the image on trial
    #[arg(long)]
    no_wait: bool,
    /// How long to wait for the new firmware's confirm, in seconds
    #[arg(long, value_name = "SECONDS", env = "LIFEBOOT_TIMEOUT", value_parser = seconds(),
        default_value = TIMEOUT)]
    timeout: Duration,
    /// Activate an image that the device rejected before; DIGEST is the 32 digits that the refusal shows
    #[arg(long, value_name = "DIGEST", value_parser = digits)]
    force: Option<String>,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Either<Activated, Each<Activated>>, Error> {
    let image = wanted(&arguments.image)?;
    let digest = hex(&image.digest);
    if arguments.force.as_ref().is_some_and(|typed| *typed != digest) {
        return Err(Error::OtherDigest { digest });
    }
    let activation =
        Activation { force: arguments.force.is_some(), wait: !arguments.no_wait, timeout: arguments.timeout };
    arguments.ports.each(output, |port| activate_at(port, &image, &activation, output), could_happen_again)
}

fn activate_at(
    port: &port::Arguments,
    image: &WantedImage,
    activation: &Activation,
    output: Output,
) -> Result<Activated, Error> {
    let console = Console::new(output);
    let opened = port.open(output)?;
    let mut link = reporting(port.line.link(opened, output).with_recovery(UNPLUGGED), &console);
    let mut listener = console.listener();
    Ok(Activated::new(image, activate(&mut link, image, activation, &mut *listener)?))
}

/// Returns the image in this file or with this digest. A file that is named like a digest is a file.
fn wanted(text: &str) -> Result<WantedImage, Error> {
    let named = if Path::new(text).exists() { None } else { digest(text) };
    match named {
        Some(digest) => Ok(WantedImage::named(digest)),
        None => Ok(WantedImage::from(&ImageFile::from_bytes(&files::read(Path::new(text), Kind::Image)?)?)),
    }
}

fn digest(text: &str) -> Option<[u8; DIGEST]> {
    let text = digits(text).ok()?;
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    text.as_bytes().chunks(2).map(byte).collect::<Option<Vec<u8>>>()?.try_into().ok()
}
