//! `lifeboot rollout plan`, and the fleet that is meant.

use super::folder::Places;
use super::site::Talk;
use crate::commands::{interrupt, patches};
use crate::error::Error;
use crate::output::{self, Output};
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_fleet::blast_radius::blast_radius;
use lifeboot_fleet::definition::{Flow, ImageName, RolloutId, Wave};
use lifeboot_fleet::device::{DeviceId, Ending, Site};
use lifeboot_fleet::fleet_file::{Fleet, FleetDevice};
use lifeboot_fleet::lines::{Forecast, Lines, Open, Sending};
use lifeboot_project::files::{self, Kind};
use lifeboot_report::{PlanVerdict, PlannedDevice, PlannedWave, RolloutPlan};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

/// The file of a fleet, if none is named.
const FILE: &str = "fleet.toml";
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
    /// The image, as lifeboot sign wrote it; one for each kind of board, if there are several
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// The rollout's name, which decides what devices are in waves of so many percent [default: the image's version]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    fleet: Fleeted,
    /// An image that devices may run, so that only the changes since are sent. May be repeated
    #[arg(long, value_name = "OLD.img")]
    from: Vec<PathBuf>,
    #[command(flatten)]
    talk: Talk,
}

/// The fleet that is meant.
#[derive(clap::Args)]
#[group(skip)]
pub struct Fleeted {
    /// The file that describes devices and waves [default: fleet.toml, unless ports are given]
    #[arg(long, value_name = "FLEET.toml", conflicts_with = "port")]
    fleet: Option<PathBuf>,
    /// A port, instead of a file: the devices that are found there now, a canary first. May be repeated
    #[arg(short, long)]
    port: Vec<String>,
}

impl Fleeted {
    /// Returns the fleet, and where its devices are.
    pub fn read(&self, talk: &Talk, output: Output) -> Result<(Fleet, Places), Error> {
        if !self.port.is_empty() {
            return self.found(talk, output);
        }
        let path = self.fleet.as_deref().unwrap_or(Path::new(FILE));
        if self.fleet.is_none() && !path.exists() {
            return Err(Error::NoFleet);
        }
        let fleet = Fleet::parse(path, &files::read_text(path, Kind::Settings)?)?;
        let places = Places::of(&fleet);
        Ok((fleet, places))
    }

    /// The devices that are at the given ports now.
    fn found(&self, talk: &Talk, output: Output) -> Result<(Fleet, Places), Error> {
        interrupt::remember(output);
        let mut places = Places { ports: Some(self.port.clone()), at: BTreeMap::new() };
        let site = talk.site(places.clone(), output, Arc::new(AtomicBool::new(false)));
        let mut found = site.discover();
        found.sort_by_key(|look| self.port.iter().position(|port| *port == look.port));
        if let Some(silent) = self.port.iter().find(|port| !found.iter().any(|look| look.port == **port)) {
            let reason = site.look(&DeviceId::at_port(silent)).err().map(|ending| reason_of(&ending));
            return Err(Error::NobodyAt { port: silent.clone(), reason: reason.unwrap_or_default() });
        }
        places.at = found.iter().map(|look| (look.device.clone(), look.port.clone())).collect();
        let device = |look: lifeboot_fleet::device::Look| FleetDevice::new(look.device, Some(look.port));
        Ok((Fleet::of_devices(found.into_iter().map(device).collect()), places))
    }
}

/// Reads the images, and adds a patch from each older image to the one of its board.
pub fn read(images: &[PathBuf], from: &[PathBuf]) -> Result<Vec<ImageFile>, Error> {
    let read = |path: &PathBuf| Ok(ImageFile::from_bytes(&files::read(path, Kind::Image)?)?);
    let mut images = images.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    for path in from {
        let board = read(path)?.header().map_digest;
        let of_board = images.iter().position(|image| image.header().map_digest == board).unwrap_or_default();
        let image = images.swap_remove(of_board);
        images.push(patches::added(image, std::slice::from_ref(path))?);
    }
    Ok(images)
}

/// Returns the name of an image in rollouts.
pub fn name_of(image: &ImageFile) -> ImageName {
    let header = image.header();
    ImageName {
        version: header.version.to_string(),
        digest: hex(&header.digest),
        board: image.board().name.to_owned(),
        map: header.map_digest,
    }
}

pub fn run(arguments: &Arguments, output: Output) -> Result<RolloutPlan, Error> {
    let images = read(&arguments.images, &arguments.from)?;
    let version = images[0].header().version.to_string();
    let name = arguments.name.clone().unwrap_or_else(|| version.replace('+', "-"));
    let (fleet, places) = arguments.fleet.read(&arguments.talk, output)?;
    let definition = fleet.definition(RolloutId::new(name)?, images.iter().map(name_of).collect(), Flow::Update)?;
    interrupt::remember(output);
    let site = arguments.talk.site(places, output, Arc::new(AtomicBool::new(false)));
    if !output.is_quiet() && !output.is_json() {
        output::note(format_args!("asking {} devices", definition.devices()));
    }
    let radius = blast_radius(&definition);
    let mut plan = RolloutPlan {
        digests: images.iter().map(|image| hex(&image.header().digest)).collect(),
        version,
        waves: Vec::new(),
        devices: Vec::new(),
        seconds: 0,
    };
    for (wave, radius) in definition.waves.iter().zip(radius) {
        let devices = forecasts(&site, wave, &images);
        let seconds = seconds(wave, &devices, arguments.talk.bytes_a_second());
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

fn reason_of(ending: &Ending) -> String {
    match ending {
        Ending::Absent { reason } | Ending::Interrupted { reason } | Ending::Refused { reason } => reason.clone(),
        Ending::RolledBack { reason, .. } => reason.clone(),
        Ending::Silent { last } => last.clone(),
        Ending::Confirmed | Ending::Staged | Ending::Restored => String::new(),
    }
}

/// How long a wave's lines are busy with sending.
fn seconds(wave: &Wave, devices: &[PlannedDevice], bytes_a_second: u64) -> u64 {
    let bytes: u64 = devices.iter().map(|device| device.bytes).sum();
    let most = devices.iter().map(|device| device.bytes).max().unwrap_or_default();
    let lines = u64::from(wave.parallel).min(devices.len() as u64).max(1);
    (bytes / lines).max(most).div_ceil(bytes_a_second.max(1))
}
