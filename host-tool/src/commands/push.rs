//! `lifeboot push`

use super::{port, progress};
use crate::output::Output;
use lifeboot_host_tool::image_file::{ImageFile, hex};
use lifeboot_host_tool::link::Link;
use lifeboot_host_tool::port::Port;
use lifeboot_host_tool::push::{Options, push};
use lifeboot_host_tool::report::Pushed;
use lifeboot_host_tool::{Error, files};
use std::path::PathBuf;
use std::time::Duration;

/// Digits of a digest that name an image beyond doubt.
const DIGITS: usize = 8;

/// Update a device
///
/// Writes the image to the slot that does not run, restarts the device and waits until the new firmware has confirmed.
/// An interrupted push resumes where it was: just repeat it.
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when the image runs and is confirmed, or is ready with --no-wait; 1 when it failed or was rolled back; \
2 for wrong arguments.")]
pub struct Arguments {
    /// The image, as lifeboot sign makes it
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    #[command(flatten)]
    port: port::Arguments,
    /// Neither restart the device nor wait: its next reset starts the image on trial
    #[arg(long)]
    no_wait: bool,
    /// How long to wait for the new firmware's confirm, in seconds
    #[arg(long, value_name = "SECONDS", env = "LIFEBOOT_TIMEOUT", default_value_t = Options::default().timeout.as_secs())]
    timeout: u64,
    /// Push an image that the device has rejected before; DIGEST is the first 8 digits or more of the image's digest
    #[arg(long, value_name = "DIGEST", value_parser = digits)]
    force: Option<String>,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Pushed, Error> {
    let image = ImageFile::from_bytes(&files::read(&arguments.image)?)?;
    let digest = hex(&image.header().digest);
    if arguments.force.as_ref().is_some_and(|digits| !digest.starts_with(digits)) {
        return Err(Error::OtherDigest { digest });
    }
    let options = Options {
        force: arguments.force.is_some(),
        wait: !arguments.no_wait,
        timeout: Duration::from_secs(arguments.timeout),
    };
    let mut link = arguments.port.link()?;
    bring(&mut link, &image, &options, output)
}

/// Pushes, and shows how it goes on.
pub fn bring(link: &mut Link<Port>, image: &ImageFile, options: &Options, output: Output) -> Result<Pushed, Error> {
    let mut listener = progress::listener(output);
    Ok(Pushed::new(&push(link, image, options, &mut *listener)?, image))
}

fn digits(text: &str) -> Result<String, String> {
    if text.len() < DIGITS || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(format!("give {DIGITS} digits or more of the image's digest; lifeboot inspect shows it"));
    }
    Ok(text.to_ascii_lowercase())
}
