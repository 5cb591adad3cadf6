//! `lifeboot rollout start`

use super::driving::Driven;
use super::folder::{Folder, folder_of, keep};
use super::plan::Fleeted;
use super::site::Talk;
use crate::error::Error;
use crate::output::Output;
use lifeboot_fleet::definition::{Flow, RolloutId};
use lifeboot_fleet::rollout::Event;
use lifeboot_report::Rollout;
use std::path::PathBuf;

/// Start a rollout, and drive it until it is over, stops, or waits for a person
///
/// Ctrl-C ends it in good order: nothing new begins, and lifeboot rollout resume goes on. So it does after a crash.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot rollout start firmware.img
  lifeboot rollout start firmware.img --fleet hall-b.toml --name spring
  lifeboot rollout start firmware.img --stage
  lifeboot rollout start press.img camera.img
  lifeboot rollout start firmware.img --port /dev/ttyACM0 --port /dev/ttyACM1

Exit status: 0 when each device runs the image and has confirmed it; 1 otherwise, also if the rollout has stopped, or waits \
for a person.")]
pub struct Arguments {
    /// The image, as lifeboot sign wrote it; one for each kind of board, if there are several
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// The rollout's name [default: the image's version, with a number if there was one]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    fleet: Fleeted,
    #[command(flatten)]
    folder: Folder,
    /// An image that devices may run, so that only the changes since are sent. May be repeated
    #[arg(long, value_name = "OLD.img")]
    from: Vec<PathBuf>,
    /// Bring the image to all devices first, and start it only then, wave by wave
    #[arg(long)]
    stage: bool,
    /// Stay when only a person can go on, and wait for that
    #[arg(long)]
    stay: bool,
    #[command(flatten)]
    talk: Talk,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Rollout, Error> {
    let images = super::plan::read(&arguments.images, &arguments.from)?;
    let folder = arguments.folder.open()?;
    let rollout = match &arguments.name {
        Some(name) => RolloutId::new(name.clone())?,
        None => free_name(&images[0].header().version.to_string(), &folder.list()?)?,
    };
    let (fleet, places) = arguments.fleet.read(&arguments.talk, output)?;
    let flow = if arguments.stage { Flow::StageFirst } else { Flow::Update };
    let definition = fleet.definition(rollout.clone(), images.iter().map(super::plan::name_of).collect(), flow)?;
    let log = folder.create(&rollout)?;
    keep(&folder_of(&folder, &rollout), &images, &places)?;
    let first = vec![Event::Started { definition: Box::new(definition) }];
    Driven { folder, rollout, images, places }.run(log, None, first, arguments.stay, &arguments.talk, output)
}

/// Returns a name that no rollout has.
fn free_name(version: &str, taken: &[RolloutId]) -> Result<RolloutId, Error> {
    // A build number's sign is no part of a folder's name.
    let version = version.replace('+', "-");
    let names = std::iter::once(version.clone()).chain((2..).map(|number| format!("{version}_{number}")));
    let free = names.map(RolloutId::new).find(|name| name.as_ref().map_or(true, |name| !taken.contains(name)));
    free.transpose()?.ok_or(Error::NoRollout)
}
