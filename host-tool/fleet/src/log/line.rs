//! A line of a log: JSON with the checksum in front.

use crc::{CRC_32_ISO_HDLC, Crc};

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
const START: &str = "{\"crc\":\"";
const DIGITS: usize = 8;

/// The checksum of the lines so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain(u32);

impl Chain {
    fn then(self, json: &str) -> Chain {
        let mut digest = CRC.digest();
        digest.update(format!("{:08x}", self.0).as_bytes());
        digest.update(json.as_bytes());
        Chain(digest.finalize())
    }

    /// Returns the line for a JSON object with a field or more, and the chain after it.
    pub fn line(self, json: &str) -> (String, Chain) {
        let next = self.then(json);
        (format!("{START}{:08x}\",{}\n", next.0, json.get(1..).unwrap_or_default()), next)
    }

    /// Returns the JSON object of a line without its end, and the chain after it.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn read(self, line: &str) -> Result<(String, Chain), String> {
        let rest = line.strip_prefix(START).ok_or("it has no checksum")?;
        let (digits, rest) = rest.split_at_checked(DIGITS).ok_or("it has no checksum")?;
        let rest = rest.strip_prefix("\",").ok_or("it has no checksum")?;
        let json = format!("{{{rest}");
        let next = self.then(&json);
        match digits == format!("{:08x}", next.0) {
            true => Ok((json, next)),
            false => Err("it does not match its checksum, or a line before it is missing".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let (first, chain) = Chain::default().line("{\"a\":1}");
        let (second, last) = chain.line("{\"a\":1}");
        assert_ne!(first, second, "the same content in another place");
        let (json, after) = Chain::default().read(first.trim_end()).unwrap();
        assert_eq!((json.as_str(), after), ("{\"a\":1}", chain));
        assert_eq!(after.read(second.trim_end()).unwrap().1, last);
        assert!(serde_json::from_str::<serde_json::Value>(&first).is_ok(), "{first}");
    }

    #[test]
    fn each_changed_character_and_each_missing_line_is_noticed() {
        let (first, chain) = Chain::default().line("{\"event\":\"begun\"}");
        for at in 0..first.trim_end().len() {
            let mut bytes = first.trim_end().as_bytes().to_vec();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(Chain::default().read(&changed).is_err(), "{changed}");
        }
        let (second, _) = chain.line("{\"event\":\"ended\"}");
        assert!(Chain::default().read(second.trim_end()).is_err());
    }
}
