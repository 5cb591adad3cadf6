//! Little-endian fields at fixed offsets. Offset and length are constants of the format that the compiler checks, so
//! reading a field of a fixed-size block can neither fail nor panic.

/// Returns the `N` bytes of `block` from offset `AT` on.
pub fn field<const AT: usize, const N: usize, const SIZE: usize>(block: &[u8; SIZE]) -> [u8; N] {
    const { assert!(AT + N <= SIZE, "the field lies outside its block") };
    match block.split_at(AT).1.first_chunk() {
        Some(field) => *field,
        None => [0; N], // Excluded by the assertion.
    }
}

/// Writes the bytes of `value` into `block` from offset `AT` on.
pub const fn put<const AT: usize, const N: usize, const SIZE: usize>(block: &mut [u8; SIZE], value: [u8; N]) {
    const { assert!(AT + N <= SIZE, "the field lies outside its block") };
    if let Some(place) = block.split_at_mut(AT).1.first_chunk_mut() {
        *place = value;
    }
}
