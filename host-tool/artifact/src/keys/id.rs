//! The ids of keys, as people write them.

/// Parses a key id: 8 hexadecimal digits.
pub fn id(text: &str) -> Option<[u8; 4]> {
    let is_id = text.len() == 8 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_id.then(|| u32::from_str_radix(text, 16).ok())?.map(u32::to_be_bytes)
}
