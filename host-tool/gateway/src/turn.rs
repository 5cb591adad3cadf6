//! A device's turn with the server: what [`decide`] says is carried out, one request after the other, until there is nothing
//! more to do.

use crate::cache::{CacheError, Fetched};
use crate::controller::{Begun, Event, Next, Phase, Report, Run, decide};
use crate::ddi::{DdiError, Downloading, Execution, Feedback, Finished};
use crate::device::Device;
use crate::hub::{Hub, Stopped};
use std::io;
use std::time::Duration;
use tracing::{debug, warn};

/// Requests in one turn: a server that always wants something does not keep others from theirs.
const STEPS: usize = 32;

/// Downloads of an artifact that may fail, other than by the line, until the run has failed.
const DOWNLOADS: u32 = 3;

/// How long a device waits for its next poll if the server does not say.
const SLEEP: Duration = Duration::from_secs(60);

/// How a step ended.
enum Step {
    /// The next one follows.
    Continues,
    /// Nothing more is to do until this time.
    Waits(Duration),
}

/// Carries out a device's turn, and returns in which time the next one is.
pub(crate) fn turn(hub: &Hub, device: &Device) -> Result<Duration, Stopped> {
    device.lock().begin_turn(hub.now());
    for _ in 0..STEPS {
        if hub.stop().is_requested() {
            return Ok(Duration::MAX);
        }
        let next = {
            let mut inner = device.lock();
            let digest = inner.state.run.as_ref().map(|run| run.offered.digest.clone());
            inner.facts.is_cached = digest.is_some_and(|digest| hub.cache.contains(&digest));
            decide(&inner.state, &inner.facts, hub.now())
        };
        match step(hub, device, next)? {
            Step::Continues => {}
            Step::Waits(until) => return Ok(until.saturating_sub(hub.now())),
        }
    }
    let mut inner = device.lock();
    inner.poll_again(hub.now() + hub.config().settings.poll.0);
    Ok(hub.config().settings.poll.0)
}

fn step(hub: &Hub, device: &Device, next: Next) -> Result<Step, Stopped> {
    let asked = match next {
        Next::Wait(until) => return Ok(Step::Waits(until)),
        Next::Note(event) => {
            hub.note(device, &event)?;
            return Ok(Step::Continues);
        }
        Next::Download => return download(hub, device),
        Next::Begin | Next::Push => {
            let mut inner = device.lock();
            inner.facts.is_pushing = true;
            let forced = inner.state.run.as_ref().is_some_and(|run| run.offered.forced);
            hub.pushes.add(&device.id, forced);
            return Ok(Step::Continues);
        }
        Next::Close(report) => close(hub, device, &report)?,
        other => ask(hub, device, other)?,
    };
    match asked {
        Ok(()) => {
            device.lock().failures.requests = 0;
            *hub.server_error.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
            Ok(Step::Continues)
        }
        Err(error) => Ok(Step::Waits(failed(hub, device, &error))),
    }
}

/// The server was not reached, or did not understand: later. Returns when.
pub(crate) fn failed(hub: &Hub, device: &Device, error: &DdiError) -> Duration {
    let mut inner = device.lock();
    inner.failures.requests = inner.failures.requests.saturating_add(1);
    if inner.failures.requests == 1 {
        warn!(device = %device.id, %error, "the fleet server");
    }
    inner.facts.progress = None;
    let at = hub.retry_at(inner.failures.requests);
    // However often something changes at the device meanwhile.
    inner.facts.server_at = at;
    inner.poll_again(at);
    *hub.server_error.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error.to_string());
    at
}

/// One of the requests that leave nothing to persist.
pub(crate) fn ask(hub: &Hub, device: &Device, next: Next) -> Result<Result<(), DdiError>, Stopped> {
    let config = hub.config();
    let (client, id) = (&config.client, &*device.id.0);
    let least = config.settings.poll.0;
    debug!(device = id, ?next, "asks");
    Ok(match next {
        Next::Poll => {
            let asked_at = hub.now();
            client.poll(id).map(|poll| {
                let sleep = poll.sleep.unwrap_or(SLEEP).clamp(least, config.settings.poll.1);
                device.lock().polled(poll, asked_at, hub.now() + sleep);
            })
        }
        Next::SendAttributes(link) => {
            let attributes = device.lock().attributes();
            let link = link.unwrap_or_else(|| client.attributes_link(id));
            let sent = client.attributes(id, &link, &attributes);
            if let Err(error @ (DdiError::Transport(_) | DdiError::Token { .. })) = sent {
                return Ok(Err(error));
            }
            // A server that does not want them can still update the device.
            if let Err(error) = sent {
                warn!(device = id, %error, "attributes");
            }
            let mut inner = device.lock();
            (inner.facts.attributes_were_sent, inner.facts.attributes_are_due) = (true, false);
            inner.sent = Some(attributes);
            Ok(())
        }
        Next::AskOffer(link) => client.offer(id, &link).map(|offer| device.lock().facts.offer = Some(offer)),
        Next::AskConfirmation(link) => {
            client.offer(id, &link).map(|offer| device.lock().facts.confirmation = Some(offer))
        }
        Next::Consent(link, given) => {
            let detail =
                if given { "the gateway's settings give consent" } else { "the gateway's settings deny consent" };
            let answered = tolerated(client.consent(id, &link, given, detail));
            answered.map(|()| device.lock().poll_again(hub.now() + least))
        }
        Next::AskCancel(link) => client.cancel(id, &link).map(|cancel| device.lock().facts.cancel = Some(cancel)),
        Next::AnswerCancel { id: cancel, link, granted } => {
            let feedback = match granted {
                true => Feedback::new(&cancel, Execution::Closed, Finished::Success, &["cancelled".to_owned()]),
                false => {
                    Feedback::new(&cancel, Execution::Rejected, Finished::None, &["too late to cancel".to_owned()])
                }
            };
            match tolerated(client.report(id, &link, &feedback)) {
                Err(error) => Err(error),
                Ok(()) => {
                    if device.lock().state.run.as_ref().is_some_and(|run| run.cancel.is_some()) {
                        hub.note(device, &Event::CancelAnswered)?;
                    }
                    device.lock().poll_again(hub.now() + least);
                    Ok(())
                }
            }
        }
        Next::Proceed(text) => {
            device.lock().facts.progress = None;
            let link = device.lock().state.run.as_ref().map(|run| run.offered.link.clone());
            let action = device.lock().state.run.as_ref().map(|run| run.offered.action.clone()).unwrap_or_default();
            let feedback = Feedback::new(&action, Execution::Proceeding, Finished::None, &[text]);
            link.map_or(Ok(()), |link| tolerated(client.report(id, &link, &feedback)))
        }
        Next::ReportDownloaded(offered) => {
            let details = [format!("downloaded {}", offered.name)];
            let feedback = Feedback::new(&offered.action, Execution::Downloaded, Finished::None, &details);
            tolerated(client.report(id, &offered.link, &feedback))
                .map(|()| device.lock().facts.download_was_reported = true)
        }
        Next::Wait(_) | Next::Note(_) | Next::Download | Next::Begin | Next::Push | Next::Close(_) => Ok(()),
    })
}

/// Tells the server how the run ended, until it has taken it or has no such action any more.
fn close(hub: &Hub, device: &Device, report: &Report) -> Result<Result<(), DdiError>, Stopped> {
    let Some(run) = device.lock().state.run.clone() else { return Ok(Ok(())) };
    let finished = if report.success { Finished::Success } else { Finished::Failure };
    let feedback = Feedback::new(&run.offered.action, Execution::Closed, finished, &report.details);
    let sent = tolerated(hub.config().client.report(&device.id.0, &run.offered.link, &feedback));
    if sent.is_ok() {
        hub.note(device, &Event::Closed)?;
        let mut inner = device.lock();
        inner.facts.closed_at = hub.now();
        // The next action, or that this one is gone, should not be long in coming.
        inner.poll_again(hub.now());
    }
    Ok(sent)
}

/// What the server does not have any more needs no answer.
fn tolerated(sent: Result<(), DdiError>) -> Result<(), DdiError> {
    sent.or_else(|error| if error.is_gone() { Ok(()) } else { Err(error) })
}

fn download(hub: &Hub, device: &Device) -> Result<Step, Stopped> {
    let Some(Run { offered, phase, .. }) = device.lock().state.run.clone() else { return Ok(Step::Continues) };
    let (config, in_use) = (hub.config(), hub.artifacts_in_use());
    let fetched = hub.cache.fetch(&offered.digest, offered.size, &in_use, &mut |from, write| {
        // As a line that breaks: it goes on there after the next start.
        let stops = || DdiError::Transport("the gateway stops".to_owned());
        if hub.stop().is_requested() {
            return Err(stops());
        }
        let wanted = Downloading { device: &device.id.0, link: &offered.download, size: offered.size, from };
        let downloaded = config.client.download(&wanted, &mut |piece, restart| match hub.stop().is_requested() {
            true => Err(io::Error::from(io::ErrorKind::Interrupted)),
            false => write(piece, restart),
        });
        downloaded.map_err(|error| if hub.stop().is_requested() { stops() } else { error })
    });
    if fetched.is_err() && hub.stop().is_requested() {
        return Ok(Step::Waits(Duration::MAX));
    }
    let mut inner = device.lock();
    let error = match fetched {
        Ok(Fetched::Whole) => {
            inner.failures.artifact = 0;
            drop(inner);
            hub.wake_for(&offered.digest);
            return Ok(Step::Continues);
        }
        // It is woken once that has ended.
        Ok(Fetched::UnderWay) => {
            let until = hub.now() + config.settings.poll.0;
            inner.facts.retry_at = until;
            return Ok(Step::Waits(until));
        }
        Err(error) => error,
    };
    let is_lasting = !matches!(
        error,
        CacheError::Download(DdiError::Transport(_)) | CacheError::Incomplete { .. } | CacheError::File { .. }
    );
    inner.failures.artifact = inner.failures.artifact.saturating_add(1);
    inner.problem = Some(error.to_string());
    warn!(device = %device.id, artifact = offered.name, %error, "a download");
    if is_lasting && inner.failures.artifact >= DOWNLOADS {
        inner.failures.artifact = 0;
        drop(inner);
        let report = match &phase {
            Phase::Begun(begun) => without_artifact(hub, device, begun, &error),
            _ => Some(Report::failure("artifact", vec![error.to_string()])),
        };
        if let Some(report) = report {
            hub.note(device, &offered.ended(report))?;
            return Ok(Step::Continues);
        }
        inner = device.lock();
    }
    let until = hub.retry_at(inner.failures.artifact.max(1));
    inner.facts.retry_at = until;
    if matches!(phase, Phase::Offered) {
        // The server may have withdrawn it, and that may be why.
        inner.poll_again(until);
    }
    Ok(Step::Waits(until))
}

/// How a run that has begun ended, if its artifact is lost: what the device says; `None` if it cannot be asked.
fn without_artifact(hub: &Hub, device: &Device, begun: &Begun, error: &CacheError) -> Option<Report> {
    let look = hub.site.look(&device.id).ok()?;
    match (look.runs(&begun.version, &begun.image), look.is_confirmed) {
        (true, true) => Some(Report::success(format!("confirmed {}", look.version.unwrap_or_default()))),
        // On trial: it may still confirm.
        (true, false) => None,
        (false, _) => Some(Report::failure("artifact", vec![error.to_string(), look.text])),
    }
}
