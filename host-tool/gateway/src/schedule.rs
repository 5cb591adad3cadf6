//! Who is next: the one place where times of polls are kept, and the queue of acts.
//!
//! Invariant: a device is with at most one worker of each kind. Workers sleep until something is due.

use lifeboot_fleet::device::DeviceId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When each device has its next turn.
#[derive(Default)]
pub(crate) struct Schedule {
    turns: Mutex<Turns>,
    changed: Condvar,
}

#[derive(Default)]
struct Turns {
    due: BTreeSet<(Instant, DeviceId)>,
    at: BTreeMap<DeviceId, Instant>,
    /// Devices that have their turn, and whether they shall have another one at once.
    taken: BTreeMap<DeviceId, bool>,
    closed: bool,
}

impl Schedule {
    /// Waits for a device's turn, and returns the device; `None` once closed.
    pub(crate) fn take(&self) -> Option<DeviceId> {
        let mut turns = self.turns();
        loop {
            if turns.closed {
                return None;
            }
            let now = Instant::now();
            turns = match turns.due.first().map(|(at, _)| *at) {
                Some(at) if at <= now => {
                    let (_, device) = turns.due.pop_first()?;
                    turns.at.remove(&device);
                    turns.taken.insert(device.clone(), false);
                    return Some(device);
                }
                Some(at) => self.changed.wait_timeout(turns, at - now).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(turns).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Ends a device's turn; the next one is in this time, or at once if it was woken meanwhile.
    pub(crate) fn give_back(&self, device: &DeviceId, after: Duration) {
        let mut turns = self.turns();
        let again = turns.taken.remove(device).unwrap_or(false);
        let after = if again { Duration::ZERO } else { after };
        // A device without a next turn waits to be woken.
        if let Some(at) = Instant::now().checked_add(after) {
            turns.insert(device, at);
            self.changed.notify_one();
        }
    }

    /// Gives a device a turn at once.
    pub(crate) fn wake(&self, device: &DeviceId) {
        let mut turns = self.turns();
        if let Some(again) = turns.taken.get_mut(device) {
            *again = true;
            return;
        }
        turns.insert(device, Instant::now());
        self.changed.notify_one();
    }

    /// Ends all waiting.
    pub(crate) fn close(&self) {
        self.turns().closed = true;
        self.changed.notify_all();
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    fn insert(&mut self, device: &DeviceId, at: Instant) {
        if let Some(before) = self.at.insert(device.clone(), at) {
            self.due.remove(&(before, device.clone()));
        }
        self.due.insert((at, device.clone()));
    }
}

/// The acts that have begun and wait for a worker: those that must not wait for others first, then in order.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    acts: BTreeSet<(bool, u64, DeviceId)>,
    count: u64,
    closed: bool,
}

impl Queue {
    pub(crate) fn add(&self, device: &DeviceId, is_forced: bool) {
        let mut waiting = self.waiting();
        waiting.count += 1;
        let count = waiting.count;
        waiting.acts.insert((!is_forced, count, device.clone()));
        self.changed.notify_one();
    }

    /// Waits for an act, and returns its device; `None` once closed.
    pub(crate) fn take(&self) -> Option<DeviceId> {
        let mut waiting = self.waiting();
        loop {
            if waiting.closed {
                return None;
            }
            if let Some((_, _, device)) = waiting.acts.pop_first() {
                return Some(device);
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> DeviceId {
        DeviceId(name.to_owned())
    }

    #[test]
    fn turns_come_in_time_and_never_twice_at_once() {
        let schedule = Schedule::default();
        schedule.wake(&id("a"));
        assert_eq!(schedule.take(), Some(id("a")));
        schedule.wake(&id("b"));
        // It has its turn: not before that has ended.
        schedule.wake(&id("a"));
        assert_eq!(schedule.take(), Some(id("b")));
        schedule.give_back(&id("b"), Duration::from_millis(50));
        schedule.give_back(&id("a"), Duration::from_secs(3600));
        assert_eq!(schedule.take(), Some(id("a")), "it was woken meanwhile");
        schedule.give_back(&id("a"), Duration::MAX);
        let began = Instant::now();
        assert_eq!(schedule.take(), Some(id("b")));
        assert!(began.elapsed() >= Duration::from_millis(40));
        schedule.close();
        assert_eq!(schedule.take(), None);
    }

    #[test]
    fn what_is_forced_goes_first() {
        let queue = Queue::default();
        for (name, is_forced) in [("a", false), ("b", true), ("c", false), ("d", true)] {
            queue.add(&id(name), is_forced);
        }
        let order: Vec<_> = (0..4).map(|_| queue.take().unwrap().0).collect();
        assert_eq!(order, ["b", "d", "a", "c"]);
        queue.close();
        assert_eq!(queue.take(), None);
    }
}
