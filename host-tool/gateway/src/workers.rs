//! Whether the threads make progress: what the watchdog goes by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a turn with the server may take: its requests have limits of their own, and a download has the longest.
const TURN_LIMIT: Duration = Duration::from_secs(45 * 60);
/// How long an act may take without a byte being sent: a device's confirm has a limit of its own.
const ACT_LIMIT: Duration = Duration::from_secs(3600);
/// How long a look for devices may take.
const SCAN_LIMIT: Duration = Duration::from_secs(900);

/// A thread's last sign of life while it works.
pub(crate) struct Worker {
    started: Instant,
    /// Milliseconds since the start, plus 1; 0 while it waits for work.
    since: AtomicU64,
    limit: Duration,
}

/// All of them.
pub(crate) struct Workers {
    polls: Vec<Worker>,
    pushes: Vec<Worker>,
    scan: Worker,
}

impl Worker {
    fn new(limit: Duration) -> Worker {
        Worker { started: Instant::now(), since: AtomicU64::new(0), limit }
    }

    /// Notes that work begins, or goes on.
    pub(crate) fn begins(&self) {
        self.since.store(self.started.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
    }

    /// Notes that work has ended.
    pub(crate) fn ends(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    fn makes_progress(&self) -> bool {
        let since = self.since.load(Ordering::Relaxed);
        since == 0 || self.started.elapsed().saturating_sub(Duration::from_millis(since)) < self.limit
    }
}

impl Workers {
    pub(crate) fn new(polls: usize, pushes: usize) -> Workers {
        let workers = |count, limit| (0..count).map(|_| Worker::new(limit)).collect();
        Workers { polls: workers(polls, TURN_LIMIT), pushes: workers(pushes, ACT_LIMIT), scan: Worker::new(SCAN_LIMIT) }
    }

    pub(crate) fn polls(&self) -> &[Worker] {
        &self.polls
    }

    pub(crate) fn pushes(&self) -> &[Worker] {
        &self.pushes
    }

    pub(crate) fn scan(&self) -> &Worker {
        &self.scan
    }

    /// Returns whether none of them is stuck.
    pub(crate) fn make_progress(&self) -> bool {
        self.polls.iter().chain(&self.pushes).chain([&self.scan]).all(Worker::makes_progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_works_too_long_is_stuck() {
        let mut workers = Workers::new(1, 1);
        workers.polls[0].limit = Duration::from_millis(5);
        workers.polls[0].begins();
        std::thread::sleep(Duration::from_millis(20));
        assert!(!workers.make_progress());
        workers.polls[0].begins();
        assert!(workers.make_progress());
        workers.polls[0].ends();
        std::thread::sleep(Duration::from_millis(20));
        assert!(workers.make_progress(), "waiting for work is not being stuck");
    }
}
