//! The devices at real lines: a [`Site`] over whatever opens a line to a port.
//!
//! A device is found by the id that it reports. Where it was found is remembered, and checked at each act: a device that was
//! plugged in elsewhere is looked for at the other ports, and an act never goes to another device than it is meant for. A device
//! without an id, and one in recovery mode, whose bootloader reports none, is known by its port.

mod acts;
mod places;

use crate::device::{Act, DeviceId, Ending, Look, Site, Transferred};
use acts::{Asked, absent};
use lifeboot_artifact::hex;
use lifeboot_artifact::image_file::{ImageFile, Patch};
use lifeboot_client::admission::{Verdict, judge};
use lifeboot_client::describe::{board_name, running};
use lifeboot_client::link::{Identity, Link, LinkError, Retry};
use lifeboot_client::pipe::Pipe;
use lifeboot_client::state::{ImageState, WantedImage, is_on_trial, running_content};
use lifeboot_core::Version;
use lifeboot_wire::{SlotContent, Status};
use places::{Places, Taken};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How many ports are asked at a time.
const AT_A_TIME: usize = 32;

/// Opens lines.
pub trait Open: Sync {
    /// A line.
    type Pipe: Pipe;

    /// Returns the names of the ports at which devices may be, as far as that is known now.
    fn ports(&self) -> Vec<String>;

    /// Opens the line to a port.
    ///
    /// # Errors
    /// The reason, for people, with what to do next.
    fn open(&self, port: &str) -> Result<Self::Pipe, String>;

    /// Returns a random number, which distinguishes this host's sessions from those of others.
    fn seed(&self) -> u32;
}

/// How to talk to the devices.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// How long to wait for a new firmware's confirm.
    pub confirm: Duration,
    /// How long a line may be interrupted during an act.
    pub unplugged: Duration,
    /// How long to wait for an answer at least, for lines with a long delay.
    pub answer: Duration,
}

/// The devices at the ports that `O` opens.
pub struct Lines<O> {
    opener: O,
    timeouts: Timeouts,
    places: Places,
    stop: Arc<AtomicBool>,
}

/// What would be done with a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// What the device says of itself.
    pub look: Look,
    /// Why it would refuse the image, if it is known to.
    pub refused: Option<String>,
    /// What would be sent.
    pub sending: Sending,
}

/// What would be sent to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It runs the image, confirmed: nothing.
    Nothing,
    /// The image is there, and only has to be started or waited for.
    Start,
    /// A patch of so many bytes.
    Patch(u64),
    /// The image, of so many bytes; less if its slot holds a part of it already.
    Image(u64),
}

impl<O: Open> Lines<O> {
    /// Makes a site. `configured` says at which ports devices were seen last, or are expected. Once `stop` is true, all that
    /// waits for a device ends as soon as that harms nothing.
    pub fn new(opener: O, timeouts: Timeouts, configured: BTreeMap<DeviceId, String>, stop: Arc<AtomicBool>) -> Self {
        Lines { opener, timeouts, places: Places::new(configured), stop }
    }

    /// Returns what would be done with a device to bring it one of these images. Changes nothing.
    ///
    /// # Errors
    /// [`Ending::Absent`] or [`Ending::Interrupted`].
    pub fn forecast(&self, device: &DeviceId, images: &[ImageFile]) -> Result<Forecast, Ending> {
        let mut asked = self.find(device)?;
        let image = match image_for(&asked.look, images) {
            Ok(image) => image,
            Err(reason) => return Ok(Forecast { look: asked.look, refused: Some(reason), sending: Sending::Image(0) }),
        };
        let refused = refusal(&mut asked, image)?;
        let sending = match ImageState::of(&asked.status, &WantedImage::from(image)) {
            ImageState::Confirmed => Sending::Nothing,
            ImageState::Trial(_) | ImageState::Marked | ImageState::Staged => Sending::Start,
            ImageState::Rejected(_) | ImageState::Absent => {
                let runs =
                    |patch: &&Patch| asked.look.digest.as_ref().is_some_and(|runs| patch.digest().starts_with(runs));
                match image.patches().iter().find(runs) {
                    Some(patch) => Sending::Patch(patch.bytes().len() as u64),
                    None => Sending::Image(u64::from(image.header().image_length().unwrap_or_default())),
                }
            }
        };
        Ok(Forecast { look: asked.look, refused, sending })
    }

    /// Opens the line to a port that was taken.
    fn link(&self, port: &Taken, given_up: &Arc<AtomicBool>) -> Result<Link<O::Pipe>, String> {
        let pipe = self.opener.open(port.name())?;
        let (stop, given_up) = (self.stop.clone(), given_up.clone());
        let stopped = move || stop.load(Ordering::Relaxed) || given_up.load(Ordering::Relaxed);
        let link = Link::new(pipe, self.opener.seed()).with_stop(stopped).with_recovery(self.timeouts.unplugged);
        Ok(link.with_answer_timeout(self.timeouts.answer))
    }

    /// Asks who is at a port.
    fn ask<'a>(&'a self, port: Taken<'a>) -> Result<Asked<'a, O::Pipe>, String> {
        let given_up = Arc::new(AtomicBool::new(false));
        let mut link = self.link(&port, &given_up)?;
        let (status, identity) =
            link.identity(Retry { attempts: 3, ..Retry::SHORT }).map_err(|error| error.to_string())?;
        let device = id_of(port.name(), identity.as_ref());
        let look = look_of(device, port.name(), &status);
        Ok(Asked { link, look, status, given_up, port })
    }

    /// Opens the line to a device, at whichever port it is.
    fn find(&self, device: &DeviceId) -> Result<Asked<'_, O::Pipe>, Ending> {
        let mut tried = Vec::new();
        let last = self.places.last(device);
        let others = if device.port().is_some() { Vec::new() } else { self.opener.ports() };
        let ports = last.iter().cloned().chain(others.into_iter().filter(|port| Some(port) != last.as_ref()));
        for port in ports {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Ending::Interrupted { reason: LinkError::Stopped.to_string() });
            }
            let taken = match self.places.take(&port) {
                Ok(taken) => taken,
                Err(other) if other == *device => {
                    return Err(Ending::Interrupted { reason: "something else is being done to it".to_owned() });
                }
                Err(_) => continue,
            };
            match self.ask(taken) {
                Ok(mut asked) => {
                    // One that is named by its port is whatever is there. A bootloader reports no id: it is the device that was
                    // here.
                    let is_named = device.port() == Some(&port);
                    let is_here = is_named || asked.status.recovery.is_some() && last.as_ref() == Some(&port);
                    if asked.look.device == *device || is_here {
                        asked.look.device = device.clone();
                        self.places.note(device, &port);
                        return Ok(asked);
                    }
                    tried.push(format!("{port}: device {}", asked.look.device));
                    self.places.note(&asked.look.device, &port);
                }
                Err(reason) => tried.push(format!("{port}: {reason}")),
            }
        }
        Err(absent(&tried))
    }
}

impl<O: Open> Site for Lines<O> {
    fn discover(&self) -> Vec<Look> {
        let ports = self.opener.ports();
        let mut found = Vec::new();
        for ports in ports.chunks(AT_A_TIME) {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            thread::scope(|scope| {
                let asked: Vec<_> = ports
                    .iter()
                    .filter_map(|port| self.places.take(port).ok())
                    .map(|port| scope.spawn(move || self.ask(port).ok().map(|asked| asked.look)))
                    .collect();
                found.extend(asked.into_iter().filter_map(|asked| asked.join().unwrap_or_default()));
            });
        }
        found.iter().for_each(|look| self.places.note(&look.device, &look.port));
        found
    }

    fn look(&self, device: &DeviceId) -> Result<Look, Ending> {
        Ok(self.find(device)?.look)
    }

    fn admission(&self, device: &DeviceId, image: &ImageFile) -> Result<Option<String>, Ending> {
        refusal(&mut self.find(device)?, image)
    }

    fn act(
        &self,
        device: &DeviceId,
        act: Act,
        images: &[ImageFile],
        progress: &mut dyn FnMut(Transferred) -> bool,
    ) -> Ending {
        match self.find(device) {
            Ok(asked) => match image_for(&asked.look, images) {
                Ok(image) => asked.act(act, image, self.timeouts.confirm, progress),
                Err(reason) => Ending::Refused { reason },
            },
            Err(ending) => ending,
        }
    }
}

/// Returns the image for a device. One that is the only one is offered to any: the device says best why it is not for it.
///
/// # Errors
/// Why there is none, for people.
pub fn image_for<'a>(look: &Look, images: &'a [ImageFile]) -> Result<&'a ImageFile, String> {
    let is_for = |image: &&ImageFile| (image.board().name, image.header().map_digest) == (&look.board, look.map);
    match images {
        [only] => Ok(only),
        _ => images.iter().find(is_for).ok_or_else(|| {
            format!("none of the images is for {} with the flash map {:08x}: add one that is", look.board, look.map)
        }),
    }
}

/// Returns why a device would refuse an image, if it is known to.
fn refusal<P: Pipe>(Asked { link, status, .. }: &mut Asked<P>, image: &ImageFile) -> Result<Option<String>, Ending> {
    let interrupted = |error: LinkError| Ending::Interrupted { reason: error.to_string() };
    let quarantine = link.quarantine(Retry::SHORT).map_err(interrupted)?;
    let keys = link.keys(Retry::SHORT).map_err(interrupted)?.1.ok();
    let reports = judge(image, status, quarantine.as_deref(), keys.as_ref(), None);
    Ok(reports.into_iter().find(|report| report.verdict == Verdict::Refused).map(|report| report.text))
}

/// Returns the name of the device at a port.
fn id_of(port: &str, identity: Option<&Identity>) -> DeviceId {
    match identity {
        Some(identity) if !identity.device.is_empty() => DeviceId(hex(&identity.device)),
        _ => DeviceId::at_port(port),
    }
}

fn look_of(device: DeviceId, port: &str, status: &Status) -> Look {
    let (version, digest) = match running_content(status) {
        SlotContent::Image { version, digest, .. } => (Some(Version::from(version).to_string()), Some(digest.to_vec())),
        SlotContent::Empty | SlotContent::Unfinished => (None, None),
    };
    Look {
        device,
        port: port.to_owned(),
        board: board_name(&status.board),
        map: status.map,
        version,
        digest,
        is_confirmed: status.recovery.is_none() && !is_on_trial(status),
        text: running(status),
    }
}
