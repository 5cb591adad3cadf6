//! A window as a `fleet.toml` writes it: `"Mon-Fri 22:00-05:00 +02:00"`.

use super::error::{Wrong, wrong};
use super::nearest::suggestion;
use crate::window::{MINUTES_A_DAY, Window, Zone};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const FORM: &str = "write \"22:00-05:00 +02:00\", \"22:00-05:00 UTC\" or \"22:00-05:00 local\", with days before it if it \
                    does not open on all: \"Mon-Fri 22:00-05:00 local\", \"Sat,Sun 00:00-24:00 UTC\"";
/// No place on Earth is further ahead of UTC, or behind.
const FURTHEST: i16 = 14 * 60;

/// Reads a window.
pub fn window(text: &str) -> Result<Window, Wrong> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (on, hours, zone) = match words[..] {
        [on, hours, zone] => (days(on)?, hours, zone),
        [hours, zone] if hours.contains(':') => ([true; 7], hours, zone),
        [hours] if hours.contains(':') => return no_zone(),
        [_, hours] if hours.contains(':') => return no_zone(),
        _ => return wrong(format!("{text:?} is no window"), FORM),
    };
    let Some((from, to)) = hours.split_once('-') else { return wrong(format!("{hours:?} has no end"), FORM) };
    let (opens, closes) = (minute(from)?, minute(to)?);
    if opens == closes || opens == MINUTES_A_DAY {
        return wrong(format!("{hours:?} is never open"), "write 00:00-24:00 for whole days");
    }
    // An end before the begin is on the next day.
    let minutes = if closes > opens { closes - opens } else { MINUTES_A_DAY - opens + closes };
    Ok(Window { days: on, opens, minutes, zone: self::zone(zone)? })
}

fn no_zone<T>() -> Result<T, Wrong> {
    wrong("it does not say whose hours these are", FORM)
}

/// Reads days and ranges of days.
fn days(text: &str) -> Result<[bool; 7], Wrong> {
    let mut all = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let mut at = first;
        all[at] = true;
        while at != last {
            at = (at + 1) % 7;
            all[at] = true;
        }
    }
    Ok(all)
}

fn day(text: &str) -> Result<usize, Wrong> {
    match DAYS.iter().position(|day| day.eq_ignore_ascii_case(text)) {
        Some(day) => Ok(day),
        None => wrong(format!("{text:?} is no day of the week"), suggestion(text, "the days", DAYS)),
    }
}

/// Reads a time of the day; 24:00 is its end.
fn minute(text: &str) -> Result<u16, Wrong> {
    match clock(text) {
        Some(minute) if minute <= MINUTES_A_DAY => Ok(minute),
        _ => wrong(format!("{text:?} is no time of the day"), FORM),
    }
}

/// Reads `HH:MM`.
fn clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| match text.len() {
        1 | 2 if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse::<u16>().ok(),
        _ => None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (minutes < 60).then_some(hours * 60 + minutes)
}

fn zone(text: &str) -> Result<Zone, Wrong> {
    if text.eq_ignore_ascii_case("local") {
        return Ok(Zone::Local);
    }
    if text.eq_ignore_ascii_case("utc") || text == "Z" {
        return Ok(Zone::Utc(0));
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, Some(digits)),
        None => (1, text.strip_prefix('+')),
    };
    match digits.and_then(clock).and_then(|minutes| i16::try_from(minutes).ok()) {
        Some(minutes) if minutes <= FURTHEST => Ok(Zone::Utc(sign * minutes)),
        _ => wrong(format!("{text:?} is no offset from UTC"), FORM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read() {
        let night = Window { days: [true; 7], opens: 22 * 60, minutes: 7 * 60, zone: Zone::Utc(120) };
        assert_eq!(window("22:00-05:00 +02:00"), Ok(night));
        let days = [true, false, false, false, false, true, true];
        let weekend = Window { days, opens: 0, minutes: MINUTES_A_DAY, zone: Zone::Local };
        assert_eq!(window("Sat-Mon 00:00-24:00 local"), Ok(weekend.clone()));
        assert_eq!(window("sat,sun,mon 0:00-24:00 Local"), Ok(weekend));
        assert_eq!(window("9:00-17:30 -03:30").unwrap().zone, Zone::Utc(-210));
        assert_eq!(window("9:00-17:30 utc").unwrap().minutes, 510);
    }

    #[test]
    fn what_is_no_window_is_refused() {
        let what = |text| window(text).unwrap_err().what;
        assert_eq!(what("22:00-05:00"), "it does not say whose hours these are");
        assert_eq!(what("Mon 22:00-05:00"), "it does not say whose hours these are");
        assert_eq!(what("22:00-22:00 UTC"), "\"22:00-22:00\" is never open");
        assert_eq!(what("22:00 UTC"), "\"22:00\" has no end");
        assert_eq!(what("22:00-25:00 UTC"), "\"25:00\" is no time of the day");
        assert_eq!(what("22:60-23:00 UTC"), "\"22:60\" is no time of the day");
        assert_eq!(what("22:00-05:00 CET"), "\"CET\" is no offset from UTC");
        assert_eq!(what("22:00-05:00 +25:00"), "\"+25:00\" is no offset from UTC");
        assert_eq!(what("Mo 22:00-05:00 UTC"), "\"Mo\" is no day of the week");
        assert_eq!(what("nights"), "\"nights\" is no window");
    }
}
