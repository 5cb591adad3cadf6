//! Durations and shares as a `fleet.toml` writes them: `"90s"`, `"1h30m"`, `"5%"`.

use super::error::{Wrong, wrong};
use crate::definition::Limit;
use std::time::Duration;

const UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
const FORM: &str = "write a number and its unit, s, m, h or d: \"90s\", \"10m\", \"24h\", \"1h30m\"";
/// Longer than any rollout: a mistake in a unit.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Reads a duration.
pub fn duration(text: &str) -> Result<Duration, Wrong> {
    let mut rest = text.trim();
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let Ok(number) = number.parse::<u64>() else { return wrong(format!("{text:?} is no duration"), FORM) };
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, behind) = behind.split_at(letters);
        if unit.is_empty() {
            return wrong(format!("{text:?} has a number without a unit"), FORM);
        }
        let Some((_, factor)) = UNITS.iter().find(|(known, _)| *known == unit) else {
            return wrong(format!("{unit:?} is no unit of time"), FORM);
        };
        seconds = seconds.saturating_add(number.saturating_mul(*factor));
        rest = behind.trim_start();
    }
    match Duration::from_secs(seconds) {
        _ if text.trim().is_empty() => wrong("it is empty", FORM),
        long if long > LONGEST => wrong(format!("{text:?} is more than a year"), FORM),
        duration => Ok(duration),
    }
}

/// Reads so many percent.
pub fn percent(text: &str) -> Result<u8, Wrong> {
    let help = "write \"5%\"";
    let number = text.trim().strip_suffix('%').map(str::trim_end).and_then(|number| number.parse::<u32>().ok());
    match number {
        None => wrong(format!("{text:?} is no number of percent"), help),
        Some(number) => within_100(number),
    }
}

/// Checks a number of percent.
pub fn within_100(number: u32) -> Result<u8, Wrong> {
    match u8::try_from(number) {
        Ok(number @ 0..=100) => Ok(number),
        _ => wrong(format!("{number} percent are more than all"), "write 100 or less"),
    }
}

/// Reads how many may fail, in percent.
pub fn limit(text: &str) -> Result<Limit, Wrong> {
    percent(text).map(Limit::Percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let seconds = |text| duration(text).unwrap().as_secs();
        let read = ["0s", "90s", "10m", "24h", "2d", "1h30m", " 1h 30m "].map(seconds);
        assert_eq!(read, [0, 90, 600, 86_400, 172_800, 5400, 5400]);
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        let what = |text| duration(text).unwrap_err().what;
        assert_eq!(what("10"), "\"10\" has a number without a unit");
        assert_eq!(what("1h30"), "\"1h30\" has a number without a unit");
        assert_eq!(what("10min"), "\"min\" is no unit of time");
        assert_eq!(what("soon"), "\"soon\" is no duration");
        assert_eq!(what("9999999999999999999d"), "\"9999999999999999999d\" is more than a year");
        assert_eq!(what("-5m"), "\"-5m\" is no duration");
    }

    #[test]
    fn percent_are_100_at_most() {
        assert_eq!(percent("5%"), Ok(5));
        assert_eq!(percent(" 100 % "), Ok(100));
        assert_eq!(percent("101%").unwrap_err().what, "101 percent are more than all");
        assert_eq!(percent("5").unwrap_err().what, "\"5\" is no number of percent");
    }
}
