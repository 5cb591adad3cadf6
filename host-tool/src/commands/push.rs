//! `lifeboot push`

use super::devices::Ports;
use super::monitor::{Programs, Screen};
use super::patches;
use super::port;
use super::progress::Console;
use super::seconds::{TIMEOUT, seconds};
use crate::error::Error;
use crate::output::Output;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_client::link::{Link, LinkError};
use lifeboot_client::push::{Options, PushError, Until, push};
use lifeboot_project::files::{self, Kind};
use lifeboot_report::{Each, Either, Pushed};
use lifeboot_serial::Port;
use lifeboot_wire::Refusal;
use std::path::PathBuf;
use std::time::Duration;

/// Bytes of a digest that a device reports.
pub const DIGEST: usize = lifeboot_wire::IMAGE_NAME;

/// How long an adapter may be unplugged during a push.
pub const UNPLUGGED: Duration = Duration::from_secs(60);

/// Update a device
///
/// Writes the image to the slot that is not running, restarts the device and waits until the new firmware has
/// confirmed. To resume an interrupted push, repeat it. If the image has a patch from the running image (sign --from)
/// that takes fewer bytes, the patch is sent instead of the image; the result is verified like any image.
///
/// With --stage the image is only brought there, and lifeboot activate starts it later. An image that is staged already is
/// not sent again.
///
/// Several devices are updated one after the other; once one has not confirmed the image, the others are left alone.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot push firmware.img
  lifeboot push firmware.img --port /dev/ttyACM0
  lifeboot push firmware.img --from last-release.img
  lifeboot push firmware.img --port /dev/ttyACM0 --port /dev/ttyACM1
  lifeboot push firmware.img --port tcp:localhost:4000 --json
  lifeboot push firmware.img --stage --port /dev/ttyACM0 --port /dev/ttyACM1
  lifeboot push firmware.img --force 0123456789abcdef0123456789abcdef

Exit status: 0 when the image runs and is confirmed, or is ready with --no-wait or --stage; 1 when it failed or was rolled back; \
2 for wrong arguments.")]
pub struct Arguments {
    /// The image, as lifeboot sign wrote it
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    #[command(flatten)]
    ports: Ports,
    /// An image that the device may run, so that only the changes since are sent. May be repeated
    #[arg(long, value_name = "OLD.img")]
    from: Vec<PathBuf>,
    /// Send the image itself, even if there are patches
    #[arg(long, conflicts_with = "from")]
    whole: bool,
    /// Neither restart the device nor wait: its next reset starts the image on trial
    #[arg(long)]
    no_wait: bool,
    /// Only stage the image: it is verified in its slot, and no reset starts it before lifeboot activate
    #[arg(long, conflicts_with = "no_wait")]
    stage: bool,
    /// How long to wait for the new firmware's confirm, in seconds
    #[arg(long, value_name = "SECONDS", env = "LIFEBOOT_TIMEOUT", value_parser = seconds(),
        default_value = TIMEOUT)]
    timeout: Duration,
    /// Push an image that the device rejected before; DIGEST is the 32 digits that the refusal shows
    #[arg(long, value_name = "DIGEST", value_parser = digits)]
    force: Option<String>,
    /// Also show on stdout what the device logs, decoded with the ELF files of the old and the new firmware
    #[arg(long)]
    monitor: bool,
    #[command(flatten)]
    programs: Programs,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Either<Pushed, Each<Pushed>>, Error> {
    let image = ImageFile::from_bytes(&files::read(&arguments.image, Kind::Image)?)?;
    let image = patches::added(image, &arguments.from)?;
    let digest = hex(&image.header().digest[..DIGEST]);
    if arguments.force.as_ref().is_some_and(|typed| *typed != digest) {
        return Err(Error::OtherDigest { digest });
    }
    let options = Options {
        force: arguments.force.is_some(),
        patch: !arguments.whole,
        until: match (arguments.stage, arguments.no_wait) {
            (true, _) => Until::Staged,
            (false, true) => Until::Pending,
            (false, false) => Until::Confirmed,
        },
        timeout: arguments.timeout,
    };
    arguments.ports.each(output, |port| push_at(port, &image, &options, arguments, output), could_happen_again)
}

/// Whether an error must be feared at the next device as well: this image did not confirm. A person's Ctrl-C is for all.
pub fn could_happen_again(error: &Error) -> bool {
    let Error::Push(error) = error else { return matches!(error, Error::Link(LinkError::Stopped)) };
    match error {
        PushError::RolledBack { .. } | PushError::CalledOff { .. } | PushError::Unconfirmed { .. } => true,
        PushError::Refused(refused) => refused.refusal == Refusal::Rejected,
        PushError::Stopped { .. } | PushError::Link(LinkError::Stopped) => true,
        _ => false,
    }
}

fn push_at(
    port: &port::Arguments,
    image: &ImageFile,
    options: &Options,
    arguments: &Arguments,
    output: Output,
) -> Result<Pushed, Error> {
    let console = Console::new(output);
    let monitor = arguments.monitor.then(|| {
        let screen = Screen::new(output, None, arguments.programs.bootloader.is_some());
        arguments.programs.monitor(screen.sink_above(&console))
    });
    let monitor = monitor.transpose()?;
    let opened = port.open(output)?;
    let link = port.line.link(opened, output).with_recovery(UNPLUGGED);
    let mut link = match &monitor {
        Some(monitor) => monitor.on(link),
        None => reporting(link, &console),
    };
    let pushed = push_with_progress(&mut link, image, options, &console);
    if let Some(monitor) = monitor {
        monitor.finish();
    }
    pushed
}

/// Returns the link, with its events reported to the console.
pub fn reporting(link: Link<Port>, console: &Console) -> Link<Port> {
    let console = console.clone();
    link.with_listener(move |now, event| console.report(now, &event))
}

/// Pushes an image and shows the progress.
pub fn push_with_progress(
    link: &mut Link<Port>,
    image: &ImageFile,
    options: &Options,
    console: &Console,
) -> Result<Pushed, Error> {
    let mut listener = console.listener();
    Ok(Pushed::new(&push(link, image, options, &mut *listener)?, image))
}

/// Parses the digest of an image as a device shows it.
pub fn digits(text: &str) -> Result<String, String> {
    if text.len() != 2 * DIGEST || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        let digits = 2 * DIGEST;
        return Err(format!("all {digits} digits are wanted that the device shows of the rejected image's digest"));
    }
    Ok(text.to_ascii_lowercase())
}
