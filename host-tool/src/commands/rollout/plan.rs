//! `lifeboot rollout plan`

use super::chosen::{Choice, Chosen, reason_of};
use crate::commands::interrupt;
use crate::error::Error;
use crate::output::{self, Output};
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_fleet::blast_radius::blast_radius;
use lifeboot_fleet::definition::{Flow, Wave};
use lifeboot_fleet::device::{DeviceId, Ending};
use lifeboot_fleet::lines::{Forecast, Lines, Open, Sending};
use lifeboot_report::{PlanVerdict, PlannedDevice, PlannedWave, RolloutPlan};
use std::thread;

/// How many devices are asked at once.
const AT_ONCE: usize = 16;

/// Show what a rollout would do, and touch nothing
///
/// Asks every device, and judges the image by what it says: which would refuse it and why, what would be sent, and how many
/// devices a bad image could hurt.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lifeboot rollout plan firmware.img
  lifeboot rollout plan firmware.img --port /dev/ttyACM0 --port /dev/ttyACM1

Exit status: 0 where each device was found and would take the image, 1 otherwise.")]
pub struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
}

pub fn run(arguments: &Arguments, output: Output) -> Result<RolloutPlan, Error> {
    let Choice { definition, images, places, .. } = arguments.chosen.read(Flow::Update, output)?;
    let talk = &arguments.chosen.talk;
    let site = talk.site(places, output);
    if !output.is_quiet() && !output.is_json() {
        output::note(format_args!("asking {} devices", definition.devices()));
    }
    let radius = blast_radius(&definition);
    let mut plan = RolloutPlan {
        digests: images.iter().map(|image| hex(&image.header().digest)).collect(),
        version: images.first().map(|image| image.header().version.to_string()).unwrap_or_default(),
        waves: Vec::new(),
        devices: Vec::new(),
        seconds: 0,
    };
    for (wave, radius) in definition.waves.iter().zip(radius) {
        let devices = forecasts(&site, wave, &images);
        if interrupt::came() {
            return Err(Error::Stopped);
        }
        let seconds = seconds(wave, &devices, talk.bytes_a_second());
        plan.seconds += seconds;
        plan.waves.push(PlannedWave {
            name: wave.name.clone(),
            devices: wave.devices.len(),
            parallel: wave.parallel,
            soak: wave.soak.as_secs(),
            approve: wave.approve,
            blast_radius: radius.at_start,
            seconds,
        });
        plan.devices.extend(devices);
    }
    Ok(plan)
}

/// Asks the devices of a wave.
fn forecasts<O: Open>(site: &Lines<O>, wave: &Wave, images: &[ImageFile]) -> Vec<PlannedDevice> {
    let mut planned = Vec::new();
    for devices in wave.devices.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let asked: Vec<_> =
                devices.iter().map(|device| scope.spawn(move || (device, site.forecast(device, images)))).collect();
            let answers = asked.into_iter().filter_map(|asked| asked.join().ok());
            planned.extend(answers.map(|(device, forecast)| planned_device(device, wave, forecast)));
        });
    }
    planned
}

fn planned_device(device: &DeviceId, wave: &Wave, forecast: Result<Forecast, Ending>) -> PlannedDevice {
    let mut planned = PlannedDevice {
        device: device.to_string(),
        wave: wave.name.clone(),
        port: None,
        runs: None,
        verdict: PlanVerdict::Absent,
        reason: None,
        bytes: 0,
    };
    match forecast {
        Err(ending) => planned.reason = Some(reason_of(&ending)),
        Ok(Forecast { look, refused, sending }) => {
            planned.port = Some(look.port);
            planned.runs = Some(look.text);
            (planned.verdict, planned.bytes) = match (refused.is_some(), sending) {
                (_, Sending::Nothing) => (PlanVerdict::Skip, 0),
                (true, _) => (PlanVerdict::Refuse, 0),
                (false, Sending::Start) => (PlanVerdict::Start, 0),
                (false, Sending::Patch(bytes)) => (PlanVerdict::Patch, bytes),
                (false, Sending::Image(bytes)) => (PlanVerdict::Send, bytes),
            };
            planned.reason = refused.filter(|_| planned.verdict == PlanVerdict::Refuse);
        }
    }
    planned
}

/// How long a wave's lines are busy with sending.
fn seconds(wave: &Wave, devices: &[PlannedDevice], bytes_a_second: u64) -> u64 {
    let bytes: u64 = devices.iter().map(|device| device.bytes).sum();
    let most = devices.iter().map(|device| device.bytes).max().unwrap_or_default();
    let lines = u64::from(wave.parallel).min(devices.len() as u64).max(1);
    (bytes / lines).max(most).div_ceil(bytes_a_second.max(1))
}
