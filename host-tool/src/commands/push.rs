//! `lifeboot push`

use super::monitor::{Programs, Screen};
use super::patches;
use super::port::{self, seed};
use super::progress::Console;
use crate::error::Error;
use crate::output::Output;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::Link;
use lifeboot_client::push::{Options, push};
use lifeboot_project::files;
use lifeboot_report::Pushed;
use lifeboot_serial::Port;
use std::path::PathBuf;
use std::time::Duration;

/// Bytes of a digest that a device shows.
const DIGEST: usize = 16;

/// How long an adapter may be unplugged.
pub const UNPLUGGED: Duration = Duration::from_secs(60);

/// Update a device
///
/// Writes the image to the slot that does not run, restarts the device and waits until the new firmware has confirmed.
/// An interrupted push resumes where it was: just repeat it. Where the image has a patch from what runs (sign --from), and
/// that is less to send, it is sent instead of the image; what it makes is verified as ever.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot push firmware.img
  lifeboot push firmware.img --port /dev/ttyACM0
  lifeboot push firmware.img --from last-release.img
  lifeboot push firmware.img --port tcp:localhost:4000 --json
  lifeboot push firmware.img --force 0123456789abcdef0123456789abcdef

Exit status: 0 when the image runs and is confirmed, or is ready with --no-wait; 1 when it failed or was rolled back; \
2 for wrong arguments.")]
pub struct Arguments {
    /// The image, as lifeboot sign makes it
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    #[command(flatten)]
    port: port::Arguments,
    /// An image that the device may run: then only what changed since is sent. May be given more than once
    #[arg(long, value_name = "OLD.img")]
    from: Vec<PathBuf>,
    /// Send the image itself, whatever patches there are
    #[arg(long, conflicts_with = "from")]
    whole: bool,
    /// Neither restart the device nor wait: its next reset starts the image on trial
    #[arg(long)]
    no_wait: bool,
    /// How long to wait for the new firmware's confirm, in seconds
    #[arg(long, value_name = "SECONDS", env = "LIFEBOOT_TIMEOUT", default_value_t = Options::default().timeout.as_secs())]
    timeout: u64,
    /// Push an image that the device has rejected before; DIGEST are the 32 digits that the refusal shows
    #[arg(long, value_name = "DIGEST", value_parser = digits)]
    force: Option<String>,
    /// Show what the device logs meanwhile, on stdout; with the ELF files of the old and the new firmware
    #[arg(long)]
    monitor: bool,
    #[command(flatten)]
    programs: Programs,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Pushed, Error> {
    let image = ImageFile::from_bytes(&files::read(&arguments.image)?)?;
    let image = patches::added(image, &arguments.from)?;
    let digest = hex(&image.header().digest[..DIGEST]);
    if arguments.force.as_ref().is_some_and(|typed| *typed != digest) {
        return Err(Error::OtherDigest { digest });
    }
    let options = Options {
        force: arguments.force.is_some(),
        patch: !arguments.whole,
        wait: !arguments.no_wait,
        timeout: Duration::from_secs(arguments.timeout),
    };
    let console = Console::new(output);
    let monitor = arguments.monitor.then(|| {
        let screen = Screen::new(output, None, arguments.programs.bootloader.is_some());
        arguments.programs.monitor(screen.sink_above(&console))
    });
    let monitor = monitor.transpose()?;
    let port = arguments.port.open()?;
    let link = Link::new(port, seed()).with_recovery(UNPLUGGED);
    let mut link = match &monitor {
        Some(monitor) => monitor.on(link),
        None => reporting(link, &console),
    };
    let pushed = push_with_progress(&mut link, &image, &options, &console);
    if let Some(monitor) = monitor {
        monitor.finish();
    }
    pushed
}

/// The link, with what happens to it reported.
pub fn reporting(link: Link<Port>, console: &Console) -> Link<Port> {
    let console = console.clone();
    link.with_listener(move |now, event| console.report(now, &event))
}

/// Pushes, and shows how it goes on.
pub fn push_with_progress(
    link: &mut Link<Port>,
    image: &ImageFile,
    options: &Options,
    console: &Console,
) -> Result<Pushed, Error> {
    let mut listener = console.listener();
    Ok(Pushed::new(&push(link, image, options, &mut *listener)?, image))
}

fn digits(text: &str) -> Result<String, String> {
    if text.len() != 2 * DIGEST || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        let digits = 2 * DIGEST;
        return Err(format!("all {digits} digits are wanted that the device shows of the rejected image's digest"));
    }
    Ok(text.to_ascii_lowercase())
}
