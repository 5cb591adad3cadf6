//! Bytes as readable text.

/// The bytes that pairs of hex digits mean; spaces and line ends are skipped.
pub fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        text.split_whitespace().flat_map(str::chars).map(|digit| digit.to_digit(16).expect("a hex digit")).collect();
    assert!(digits.len().is_multiple_of(2), "half a byte in {text}");
    digits.as_chunks().0.iter().map(|[high, low]| (high << 4 | low) as u8).collect()
}

/// As [`bytes`], where the number of bytes is fixed.
pub fn array<const N: usize>(text: &str) -> [u8; N] {
    bytes(text).try_into().unwrap_or_else(|bytes: Vec<u8>| panic!("{} bytes instead of {N}: {text}", bytes.len()))
}

/// Bytes as lines of 16, each with its offset.
pub fn lines(bytes: &[u8]) -> String {
    let line = |(number, chunk): (usize, &[u8])| {
        let bytes: String = chunk.iter().map(|byte| format!(" {byte:02x}")).collect();
        format!("{:04x} {bytes}\n", number * 16)
    };
    bytes.chunks(16).enumerate().map(line).collect()
}
