//! An act at a device, from its begin to what the device says of its end.

use crate::begin::{begin, described};
use crate::controller::{Event, Phase, Report, Run};
use crate::device::{Device, Inner};
use crate::hub::{Hub, Stopped};
use lifeboot_artifact::swu;
use lifeboot_fleet::device::{Act, Ending, Transferred};
use std::slice;
use tracing::{info, warn};

/// Steps of the transfer that the server hears of, in percent.
const STEP: u64 = 10;

/// Begins the act at a device if it has not begun yet, and carries it out. `alive` is called while bytes are sent.
pub(crate) fn push(hub: &Hub, device: &Device, alive: &dyn Fn()) -> Result<(), Stopped> {
    let has_begun = begin(hub, device);
    let pushed = if has_begun == Ok(true) { act(hub, device, alive) } else { has_begun.map(drop) };
    device.lock().facts.is_pushing = false;
    if has_begun == Ok(true)
        && let Ok(look) = hub.site.look(&device.id)
    {
        device.lock().seen(&device.id, Some(look), &hub.metrics);
    }
    hub.polls.wake(&device.id);
    pushed
}

fn act(hub: &Hub, device: &Device, alive: &dyn Fn()) -> Result<(), Stopped> {
    let Some(Run { offered, phase: Phase::Begun(_), .. }) = device.lock().state.run.clone() else { return Ok(()) };
    // What is not in the cache any more is downloaded again in the device's turn.
    let Some(image) = hub.cache.read(&offered.digest).ok().and_then(|bytes| swu::image_in(&bytes).ok()) else {
        return Ok(());
    };
    device.lock().begun_at.get_or_insert(hub.now());
    let version = image.header().version;
    info!(device = %device.id, %version, "begins");
    let mut was_given_up = false;
    let mut before = Transferred::default();
    let ending = hub.site.act(&device.id, Act::Update, slice::from_ref(&image), &mut |now| {
        alive();
        hub.metrics.sent("image", now.done.saturating_sub(before.done));
        let mut inner = device.lock();
        inner.transferred = Some(now);
        if percent(now) / STEP > percent(before) / STEP {
            inner.facts.progress = Some(format!("Downloaded {}%", percent(now)));
            hub.polls.wake(&device.id);
        }
        before = now;
        let is_cancelled = inner.state.run.as_ref().is_some_and(|run| run.offered == offered && run.cancel.is_some());
        was_given_up |= is_cancelled;
        !is_cancelled && !hub.stop().is_requested()
    });
    info!(device = %device.id, ?ending, "ended");
    let mut inner = device.lock();
    if !matches!(ending, Ending::Silent { .. }) {
        inner.silent_since = None;
    }
    let report = match &ending {
        Ending::Confirmed => Report::success(format!("confirmed {version}")),
        Ending::RolledBack { reason, cause, pc } => rolled_back(reason, cause.as_deref(), *pc),
        Ending::Refused { reason } => Report::failure("refused", vec![reason.clone()]),
        Ending::Silent { last } => {
            let since = *inner.silent_since.get_or_insert(hub.now());
            if hub.now().saturating_sub(since) < hub.config().settings.silent_limit {
                return retry(hub, &mut inner, &ending);
            }
            Report::failure("silent", vec![format!("does not answer since it was restarted: {last}")])
        }
        // Nothing is at the device that would start: bytes were still being sent.
        Ending::Interrupted { .. } if was_given_up => {
            drop(inner);
            return hub.note(device, &Event::Cancelled);
        }
        Ending::Absent { .. } | Ending::Interrupted { .. } => return retry(hub, &mut inner, &ending),
        Ending::Staged | Ending::Restored => Report::failure("other-act", vec![described(&ending)]),
    };
    (inner.failures.acts, inner.problem) = (0, None);
    drop(inner);
    hub.note(device, &offered.ended(report))
}

/// The device is asked again later.
fn retry(hub: &Hub, inner: &mut Inner, ending: &Ending) -> Result<(), Stopped> {
    inner.failures.acts = inner.failures.acts.saturating_add(1);
    inner.facts.retry_at = hub.retry_at(inner.failures.acts);
    inner.problem = Some(described(ending));
    warn!(problem = inner.problem, "is tried again");
    Ok(())
}

fn rolled_back(reason: &str, cause: Option<&str>, pc: Option<u32>) -> Report {
    let mut details = vec![format!("rolled back: {reason}")];
    details.extend(cause.map(|cause| format!("reset cause: {cause}")));
    details.extend(pc.map(|pc| format!("pc: {pc:#010x}")));
    Report::failure(cause.unwrap_or("rolled-back"), details)
}

fn percent(bytes: Transferred) -> u64 {
    // An empty transfer is one that is done.
    (bytes.done.saturating_mul(100)).checked_div(bytes.total).unwrap_or(100).min(100)
}
