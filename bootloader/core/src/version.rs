//! A firmware version, as the header and the boot record carry it.

use core::fmt;

/// A semantic version with a build number: `major.minor.patch+build`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Incompatible changes.
    pub major: u16,
    /// Compatible additions.
    pub minor: u16,
    /// Corrections.
    pub patch: u32,
    /// Counts the builds of one version; 0 if builds are not counted.
    pub build: u32,
}

impl Version {
    /// Returns the byte form: major and minor in two bytes each, patch and build in four, little-endian.
    pub const fn to_bytes(self) -> [u8; 12] {
        let ([a, b], [c, d]) = (self.major.to_le_bytes(), self.minor.to_le_bytes());
        let ([e, f, g, h], [i, j, k, l]) = (self.patch.to_le_bytes(), self.build.to_le_bytes());
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    /// Returns the version in this byte form. Any twelve bytes are a version.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Version {
            major: u16::from_le_bytes([a, b]),
            minor: u16::from_le_bytes([c, d]),
            patch: u32::from_le_bytes([e, f, g, h]),
            build: u32::from_le_bytes([i, j, k, l]),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if self.build != 0 { write!(f, "+{}", self.build) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_build_is_shown_if_builds_are_counted() {
        let version = Version { major: 1, minor: 2, patch: 3, build: 0 };
        assert_eq!(version.to_string(), "1.2.3");
        assert_eq!(Version { build: 4, ..version }.to_string(), "1.2.3+4");
    }
}
