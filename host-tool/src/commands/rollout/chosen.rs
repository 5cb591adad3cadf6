//! What a rollout is to be: which images, under which name, to which devices. The same words for a plan and for a start, so that
//! the one is what the other does.

use super::folder::{Folder, Places};
use super::site::Talk;
use crate::commands::{interrupt, patches, port};
use crate::error::Error;
use crate::output::Output;
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_fleet::definition::{Definition, Flow, ImageName, RolloutId};
use lifeboot_fleet::device::{DeviceId, Ending, Look, Site};
use lifeboot_fleet::fleet_file::{Fleet, FleetDevice};
use lifeboot_fleet::log::StateFolder;
use lifeboot_project::files::{self, Kind};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file of a fleet, if none is named.
const FILE: &str = "fleet.toml";

#[derive(clap::Args)]
#[group(skip)]
pub struct Chosen {
    /// The image, as lifeboot sign wrote it; one for each kind of board, if there are several
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// The rollout's name, which also decides what devices are in waves of so many percent [default: the image's version, with a
    /// number if there was one]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The file that describes devices and waves [default: fleet.toml, unless ports are given]
    #[arg(long, value_name = "FLEET.toml", conflicts_with = "port")]
    fleet: Option<PathBuf>,
    /// A port, instead of a file: the devices that are found there now, a canary first. May be repeated
    #[arg(short, long)]
    port: Vec<String>,
    /// An image that devices may run, so that only the changes since are sent. May be repeated
    #[arg(long, value_name = "OLD.img")]
    from: Vec<PathBuf>,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    pub talk: Talk,
}

/// What was chosen.
pub struct Choice {
    pub folder: StateFolder,
    pub definition: Definition,
    pub images: Vec<ImageFile>,
    pub places: Places,
}

impl Chosen {
    /// Reads what was chosen.
    pub fn read(&self, flow: Flow, output: Output) -> Result<Choice, Error> {
        let images = self.images()?;
        let folder = self.folder.open()?;
        let rollout = match (&self.name, images.first()) {
            (None, Some(image)) => free_name(&image.header().version.to_string(), &folder.list()?)?,
            (name, _) => RolloutId::new(name.clone().unwrap_or_default())?,
        };
        let (fleet, places) = self.fleet(output)?;
        let definition = fleet.definition(rollout, images.iter().map(name_of).collect(), flow)?;
        Ok(Choice { folder, definition, images, places })
    }

    /// Reads the images, and adds a patch from each older image to the one of its board.
    fn images(&self) -> Result<Vec<ImageFile>, Error> {
        let read = |path: &PathBuf| Ok(ImageFile::from_bytes(&files::read(path, Kind::Image)?)?);
        let mut images = self.images.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
        for path in &self.from {
            let map = read(path)?.header().map_digest;
            // For another board there is none: then the first says so.
            let of_board = images.iter().position(|image| image.header().map_digest == map).unwrap_or_default();
            if let Some(image) = images.get_mut(of_board) {
                *image = patches::added(image.clone(), std::slice::from_ref(path))?;
            }
        }
        Ok(images)
    }

    /// Returns the fleet, and where its devices are.
    fn fleet(&self, output: Output) -> Result<(Fleet, Places), Error> {
        if !self.port.is_empty() {
            return self.found(output);
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
    fn found(&self, output: Output) -> Result<(Fleet, Places), Error> {
        let ports = port::distinct(&self.port);
        let mut places = Places { ports: Some(ports.clone()), at: BTreeMap::new() };
        let site = self.talk.site(places.clone(), output);
        let mut found = site.discover();
        if interrupt::came() {
            return Err(Error::Stopped);
        }
        found.sort_by_key(|look| ports.iter().position(|port| *port == look.port));
        if let Some(silent) = ports.iter().find(|port| !found.iter().any(|look| look.port == **port)) {
            let reason = site.look(&DeviceId::at_port(silent)).err().map(|ending| reason_of(&ending));
            return Err(Error::NobodyAt { port: silent.clone(), reason: reason.unwrap_or_default() });
        }
        places.at = found.iter().map(|look| (look.device.clone(), look.port.clone())).collect();
        let device = |look: Look| FleetDevice::new(look.device, Some(look.port));
        Ok((Fleet::of_devices(found.into_iter().map(device).collect()), places))
    }
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

/// Returns why something ended so, for people.
pub fn reason_of(ending: &Ending) -> String {
    match ending {
        Ending::Absent { reason } | Ending::Interrupted { reason } | Ending::Refused { reason } => reason.clone(),
        Ending::RolledBack { reason, .. } => reason.clone(),
        Ending::Silent { last } => last.clone(),
        Ending::Confirmed | Ending::Staged | Ending::Restored => String::new(),
    }
}

/// Returns a name that no rollout has.
fn free_name(version: &str, taken: &[RolloutId]) -> Result<RolloutId, Error> {
    // A build number's sign is no part of a folder's name.
    let version = version.replace('+', "-");
    let names = std::iter::once(version.clone()).chain((2..).map(|number| format!("{version}_{number}")));
    let free = names.map(RolloutId::new).find(|name| name.as_ref().map_or(true, |name| !taken.contains(name)));
    free.transpose()?.ok_or(Error::NoRollout)
}
