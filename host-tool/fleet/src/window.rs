//! The hours in which devices may be touched.
//!
//! A window opens at a time of the day and stays open for less than a day, or for all of it; past midnight it belongs to the
//! day on which it opened. A fixed offset from UTC needs nothing else. Local time has summer and winter, which only the host
//! knows: its present offset comes from the driver, as [`Event::LocalOffset`](crate::rollout::Event::LocalOffset).

use crate::time::Time;
use serde::{Deserialize, Serialize};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Minutes in a day.
pub const MINUTES_A_DAY: u16 = 24 * 60;

/// When devices may be touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Window {
    /// Whether it opens on a day, from Monday on.
    pub days: [bool; 7],
    /// The minute of the day at which it opens, below [`MINUTES_A_DAY`].
    pub opens: u16,
    /// How many minutes it stays open: 1 to [`MINUTES_A_DAY`].
    pub minutes: u16,
    /// Whose time of the day that is.
    pub zone: Zone,
}

/// Whose time of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// So many minutes ahead of UTC, the whole year.
    Utc(i16),
    /// The host's.
    Local,
}

/// What a window is at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Open, at least until this instant.
    Open(Time),
    /// Closed; it opens at this instant, if the offset from UTC does not change before.
    Closed(Time),
    /// Unknown, and so treated as closed: the host's offset from UTC was not reported.
    Unknown,
}

impl Window {
    /// Returns what the window is at `now`; `local` is the host's offset from UTC in minutes, if it is known.
    pub fn at(&self, now: Time, local: Option<i16>) -> Opening {
        let minutes = match (self.zone, local) {
            (Zone::Utc(minutes), _) | (Zone::Local, Some(minutes)) => minutes,
            (Zone::Local, None) => return Opening::Unknown,
        };
        let shift = i64::from(minutes) * MINUTE;
        let now = i64::try_from(now.0).unwrap_or(i64::MAX / 2).min(i64::MAX / 2) + shift;
        let back = |local: i64| Time(u64::try_from(local - shift).unwrap_or(0));
        let today = now.div_euclid(DAY);
        // Yesterday's may still be open; each day of the week comes within the next eight.
        for day in today - 1..=today + 8 {
            let start = day * DAY + i64::from(self.opens) * MINUTE;
            let end = start + i64::from(self.minutes) * MINUTE;
            if self.opens_on(day) && now < end {
                return if start <= now { Opening::Open(back(end)) } else { Opening::Closed(back(start)) };
            }
        }
        Opening::Unknown
    }

    /// Returns whether it opens on a day, counted from the epoch, which was a Thursday.
    fn opens_on(&self, day: i64) -> bool {
        usize::try_from((day + 3).rem_euclid(7)).is_ok_and(|weekday| self.days[weekday])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-01-01, a Monday, 00:00 UTC.
    const MONDAY: u64 = 1_704_067_200_000;
    const HOUR: u64 = 3_600_000;

    fn night(days: [bool; 7], zone: Zone) -> Window {
        Window { days, opens: 22 * 60, minutes: 7 * 60, zone }
    }

    fn at(window: &Window, hours: u64) -> Opening {
        window.at(Time(MONDAY + hours * HOUR), None)
    }

    fn hours(hours: u64) -> Time {
        Time(MONDAY + hours * HOUR)
    }

    #[test]
    fn a_night_reaches_into_the_next_day() {
        let window = night([true; 7], Zone::Utc(0));
        assert_eq!(at(&window, 4), Opening::Open(hours(5)));
        assert_eq!(at(&window, 5), Opening::Closed(hours(22)));
        assert_eq!(at(&window, 22), Opening::Open(hours(29)));
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_began() {
        let mut days = [false; 7];
        days[0] = true;
        let window = night(days, Zone::Utc(0));
        assert_eq!(at(&window, 4), Opening::Closed(hours(22)), "Sunday's night");
        assert_eq!(at(&window, 28), Opening::Open(hours(29)), "Monday's night");
        assert_eq!(at(&window, 30), Opening::Closed(hours(7 * 24 + 22)), "a week later");
    }

    #[test]
    fn an_offset_moves_it() {
        let window = night([true; 7], Zone::Utc(120));
        assert_eq!(at(&window, 3), Opening::Closed(hours(20)));
        let local = night([true; 7], Zone::Local);
        assert_eq!(at(&local, 3), Opening::Unknown);
        assert_eq!(local.at(hours(20), Some(120)), Opening::Open(hours(27)));
        assert_eq!(local.at(hours(20), Some(60)), Opening::Closed(hours(21)));
    }

    #[test]
    fn a_window_that_never_opens_is_never_open() {
        assert_eq!(at(&night([false; 7], Zone::Utc(0)), 23), Opening::Unknown);
        let whole = Window { days: [true; 7], opens: 0, minutes: MINUTES_A_DAY, zone: Zone::Utc(0) };
        assert_eq!(whole.at(Time(u64::MAX), None), whole.at(Time(u64::MAX), None), "no overflow");
    }
}
