//! Sizes and offsets as board files write them: `32K`, `8M`, `0x8000`, `32768`.

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

/// Reads a size; `None` if the text is none, or does not fit 32 bits.
pub fn read(text: &str) -> Option<u32> {
    let text = text.trim();
    let (number, unit) = match text.as_bytes().last()? {
        b'K' | b'k' => (&text[..text.len() - 1], KIB),
        b'M' | b'm' => (&text[..text.len() - 1], MIB),
        _ => (text, 1),
    };
    let (digits, radix) = match number.strip_prefix("0x").or_else(|| number.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // `from_str_radix` would also take a sign.
    if !digits.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(&digits.replace('_', ""), radix).ok()?.checked_mul(unit)
}

/// Returns a size in its shortest exact form.
pub fn show(bytes: u32) -> String {
    match bytes {
        0 => "0".to_owned(),
        _ if bytes.is_multiple_of(MIB) => format!("{}M", bytes / MIB),
        _ if bytes.is_multiple_of(KIB) => format!("{}K", bytes / KIB),
        _ => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_every_form() {
        let read_all = ["32K", "8M", "0x8000", "32768", " 2k ", "0x10K", "32_768"].map(read);
        let expected = [32_768, 8 << 20, 32_768, 32_768, 2_048, 16_384, 32_768].map(Some);
        assert_eq!(read_all, expected);
        assert_eq!(["", "K", "32Q", "-1", "+1", "4096M", "3.5K", "0x"].map(read), [None; 8]);
    }

    #[test]
    fn what_is_shown_can_be_read() {
        for bytes in [0, 1, 256, 1_024, 1_536, 115_712, 1 << 20, 3 << 20, u32::MAX] {
            assert_eq!(read(&show(bytes)), Some(bytes));
        }
        assert_eq!([1_536, 115_712, 2 << 20].map(show), ["1536", "113K", "2M"]);
    }
}
