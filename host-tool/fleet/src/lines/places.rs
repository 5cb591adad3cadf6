//! Where devices were seen last, and which ports are in use.

use crate::device::DeviceId;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Where devices were seen last, and which ports are in use.
pub(super) struct Places {
    state: Mutex<State>,
    /// Notified when a port is free again.
    freed: Condvar,
}

struct State {
    last: BTreeMap<DeviceId, String>,
    in_use: BTreeMap<String, Use>,
}

/// What a port is in use for.
#[derive(Clone, PartialEq, Eq)]
enum Use {
    /// Its device is asked who it is, which takes seconds.
    Asking,
    /// Something is done to this device, which takes minutes.
    Act(DeviceId),
}

impl Places {
    pub fn new(last: BTreeMap<DeviceId, String>) -> Self {
        let state = State { last, in_use: BTreeMap::new() };
        Places { state: Mutex::new(state), freed: Condvar::new() }
    }

    /// Returns the port at which a device was seen last.
    pub fn last(&self, device: &DeviceId) -> Option<String> {
        device.port().map(str::to_owned).or_else(|| self.state().last.get(device).cloned())
    }

    /// Notes that a device was seen at a port. Any other that was seen there before is elsewhere now.
    pub fn note(&self, device: &DeviceId, port: &str) {
        let last = &mut self.state().last;
        last.retain(|other, at| at != port || other == device);
        last.insert(device.clone(), port.to_owned());
    }

    /// Takes a port, to ask its device who it is. If it is being asked already, waits for the end of that: the other one may not
    /// look for this device.
    ///
    /// # Errors
    /// The device at the port, while something is done to it.
    pub fn take(&self, port: &str) -> Result<Taken<'_>, DeviceId> {
        let is_asked = |state: &mut State| state.in_use.get(port) == Some(&Use::Asking);
        let waited = self.freed.wait_while(self.state(), is_asked);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if let Some(Use::Act(device)) = state.in_use.get(port) {
            return Err(device.clone());
        }
        state.in_use.insert(port.to_owned(), Use::Asking);
        Ok(Taken { places: self, name: port.to_owned() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A port that is taken until this is dropped.
pub(super) struct Taken<'a> {
    places: &'a Places,
    name: String,
}

impl Taken<'_> {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// From now on something is done to the device, which is this one.
    pub fn begin_act(&self, device: &DeviceId) {
        self.places.state().in_use.insert(self.name.clone(), Use::Act(device.clone()));
        self.places.freed.notify_all();
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.places.state().in_use.remove(&self.name);
        self.places.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    fn id(name: &str) -> DeviceId {
        DeviceId(name.to_owned())
    }

    #[test]
    fn a_device_is_where_it_was_seen_last_and_alone_there() {
        let places = Places::new(BTreeMap::from([(id("aa"), "one".to_owned())]));
        assert_eq!(places.last(&id("aa")).as_deref(), Some("one"));
        places.note(&id("aa"), "two");
        places.note(&id("bb"), "two");
        assert_eq!((places.last(&id("aa")), places.last(&id("bb")).as_deref()), (None, Some("two")));
        assert_eq!(places.last(&id("port:three")).as_deref(), Some("three"));
    }

    #[test]
    fn a_port_is_waited_for_while_it_is_asked_and_not_during_an_act() {
        let places = Places::new(BTreeMap::new());
        let taken = places.take("one").unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(|| places.take("one").is_ok());
            thread::sleep(Duration::from_millis(20));
            drop(taken);
            assert!(second.join().unwrap());
        });
        let taken = places.take("one").unwrap();
        taken.begin_act(&id("aa"));
        assert_eq!(places.take("one").err(), Some(id("aa")));
        assert!(places.take("two").is_ok());
        drop(taken);
        assert!(places.take("one").is_ok());
    }
}
