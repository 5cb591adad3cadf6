//! PEM files (RFC 7468), read as leniently as openssl does: the tool that signs and the bootloader's build must agree on
//! which key a file holds.
//!
//! The lax form of RFC 7468, section 3, is read: lines of any length, blanks and empty lines anywhere in a block, text
//! before, between and behind blocks, several blocks in a file, any line ends, and UTF-16 as PowerShell writes it.

#![forbid(unsafe_code)]

mod encoding;
mod shown;

pub use encoding::decoded;
pub use shown::{is_text_of_key, without_private_keys};

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// The line that marks a demo's throw-away key, somewhere before its block.
pub const DEMO_LINE: &str = "Lifeboot demo key: throw-away, protects nothing";
/// The part of [`DEMO_LINE`] that is enough.
const DEMO_MARK: &str = "Lifeboot demo key";

/// The label of a private key.
pub const PRIVATE: &str = "PRIVATE KEY";
/// The label of an encrypted private key.
pub const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// The label of a public key.
pub const PUBLIC: &str = "PUBLIC KEY";

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Most blocks that are looked at. A chain of certificates has a handful.
const MOST_BLOCKS: usize = 64;

/// A block of a PEM file.
pub struct Block {
    /// What the block says it holds, such as [`PUBLIC`].
    pub label: String,
    /// The bytes in it, wiped from memory when dropped; `None` if its text is damaged.
    pub bytes: Option<Zeroizing<Vec<u8>>>,
    /// Whether the file marks the block's key as a demo's throw-away key.
    pub is_demo: bool,
}

impl Block {
    /// Returns whether the block holds a private key of any form, encrypted or not.
    pub fn is_private(&self) -> bool {
        self.label.ends_with(PRIVATE)
    }

    /// Returns whether the block holds a public key of any algorithm.
    pub fn is_public(&self) -> bool {
        self.label.ends_with(PUBLIC)
    }
}

/// Returns the blocks of a file, in their order.
pub fn blocks(file: &[u8]) -> Vec<Block> {
    let text = Zeroizing::new(decoded(file));
    let mut blocks = Vec::new();
    let mut from = 0;
    for _ in 0..MOST_BLOCKS {
        let Some(at) = text[from..].find(BEGIN) else { break };
        let start = from + at;
        from = start + BEGIN.len();
        let Some((label, _)) = text[from..].split_once(DASHES) else { break };
        if label.contains(['\n', '\r']) {
            continue;
        }
        let body = from + label.len() + DASHES.len();
        let end = format!("-----END {label}-----");
        let Some(length) = text[body..].find(&end) else { continue };
        let is_demo = text[..start].contains(DEMO_MARK);
        blocks.push(Block { label: label.to_owned(), bytes: base64(&text[body..body + length]), is_demo });
        from = body + length + end.len();
    }
    blocks
}

/// Decodes Base64 with white space anywhere in it.
fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Large enough, so that it leaves no copy behind in memory.
    let mut digits = Zeroizing::new(String::with_capacity(text.len()));
    digits.extend(text.chars().filter(|letter| !letter.is_ascii_whitespace() && *letter != '\u{b}'));
    Base64::decode_vec(&digits).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "MCowBQYDK2VwAyEAJvM3GJF9dBXr33ScGEnl8qvxdOrZ+FHMpP5HgglZn2c=";

    fn block(body: &str) -> String {
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    /// The label and first byte of each block.
    fn read(file: &str) -> Vec<(String, Option<u8>)> {
        blocks(file.as_bytes()).into_iter().map(|block| (block.label, block.bytes.map(|bytes| bytes[0]))).collect()
    }

    #[test]
    fn everything_that_openssl_reads_is_read() {
        let lines = |length: usize| {
            let lines: Vec<_> = KEY.as_bytes().chunks(length).map(String::from_utf8_lossy).collect();
            lines.join("\n")
        };
        let public = (PUBLIC.to_owned(), Some(0x30));
        for (what, file) in [
            ("one line", block(KEY)),
            ("lines of 32", block(&lines(32))),
            ("lines of 40", block(&lines(40))),
            ("lines of one letter", block(&lines(1))),
            ("blanks at line ends", block(&lines(32)).replace('\n', " \t\n")),
            ("carriage returns", block(&lines(64)).replace('\n', "\r\n")),
            ("an empty line behind BEGIN", block(&format!("\n{KEY}"))),
            ("text behind END", block(KEY) + "that was the key\n"),
            ("text before BEGIN", format!("the key:\n{}", block(KEY))),
            ("a stray byte before BEGIN", format!("x{}", block(KEY))),
            ("a byte order mark", format!("\u{feff}{}", block(KEY))),
            ("no line end behind END", block(KEY).trim_end().to_owned()),
        ] {
            assert_eq!(read(&file), vec![public.clone()], "{what}");
        }
        let second = block(KEY) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(read(&second), [public.clone(), ("CERTIFICATE".to_owned(), Some(0))]);
        let latin = [b"Schl\xfcssel:\n", block(KEY).as_bytes()].concat();
        assert_eq!(blocks(&latin).len(), 1);
        let utf16: Vec<u8> = format!("\u{feff}{}", block(KEY)).encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(blocks(&utf16)[0].bytes.as_ref().map(|bytes| bytes.len()), Some(44));
    }

    #[test]
    fn what_is_damaged_is_no_block_or_has_no_bytes() {
        let damaged = (PUBLIC.to_owned(), None);
        assert_eq!(read(&block(&KEY[1..])), vec![damaged.clone()]);
        assert_eq!(read(&block("Proc-Type: 4,ENCRYPTED")), [damaged]);
        assert_eq!(read(block(KEY).split("-----END").next().unwrap()), []);
        assert_eq!(read("-----BEGIN A\nB-----\n-----END A\nB-----"), []);
        assert_eq!(read(""), []);
        assert!(blocks(&BEGIN.repeat(10_000).into_bytes()).is_empty());
    }

    #[test]
    fn the_mark_of_a_demo_counts_before_the_block_only() {
        let is_demo = |file: String| blocks(file.as_bytes())[0].is_demo;
        assert!(is_demo(format!("{DEMO_LINE}\n{}", block(KEY))));
        assert!(!is_demo(block(KEY)));
        assert!(!is_demo(block(KEY) + DEMO_LINE));
    }
}
