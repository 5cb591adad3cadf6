//! Times that a user gives, in seconds.

use clap::builder::{RangedU64ValueParser, TypedValueParser};
use clap::value_parser;
use std::time::Duration;

/// The longest time that a command accepts: a year. A clock can be advanced by it without an overflow.
pub const LONGEST: u64 = 365 * 24 * 60 * 60;

/// Returns the parser of an argument in seconds.
pub fn seconds() -> impl TypedValueParser<Value = Duration> {
    let number: RangedU64ValueParser<u64> = value_parser!(u64).range(0..=LONGEST);
    number.map(Duration::from_secs)
}

/// The default of `push --timeout`, in seconds.
pub const TIMEOUT: &str = "240";

#[cfg(test)]
mod tests {
    use super::*;
    use lifeboot_client::push::Options;

    #[test]
    fn the_default_is_that_of_a_push() {
        assert_eq!(Options::default().timeout, Duration::from_secs(TIMEOUT.parse().unwrap()));
    }
}
