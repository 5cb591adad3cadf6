//! The encodings of texts.

/// Decodes a text: UTF-8 with or without a byte order mark, or UTF-16 with one, as PowerShell writes it. Bytes that are
/// no text are replaced by U+FFFD.
pub fn decoded(bytes: &[u8]) -> String {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks(2).map(|pair| pair.try_into().map_or(0xfffd, unit));
        let mut text = String::with_capacity(rest.len() * 3 / 2 + 3);
        text.extend(char::decode_utf16(units).map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER)));
        text
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn every_encoding_of_powershell_is_read() {
        let utf16 = |unit: fn(u16) -> [u8; 2]| "\u{feff}ein Gerät".encode_utf16().flat_map(unit).collect::<Vec<_>>();
        for bytes in [
            "ein Gerät".as_bytes().to_vec(),
            "\u{feff}ein Gerät".as_bytes().to_vec(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ] {
            assert_eq!(decoded(&bytes), "ein Gerät");
        }
        assert_eq!(decoded(&[b'a', 0xff]), "a\u{fffd}");
        assert_eq!(decoded(&[0xff, 0xfe, b'a', 0, b'b']), "a\u{fffd}");
    }
}
