//! A simulated device.

use crate::random::Random;
use lifeboot_fleet::device::{Act, Ending};

/// What the image does on this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Good,
    /// It fails its trial.
    Bad,
    /// The device never answers again.
    Deadly,
    /// It is confirmed, and rolled back so many milliseconds later.
    FallsBack(u64),
    /// The device does not accept it.
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// What it ran before.
    Old,
    /// The image, confirmed then.
    New(u64),
    /// What it ran before, and the image is rejected.
    Rejected,
    /// Nothing that answers.
    Nothing,
}

#[derive(Clone, Debug)]
pub struct Device {
    pub fate: Fate,
    /// When it is connected.
    pub there_from: u64,
    pub runs: Runs,
    pub is_staged: bool,
    /// Whether the image was ever started and confirmed on it.
    pub was_confirmed: bool,
    /// How many in a thousand acts the line cuts off.
    pub noise: u64,
}

/// How an act goes: what changes at the device, when, and what is reported when.
pub struct Course {
    /// The device changes at this instant, whatever becomes of the line; `None` if it does not.
    pub changes_at: Option<u64>,
    pub ends_at: u64,
    pub is_cut_off: bool,
}

impl Device {
    /// Whether the image was started on it and failed at once.
    pub fn is_hurt_at_start(&self) -> bool {
        let fails = matches!(self.fate, Fate::Bad | Fate::Deadly);
        fails && matches!(self.runs, Runs::Rejected | Runs::Nothing)
    }

    /// Lets the time pass.
    pub fn live(&mut self, now: u64) {
        if let (Fate::FallsBack(after), Runs::New(since)) = (self.fate, self.runs)
            && now >= since + after
        {
            self.runs = Runs::Rejected;
        }
    }

    pub fn begin(&self, act: Act, now: u64, random: &mut Random) -> Course {
        let is_out = now < self.there_from || self.runs == Runs::Nothing;
        let takes = if is_out || act == Act::Check { random.within(100, 3000) } else { random.within(5000, 200_000) };
        let ends_at = now + takes;
        let changes_at = (!is_out && act != Act::Check).then(|| random.within(now + takes / 2, ends_at));
        match random.happens(self.noise) {
            false => Course { changes_at, ends_at, is_cut_off: false },
            true => {
                let ends_at = random.within(now, ends_at);
                // What the line has brought so far takes effect, nothing later does; unless it was cut off just then.
                let changes_at = changes_at.filter(|at| *at < ends_at);
                Course { changes_at, ends_at, is_cut_off: true }
            }
        }
    }

    /// The instant at which an act changes it.
    pub fn change(&mut self, act: Act, now: u64) {
        self.live(now);
        match (act, self.runs) {
            (Act::Stage, Runs::Old) => self.is_staged = self.fate != Fate::Refused,
            (Act::Update, Runs::Old) => self.start(now),
            (Act::Activate, Runs::Old) if self.is_staged => self.start(now),
            (Act::Rollback, Runs::New(_)) => self.runs = Runs::Old,
            _ => {}
        }
    }

    fn start(&mut self, now: u64) {
        self.is_staged = false;
        self.runs = match self.fate {
            Fate::Good | Fate::FallsBack(_) => Runs::New(now),
            Fate::Bad => Runs::Rejected,
            Fate::Deadly => Runs::Nothing,
            Fate::Refused => return,
        };
        self.was_confirmed |= matches!(self.runs, Runs::New(_));
    }

    /// What is reported at the end of an act.
    pub fn end(&mut self, act: Act, was_there: bool, saw_start: bool, now: u64) -> Ending {
        self.live(now);
        let reason = || "simulated".to_owned();
        let rolled_back = || Ending::RolledBack { reason: reason(), cause: Some("watchdog".to_owned()), pc: Some(7) };
        if !was_there {
            return Ending::Absent { reason: reason() };
        }
        match (act, self.runs) {
            (_, Runs::Nothing) if saw_start => Ending::Silent { last: reason() },
            (_, Runs::Nothing) => Ending::Absent { reason: reason() },
            (Act::Rollback, Runs::Old) => Ending::Restored,
            (_, Runs::New(_)) => Ending::Confirmed,
            (_, Runs::Rejected) => rolled_back(),
            (Act::Check, Runs::Old) if self.is_staged => Ending::Staged,
            (Act::Check, Runs::Old) => Ending::Restored,
            (Act::Stage, Runs::Old) if self.is_staged => Ending::Staged,
            (Act::Update | Act::Stage | Act::Activate, Runs::Old) => Ending::Refused { reason: reason() },
        }
    }
}
