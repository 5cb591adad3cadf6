//! Versions: from the grammar of semantic versioning to the four numbers of a header.

use lifeboot_core::Version;
use thiserror::Error;

/// Why a text is not a version that a header can hold.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum VersionError {
    /// The text does not follow the grammar of semantic versioning.
    #[error("{0}; a version is MAJOR.MINOR.PATCH or MAJOR.MINOR.PATCH+BUILD, e.g. 1.2.3+45")]
    Grammar(String),
    /// Headers have no room for a pre-release.
    #[error("a pre-release (-{0}) cannot be stored in a header; count builds instead, e.g. 1.2.3+45")]
    PreRelease(String),
    /// The build metadata is not a number.
    #[error("the build (+{0}) must be a number up to 4294967295, e.g. 1.2.3+45")]
    Build(String),
    /// A number is too large for its field.
    #[error("{0} {1} is too large: major and minor go up to 65535, patch up to 4294967295")]
    TooLarge(&'static str, u64),
}

/// Parses a version.
pub fn parse(text: &str) -> Result<Version, VersionError> {
    let version = semver::Version::parse(text).map_err(|error| VersionError::Grammar(error.to_string()))?;
    if !version.pre.is_empty() {
        return Err(VersionError::PreRelease(version.pre.to_string()));
    }
    let build = match version.build.as_str() {
        "" => 0,
        build => build.parse().map_err(|_| VersionError::Build(build.to_owned()))?,
    };
    let half = |name, number: u64| u16::try_from(number).map_err(|_| VersionError::TooLarge(name, number));
    let patch = u32::try_from(version.patch).map_err(|_| VersionError::TooLarge("patch", version.patch))?;
    Ok(Version { major: half("major", version.major)?, minor: half("minor", version.minor)?, patch, build })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_map_to_four_numbers() {
        assert_eq!(parse("1.2.3"), Ok(Version { major: 1, minor: 2, patch: 3, build: 0 }));
        assert_eq!(parse("1.2.3+45"), Ok(Version { major: 1, minor: 2, patch: 3, build: 45 }));
        let all = "65535.65535.4294967295+4294967295";
        assert_eq!(parse(all).unwrap().to_string(), all);
    }

    #[test]
    fn what_a_header_cannot_carry_is_refused() {
        let message = |text| parse(text).unwrap_err().to_string();
        assert!(message("1.2").contains("MAJOR.MINOR.PATCH"), "{}", message("1.2"));
        assert_eq!(parse("1.2.3-rc.1"), Err(VersionError::PreRelease("rc.1".to_owned())));
        assert_eq!(parse("1.2.3+g1234abc"), Err(VersionError::Build("g1234abc".to_owned())));
        assert_eq!(parse("1.2.3+4294967296"), Err(VersionError::Build("4294967296".to_owned())));
        assert_eq!(parse("65536.0.0"), Err(VersionError::TooLarge("major", 65536)));
        assert_eq!(parse("0.0.4294967296"), Err(VersionError::TooLarge("patch", 4294967296)));
    }
}
