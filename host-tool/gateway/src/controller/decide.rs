//! What is to be done next for a device, as one function: its order is the policy.

use super::event::{Event, Offered, Report};
use super::{Phase, Run, State};
use crate::ddi::{Artifact, Cancel, Link, Offer, Poll};
use std::time::Duration;

/// How long the server may go on offering what has ended, until that counts as a new run: it may not have noticed.
const OFFERED_AGAIN: Duration = Duration::from_secs(600);

/// What is known besides the log: the server's answers in this turn, and what goes on at the device.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Scheme, host and port of the server.
    pub server: String,
    /// The answer to this turn's poll.
    pub poll: Option<Poll>,
    /// The answer to this turn's question for an action: `Some(None)` if there is none after all.
    pub offer: Option<Option<Offer>>,
    /// The answer to this turn's question for what to cancel.
    pub cancel: Option<Option<Cancel>>,
    /// The answer to this turn's question for an action that waits for a consent.
    pub confirmation: Option<Option<Offer>>,
    /// Whether consents are given, denied, or left to others.
    pub consent: Option<bool>,
    /// Whether the device is within reach.
    pub is_present: bool,
    /// Whether the device's attributes have changed since the server got them.
    pub attributes_are_due: bool,
    /// Whether they were sent in this turn.
    pub attributes_were_sent: bool,
    /// Whether the artifact of the run is in the cache.
    pub is_cached: bool,
    /// Whether the server knows that a run which only downloads is done.
    pub download_was_reported: bool,
    /// Whether the act is queued, or under way.
    pub is_pushing: bool,
    /// What the server is to hear of an act that is under way.
    pub progress: Option<String>,
    /// When the next poll is due, when an act may be tried again, and when the last run was closed: since some start.
    pub poll_at: Duration,
    /// See [`poll_at`](Self::poll_at).
    pub retry_at: Duration,
    /// Until when the server is left alone, since it was not reached.
    pub server_at: Duration,
    /// See [`poll_at`](Self::poll_at).
    pub closed_at: Duration,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Persist an event, and take it into account.
    Note(Event),
    /// Tell the server how the run ended.
    Close(Report),
    /// Tell the server how far the run is.
    Proceed(String),
    /// Tell the server that the download, which was all it wanted, is done.
    ReportDownloaded(Offered),
    /// Poll.
    Poll,
    /// Send the device's attributes, to the link if the server gave one.
    SendAttributes(Option<Link>),
    /// Ask for the action at the link.
    AskOffer(Link),
    /// Ask for the action at the link, which waits for a consent.
    AskConfirmation(Link),
    /// Give or deny the consent to the action at the link.
    Consent(Link, bool),
    /// Ask what shall be cancelled.
    AskCancel(Link),
    /// Answer that an action was cancelled, or that it was not.
    AnswerCancel {
        /// The id that the answer names.
        id: String,
        /// The link of the request.
        link: Link,
        /// Whether it was cancelled.
        granted: bool,
    },
    /// Download the run's artifact.
    Download,
    /// Queue the act; once it is its turn, it begins if the server offers it still and the device would take the image.
    Begin,
    /// Queue the act, which has begun.
    Push,
    /// Wait until this time, or until something changes.
    Wait(Duration),
}

/// Returns what is to be done next for a device at this time.
pub fn decide(state: &State, facts: &Facts, now: Duration) -> Next {
    let run = state.run.as_ref();
    if let Some(next) = run.and_then(|run| unfinished(run, facts, now)) {
        return next;
    }
    if !facts.is_present && state.unfinished().is_none() {
        // On behalf of what is not there, nobody speaks.
        return Next::Wait(Duration::MAX);
    }
    let Some(poll) = &facts.poll else {
        return if now >= facts.poll_at.max(facts.server_at) { Next::Poll } else { Next::Wait(soonest(state, facts)) };
    };
    let attributes = facts.is_present && (poll.config_data.is_some() || facts.attributes_are_due);
    if attributes && !facts.attributes_were_sent {
        return Next::SendAttributes(poll.config_data.clone());
    }
    if let Some(next) = poll.cancel.as_ref().and_then(|link| cancel(run, facts, link)) {
        return next;
    }
    if let (Some(link), Some(consent)) = (&poll.confirmation, facts.consent) {
        match &facts.confirmation {
            None => return Next::AskConfirmation(link.clone()),
            Some(Some(offer)) => return Next::Consent(offer.link.clone(), consent && offer.artifact.is_ok()),
            Some(None) => {}
        }
    }
    // What has begun goes on, whatever is offered meanwhile.
    if state.unfinished().is_some() || poll.cancel.is_some() {
        return Next::Wait(soonest(state, facts));
    }
    let Some(link) = &poll.deployment else { return gone(run, state, facts) };
    match &facts.offer {
        None => Next::AskOffer(link.clone()),
        Some(None) => gone(run, state, facts),
        Some(Some(offer)) => offered(run, offer, state, facts, now),
    }
}

/// What a run needs before anything else; `None` if nothing, or it has to wait.
fn unfinished(run: &Run, facts: &Facts, now: Duration) -> Option<Next> {
    let answer = |granted| {
        run.cancel.as_ref().map(|cancel| Next::AnswerCancel {
            id: cancel.id.clone(),
            link: cancel.link.clone(),
            granted,
        })
    };
    let server = now >= facts.server_at;
    match &run.phase {
        Phase::Cancelled | Phase::Ended(_) if !server => None,
        Phase::Cancelled => answer(true),
        Phase::Ended(report) => Some(answer(false).unwrap_or_else(|| Next::Close(report.clone()))),
        Phase::Begun(_) => match &facts.progress {
            Some(progress) if server => Some(Next::Proceed(progress.clone())),
            _ if !facts.is_pushing && facts.is_present && now >= facts.retry_at => {
                Some(if facts.is_cached { Next::Push } else { Next::Download })
            }
            _ => None,
        },
        Phase::Offered if run.cancel.is_some() => Some(Next::Note(Event::Cancelled)),
        Phase::Offered | Phase::Closed(_) => None,
    }
}

/// What a request to cancel asks for; `None` if it is under way.
fn cancel(run: Option<&Run>, facts: &Facts, link: &Link) -> Option<Next> {
    let Some(answer) = &facts.cancel else { return Some(Next::AskCancel(link.clone())) };
    let cancel = answer.as_ref()?;
    let run = run.filter(|run| run.offered.action == cancel.action && run.offered.server == facts.server);
    let (id, link) = (cancel.id.clone(), cancel.link.clone());
    match run.map(|run| (&run.phase, &run.cancel)) {
        // It never reached a device.
        None => Some(Next::AnswerCancel { id, link, granted: true }),
        Some((Phase::Closed(_), _)) => Some(Next::AnswerCancel { id, link, granted: false }),
        Some((_, Some(wanted))) if wanted.id == id => None,
        Some(_) => Some(Next::Note(Event::CancelWanted { id, link })),
    }
}

/// The server offers nothing.
fn gone(run: Option<&Run>, state: &State, facts: &Facts) -> Next {
    match run {
        Some(_) => Next::Note(Event::Gone),
        None => Next::Wait(soonest(state, facts)),
    }
}

/// The server offers an action, and nothing has begun.
fn offered(run: Option<&Run>, offer: &Offer, state: &State, facts: &Facts, now: Duration) -> Next {
    let wait = Next::Wait(soonest(state, facts));
    let artifact = match (&offer.artifact, run) {
        (Ok(artifact), _) => artifact,
        // So that it can be reported, it has to be a run.
        (Err(_), Some(run)) if is_of(run, offer, None, facts) => return end_unusable(run, offer, wait, facts, now),
        (Err(_), _) => return Next::Note(Event::Offered(Offered::new(&facts.server, offer, &unusable(offer)))),
    };
    let Some(run) = run.filter(|run| is_of(run, offer, Some(artifact), facts)) else {
        return Next::Note(Event::Offered(Offered::new(&facts.server, offer, artifact)));
    };
    if matches!(run.phase, Phase::Closed(_)) {
        let is_new = now >= facts.closed_at.saturating_add(OFFERED_AGAIN);
        return if is_new { Next::Note(Event::Gone) } else { wait };
    }
    if !facts.is_cached {
        return if offer.may_download && now >= facts.retry_at { Next::Download } else { wait };
    }
    if offer.is_download_only && !facts.download_was_reported {
        return Next::ReportDownloaded(run.offered.clone());
    }
    let may_begin = offer.may_update && facts.is_present && !facts.is_pushing && now >= facts.retry_at;
    if may_begin { Next::Begin } else { wait }
}

fn is_of(run: &Run, offer: &Offer, artifact: Option<&Artifact>, facts: &Facts) -> bool {
    let digest = artifact.map_or_else(|| unusable(offer).digest, |artifact| artifact.digest.clone());
    run.offered.action == offer.action && run.offered.digest == digest && run.offered.server == facts.server
}

fn end_unusable(run: &Run, offer: &Offer, wait: Next, facts: &Facts, now: Duration) -> Next {
    match (&run.phase, &offer.artifact) {
        (Phase::Offered, Err(why)) => Next::Note(run.offered.ended(Report::failure("artifact", vec![why.clone()]))),
        _ if now >= facts.closed_at.saturating_add(OFFERED_AGAIN) => Next::Note(Event::Gone),
        _ => wait,
    }
}

/// What stands for an artifact that cannot be used.
fn unusable(offer: &Offer) -> Artifact {
    use crate::digest::{Algorithm, Digest};
    let digest = Digest::new(Algorithm::Md5, "00000000000000000000000000000000").expect("these are 32 digits");
    Artifact { name: String::new(), digest, size: 0, link: offer.link.clone() }
}

/// When there is something to do at the latest.
fn soonest(state: &State, facts: &Facts) -> Duration {
    let has_begun = state.run.as_ref().is_some_and(|run| matches!(run.phase, Phase::Begun(_)));
    let waits = has_begun && !facts.is_pushing && facts.is_present;
    let server = facts.poll_at.max(facts.server_at);
    if waits { server.min(facts.retry_at) } else { server }
}
