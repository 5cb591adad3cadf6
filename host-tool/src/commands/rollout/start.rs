//! `lifeboot rollout start`

use super::chosen::{Choice, Chosen};
use super::driving::Driven;
use crate::error::Error;
use crate::output::Output;
use lifeboot_fleet::definition::Flow;
use lifeboot_report::Rollout;

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
    #[command(flatten)]
    chosen: Chosen,
    /// Bring the image to all devices first, and start it only then, wave by wave
    #[arg(long)]
    stage: bool,
    /// Stay when only a person can go on, and wait for that
    #[arg(long)]
    stay: bool,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<Rollout, Error> {
    let flow = if arguments.stage { Flow::StageFirst } else { Flow::Update };
    let Choice { folder, definition, images, places } = arguments.chosen.read(flow, output)?;
    let rollout = definition.rollout.clone();
    let begun = Driven { folder, rollout, images, places }.start(definition)?;
    begun.run(arguments.stay, &arguments.chosen.talk, output)
}
