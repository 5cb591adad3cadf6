//! The begin of an act: the last moment at which it can be dropped.
//!
//! Invariant: nothing begins at a device that the server does not offer any more. Since the device's turn with the server, a
//! download or other devices may have taken hours: so what is not recent is asked for again.

use crate::controller::{Begun, Next, Phase, Report, Run, decide};
use crate::ddi::{DdiError, Offer, Poll};
use crate::device::Device;
use crate::hub::{Hub, Stopped};
use crate::turn::{ask, failed};
use lifeboot_artifact::hex;
use lifeboot_artifact::swu;
use lifeboot_fleet::device::Ending;

/// Notes that the act of a device begins, if the server still wants it and the device would take the image. Returns whether it
/// has begun, also if it had before.
pub(crate) fn begin(hub: &Hub, device: &Device) -> Result<bool, Stopped> {
    let offered = match device.lock().state.run.clone() {
        Some(Run { phase: Phase::Begun(_), .. }) => return Ok(true),
        Some(Run { offered, phase: Phase::Offered, .. }) => offered,
        _ => return Ok(false),
    };
    if hub.stop().is_requested() || !is_wanted(hub, device) {
        return Ok(false);
    }
    // What is not in the cache any more is downloaded again in the device's turn.
    let Ok(bytes) = hub.cache.read(&offered.digest) else { return Ok(false) };
    let image = match swu::image_in(&bytes) {
        Ok(image) => image,
        Err(error) => {
            let report = Report::failure("artifact", vec![format!("{}: {error}", offered.name)]);
            hub.note(device, &offered.ended(report))?;
            return Ok(false);
        }
    };
    match hub.site.admission(&device.id, &image) {
        Ok(None) => {
            let (version, image_digest) = (image.header().version.to_string(), hex(&image.header().digest));
            if !hub.begin(device, &offered, Begun { version, image: image_digest })? {
                return Ok(false);
            }
            let mut inner = device.lock();
            (inner.begun_at, inner.problem) = (Some(hub.now()), None);
            drop(inner);
            // Before the act has progress of its own. A server that does not hear of it hears of the end.
            if let Err(error) = ask(hub, device, Next::Proceed(format!("updates to {}", image.header().version)))? {
                failed(hub, device, &error);
            }
            Ok(true)
        }
        Ok(Some(reason)) => {
            hub.note(device, &offered.ended(Report::failure("refused", vec![reason])))?;
            Ok(false)
        }
        Err(ending) => {
            let mut inner = device.lock();
            inner.failures.acts = inner.failures.acts.saturating_add(1);
            inner.facts.retry_at = hub.retry_at(inner.failures.acts);
            inner.problem = Some(described(&ending));
            // However soon the device is back.
            inner.asked_at = None;
            Ok(false)
        }
    }
}

/// Returns whether the device's act may begin by what the server says now. If not, the device's next turn begins with a poll.
fn is_wanted(hub: &Hub, device: &Device) -> bool {
    let config = hub.config();
    let least = config.settings.poll.0;
    let (state, mut facts, asked_at) = {
        let inner = device.lock();
        (inner.state.clone(), inner.facts.clone(), inner.asked_at)
    };
    // Attributes and consents are matters of the device's turn.
    (facts.is_pushing, facts.attributes_were_sent, facts.consent) = (false, true, None);
    let is_recent = asked_at.is_some_and(|at| hub.now().saturating_sub(at) <= least);
    if !is_recent || facts.poll.is_none() || facts.offer.is_none() {
        match offered_now(hub, device) {
            Ok((poll, offer)) => {
                (facts.poll, facts.offer, facts.cancel) = (Some(poll), Some(offer), None);
            }
            Err(error) => {
                failed(hub, device, &error);
                return false;
            }
        }
    }
    let is_wanted = decide(&state, &facts, hub.now()) == Next::Begin;
    if !is_wanted {
        device.lock().poll_again(hub.now() + least);
    }
    is_wanted
}

/// Asks the server what it offers.
fn offered_now(hub: &Hub, device: &Device) -> Result<(Poll, Option<Offer>), DdiError> {
    let config = hub.config();
    let poll = config.client.poll(&device.id.0)?;
    let offer = match &poll.deployment {
        Some(link) => config.client.offer(&device.id.0, link)?,
        None => None,
    };
    Ok((poll, offer))
}

/// Describes an ending, for people.
pub(crate) fn described(ending: &Ending) -> String {
    match ending {
        Ending::Confirmed => "the image runs and is confirmed".to_owned(),
        Ending::Staged => "the image is on the device, but was not to be left pending".to_owned(),
        Ending::Restored => "the firmware from before the image runs".to_owned(),
        Ending::RolledBack { reason, .. } => format!("rolled back: {reason}"),
        Ending::Refused { reason } => format!("refused: {reason}"),
        Ending::Silent { last } => format!("silent since it was restarted: {last}"),
        Ending::Absent { reason } => format!("not within reach: {reason}"),
        Ending::Interrupted { reason } => format!("interrupted: {reason}"),
    }
}
