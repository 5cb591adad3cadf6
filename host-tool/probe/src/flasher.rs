//! A board that is connected to a debug probe.

use crate::error::ProbeError;
use lifeboot_artifact::flash_file::Segment;
use lifeboot_artifact::provision::FirstFlash;
use probe_rs::config::Registry;
use probe_rs::flashing::{DownloadOptions, FlashLoader, FlashProgress, ProgressEvent, ProgressOperation};
use probe_rs::probe::list::{Accessibility, Lister, ProbeListItem};
use probe_rs::probe::{DebugProbeInfo, DebugProbeSelector};
use probe_rs::{Permissions, Session, Target};

/// A phase of flashing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The units to write are erased.
    Erasing,
    /// The content is written.
    Writing,
    /// The content is read back and compared.
    Verifying,
}

/// Receives the phase, the bytes done and the total of bytes.
pub type Listener<'a> = &'a mut dyn FnMut(Phase, u64, u64);

/// How a board is reached by a debug probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connection<'a> {
    /// The probe, as `VID:PID` or `VID:PID:SERIAL`; `None` is the only one that is plugged in.
    pub probe: Option<&'a str>,
    /// The clock of the debug port in kHz, at most; `None` is the probe's own.
    pub speed: Option<u32>,
    /// Whether the chip is held in reset until the probe is connected: for firmware that switches the debug port off, or
    /// sleeps.
    pub under_reset: bool,
}

/// A board that is connected to a debug probe.
#[derive(Debug)]
pub struct Flasher {
    session: Session,
}

impl Flasher {
    /// Connects to a board whose chip probe-rs calls `chip`. The board continues to run, unless it is connected under reset.
    ///
    /// # Errors
    /// [`ProbeError`] if there is no such chip or probe, or if the chip does not respond.
    pub fn connect(chip: &str, connection: Connection) -> Result<Flasher, ProbeError> {
        let target = target(chip)?;
        let selector = connection.probe.map(parse).transpose()?;
        let probe = choose(Lister::new().list_all_with_access(), selector.as_ref())?;
        let chip = &target.name;
        let open = |source: probe_rs::Error| ProbeError::Attach { chip: chip.clone(), source: source.into() };
        let mut probe = probe.open().map_err(|error| open(error.into()))?;
        if let Some(speed) = connection.speed {
            probe.set_speed(speed).map_err(|error| open(error.into()))?;
        }
        // Grants no permissions, such as to erase a chip that is locked against reading.
        let permissions = Permissions::default();
        let session = if connection.under_reset {
            probe.attach_under_reset(target.clone(), permissions)
        } else {
            probe.attach(target.clone(), permissions)
        };
        Ok(Flasher { session: session.map_err(open)? })
    }

    /// Writes a first flash, verifies it, and starts the board.
    ///
    /// # Errors
    /// [`ProbeError`] if the chip's flash does not match the board, or could not be written. Then the board may not
    /// start until it is flashed again.
    pub fn flash(&mut self, first: &FirstFlash, listener: Listener) -> Result<(), ProbeError> {
        let parts = first.parts();
        let loader = loader(self.session.target(), parts.iter().map(|(_, segment)| segment))?;
        let mut options = DownloadOptions::default();
        options.verify = true;
        options.progress = FlashProgress::new(relay(listener));
        loader.commit(&mut self.session, options).map_err(ProbeError::flash)?;
        self.reset()
    }

    /// Resets the board, whatever it is doing.
    ///
    /// # Errors
    /// [`ProbeError`] if the board can no longer be reached.
    pub fn reset(&mut self) -> Result<(), ProbeError> {
        let reset = self.session.core(0).and_then(|mut core| core.reset());
        reset.map_err(|source| ProbeError::Reset(source.into()))
    }
}

/// Checks the bytes against the chip's memory and prepares them; needs no probe.
fn loader<'a>(target: &Target, segments: impl IntoIterator<Item = &'a Segment>) -> Result<FlashLoader, ProbeError> {
    let mut loader = target.flash_loader();
    for segment in segments {
        loader.add_data(segment.address.into(), &segment.bytes).map_err(ProbeError::flash)?;
    }
    Ok(loader)
}

fn target(chip: &str) -> Result<Target, ProbeError> {
    Registry::from_builtin_families().get_target_by_name(chip).map_err(|_| ProbeError::Chip(chip.to_owned()))
}

fn parse(selector: &str) -> Result<DebugProbeSelector, ProbeError> {
    selector.parse().map_err(|_| ProbeError::Selector(selector.to_owned()))
}

fn choose(probes: Vec<ProbeListItem>, selector: Option<&DebugProbeSelector>) -> Result<DebugProbeInfo, ProbeError> {
    let names = || probes.iter().map(|probe| name(&probe.info)).collect();
    let wanted = |probe: &&ProbeListItem| selector.is_none_or(|selector| selector.matches_probe(&probe.info));
    let fitting: Vec<&ProbeListItem> = probes.iter().filter(wanted).collect();
    match (fitting.as_slice(), selector) {
        ([probe], _) if probe.accessibility == Accessibility::PermissionDenied => {
            Err(ProbeError::Permission { probe: name(&probe.info) })
        }
        ([probe], _) => Ok(probe.info.clone()),
        ([], None) => Err(ProbeError::NoProbe),
        ([], Some(selector)) => Err(ProbeError::Missing { selector: selector.to_string(), probes: names() }),
        _ => Err(ProbeError::Several { probes: names() }),
    }
}

/// Returns a probe's name as `--probe` accepts it, with a description.
fn name(probe: &DebugProbeInfo) -> String {
    let serial = probe.serial_number.as_ref().map(|serial| format!(":{serial}")).unwrap_or_default();
    format!("{:04x}:{:04x}{serial} ({})", probe.vendor_id, probe.product_id, probe.identifier)
}

/// Adds up the progress that probe-rs reports step by step.
fn relay(listener: Listener) -> impl FnMut(ProgressEvent) {
    let (mut done, mut totals) = ([0; 3], [0; 3]);
    move |event| match event {
        ProgressEvent::AddProgressBar { operation, total } => {
            if let Some(phase) = phase(operation) {
                totals[phase as usize] += total.unwrap_or_default();
            }
        }
        ProgressEvent::Progress { operation, size, .. } => {
            if let Some(phase) = phase(operation) {
                done[phase as usize] += size;
                listener(phase, done[phase as usize], totals[phase as usize]);
            }
        }
        _ => {}
    }
}

fn phase(operation: ProgressOperation) -> Option<Phase> {
    match operation {
        ProgressOperation::Erase => Some(Phase::Erasing),
        ProgressOperation::Program => Some(Phase::Writing),
        ProgressOperation::Verify => Some(Phase::Verifying),
        ProgressOperation::Fill => None,
    }
}

#[cfg(test)]
mod tests;
