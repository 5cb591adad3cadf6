//! Where rollouts are kept: their logs, their images, and at which ports their devices are.

use crate::error::Error;
use lifeboot_artifact::image_file::ImageFile;
use lifeboot_fleet::definition::RolloutId;
use lifeboot_fleet::device::DeviceId;
use lifeboot_fleet::fleet_file::Fleet;
use lifeboot_fleet::log::{LogError, StateFolder};
use lifeboot_fleet::rollout::{Phase, State};
use lifeboot_project::environment::variable;
use lifeboot_project::files::{self, FileError, Kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where its devices are, in its folder.
const PORTS: &str = "ports.json";

#[derive(clap::Args)]
#[group(skip)]
pub struct Folder {
    /// The folder in which rollouts are kept [default: lifeboot in the user's folder for state]
    #[arg(long, value_name = "FOLDER", env = "LIFEBOOT_STATE")]
    state: Option<PathBuf>,
}

/// A rollout that is named, or the only one that it can be.
#[derive(clap::Args)]
#[group(skip)]
pub struct Named {
    /// The rollout [default: the one that is not over; with several, the last one]
    #[arg(value_name = "ROLLOUT")]
    rollout: Option<String>,
    #[command(flatten)]
    pub folder: Folder,
}

/// Where the devices of a rollout are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Places {
    /// The ports at which devices are looked for; `None` for all USB serial ports.
    pub ports: Option<Vec<String>>,
    /// Where single devices are expected.
    pub at: BTreeMap<DeviceId, String>,
}

impl Places {
    /// Returns where the devices of a fleet are, as far as its file says.
    pub fn of(fleet: &Fleet) -> Places {
        let placed = fleet.devices().iter().filter_map(|device| Some((device.id.clone(), device.port.clone()?)));
        let at: BTreeMap<_, _> = placed.collect();
        // If each device says where it is, no other port is anybody's business.
        let ports = (at.len() == fleet.devices().len()).then(|| at.values().cloned().collect());
        Places { ports, at }
    }
}

impl Folder {
    /// Returns the folder.
    pub fn open(&self) -> Result<StateFolder, Error> {
        let of = |name: &str| variable(name).map(PathBuf::from);
        let user = || {
            of("XDG_STATE_HOME")
                .or_else(|| Some(of("HOME")?.join(".local/state")))
                .or_else(|| of("LOCALAPPDATA"))
                .map(|folder| folder.join("lifeboot"))
        };
        self.state.clone().or_else(user).map(StateFolder::new).ok_or(Error::NoStateFolder)
    }
}

impl Named {
    /// Returns the rollout that is meant.
    pub fn find(&self) -> Result<(StateFolder, RolloutId), Error> {
        let folder = self.folder.open()?;
        if let Some(name) = &self.rollout {
            return Ok((folder, RolloutId::new(name)?));
        }
        // The last of those that are not over, else the last of all. One that cannot be read keeps nobody from the others.
        let Read { rollouts, unreadable } = read_all(&folder)?;
        let chosen = rollouts.into_iter().max_by_key(|(_, state)| (!is_over(state), state.times().0));
        match (chosen, unreadable.into_iter().next()) {
            (Some((rollout, _)), _) => Ok((folder, rollout)),
            (None, Some((_, error))) => Err(error.into()),
            (None, None) => Err(Error::NoRollout),
        }
    }
}

/// All rollouts of a folder, in the order of their names.
#[derive(Default)]
pub struct Read {
    pub rollouts: Vec<(RolloutId, State)>,
    pub unreadable: Vec<(RolloutId, LogError)>,
}

/// Reads all rollouts of a folder.
pub fn read_all(folder: &StateFolder) -> Result<Read, Error> {
    let mut all = Read { rollouts: Vec::new(), unreadable: Vec::new() };
    for rollout in folder.list()? {
        match folder.read(&rollout) {
            Ok((_, state)) => all.rollouts.push((rollout, state)),
            Err(error) => all.unreadable.push((rollout, error)),
        }
    }
    Ok(all)
}

/// Returns whether nothing is left to do.
pub fn is_over(state: &State) -> bool {
    matches!(state.phase(), Phase::Done | Phase::DoneWithFailures | Phase::Aborted)
}

/// Returns the folder of a rollout.
pub fn folder_of(folder: &StateFolder, rollout: &RolloutId) -> PathBuf {
    folder.path().join("rollouts").join(rollout.as_str())
}

/// Keeps what a rollout needs to go on, before it begins.
pub fn keep(folder: &Path, images: &[ImageFile], places: &Places) -> Result<(), Error> {
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, bytes))
            .map_err(|source| Error::from(FileError::Write { path: path.clone(), source }))
    };
    for (number, image) in images.iter().enumerate() {
        write(&image_name(number), &image.to_bytes())?;
    }
    write(PORTS, &serde_json::to_vec(places).expect("texts and lists of them"))
}

/// Returns the name of an image in a rollout's folder.
fn image_name(number: usize) -> String {
    format!("image-{number}.img")
}

/// Returns so many images of a rollout, and where its devices are.
pub fn kept(folder: &Path, images: usize) -> Result<(Vec<ImageFile>, Places), Error> {
    let image = |number| Ok(ImageFile::from_bytes(&files::read(&folder.join(image_name(number)), Kind::Image)?)?);
    let images = (0..images).map(image).collect::<Result<_, Error>>()?;
    let path = folder.join(PORTS);
    let text = fs::read_to_string(&path).map_err(|source| FileError::Read { path: path.clone(), source })?;
    let places =
        serde_json::from_str(&text).map_err(|error| Error::PortsOfRollout { path, reason: error.to_string() })?;
    Ok((images, places))
}
