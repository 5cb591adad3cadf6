//! What may be shown: the text of a key given where a file's name is expected must not come back in a message.

use crate::{BEGIN, DASHES, PRIVATE};
use std::borrow::Cow;

/// What is shown instead of a private key.
const HIDDEN: &str = "(a private key, not shown)";

/// Returns whether a value is the text of a key, or has several lines, and so is no name of a file. It must not be shown:
/// it may be secret.
pub fn is_text_of_key(value: &str) -> bool {
    value.contains(BEGIN.trim_end()) || value.trim_end_matches(['\r', '\n']).contains(['\r', '\n'])
}

/// Returns a text with each private key in it replaced, whole or cut off. JSON stays JSON.
pub fn without_private_keys(text: &str) -> Cow<'_, str> {
    let mut hidden = String::new();
    let mut rest = text;
    while let Some((at, end)) = private(rest) {
        hidden += &rest[..at];
        hidden += HIDDEN;
        rest = &rest[end..];
    }
    if hidden.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(hidden + rest) }
}

/// Returns where the first private key begins and ends.
fn private(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(at) = text[from..].find(BEGIN).map(|at| from + at) {
        let label = &text[at + BEGIN.len()..];
        let label = &label[..label.find(DASHES).unwrap_or(label.len())];
        from = at + BEGIN.len();
        if !label.ends_with(PRIVATE) {
            continue;
        }
        let end = format!("-----END {label}-----");
        let whole = text[from..].find(&end).map(|length| from + length + end.len());
        // One that is cut off ends at the latest with the string in JSON, or with the value that is quoted.
        let cut = || text[from..].find(['"', '\'']).map_or(text.len(), |length| from + length);
        return Some((at, whole.unwrap_or_else(cut)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----";

    #[test]
    fn the_text_of_a_key_is_no_name_of_a_file() {
        for value in [KEY, "-----BEGIN", "a\nb", "a\rb\n", "x -----BEGIN PUBLIC KEY-----"] {
            assert!(is_text_of_key(value), "{value:?}");
        }
        for value in ["", "key.pem", "-----", "BEGIN", "key.pem\n", "a b"] {
            assert!(!is_text_of_key(value), "{value:?}");
        }
    }

    #[test]
    fn no_private_key_is_shown() {
        let shown = |text: &str| without_private_keys(text).into_owned();
        assert_eq!(shown(&format!("cannot read {KEY}; {KEY}!")), format!("cannot read {HIDDEN}; {HIDDEN}!"));
        assert_eq!(shown("-----BEGIN RSA PRIVATE KEY-----\nMC4"), HIDDEN);
        assert_eq!(
            shown("{\"a\":\"-----BEGIN PRIVATE KEY-----\\nMC4\",\"b\":1}"),
            format!("{{\"a\":\"{HIDDEN}\",\"b\":1}}")
        );
        let public = KEY.replace("PRIVATE", "PUBLIC");
        assert_eq!(shown(&public), public);
        assert_eq!(shown(&format!("{public} {KEY}")), format!("{public} {HIDDEN}"));
        assert_eq!(shown("key.pem"), "key.pem");
    }
}
