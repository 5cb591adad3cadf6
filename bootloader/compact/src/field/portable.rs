use super::Element;

/// a + b.
///
/// # Safety
/// See [`Operation`](super::Operation).
pub unsafe extern "C" fn add(out: *mut Element, a: *const Element, b: *const Element) {
    // SAFETY: the caller's pointers are valid; both numbers are read before one is written.
    let (a, b) = unsafe { (*a, *b) };
    let mut sum = [0; 8];
    let mut carry = 0;
    for ((out, a), b) in sum.iter_mut().zip(a).zip(b) {
        carry += u64::from(a) + u64::from(b);
        *out = carry as u32;
        carry >>= 32;
    }
    fold(&mut sum, carry);
    // SAFETY: as above.
    unsafe { *out = sum };
}

/// a − b.
///
/// # Safety
/// See [`Operation`](super::Operation).
pub unsafe extern "C" fn subtract(out: *mut Element, a: *const Element, b: *const Element) {
    // SAFETY: as in `add`.
    let (a, b) = unsafe { (*a, *b) };
    let mut difference = [0; 8];
    let mut borrow = 0;
    for ((out, a), b) in difference.iter_mut().zip(a).zip(b) {
        borrow += i64::from(a) - i64::from(b);
        *out = borrow as u32;
        borrow >>= 32;
    }
    while borrow != 0 {
        borrow *= 38;
        for word in &mut difference {
            borrow += i64::from(*word);
            *word = borrow as u32;
            borrow >>= 32;
        }
    }
    // SAFETY: as above.
    unsafe { *out = difference };
}

/// a · b.
///
/// # Safety
/// See [`Operation`](super::Operation).
pub unsafe extern "C" fn multiply(out: *mut Element, a: *const Element, b: *const Element) {
    // SAFETY: as in `add`.
    let (a, b) = unsafe { (*a, *b) };
    let mut words = [0; 16];
    for (at, a) in a.into_iter().enumerate() {
        words[at + 8] = add_product(&mut words[at..at + 8], a, &b);
    }
    let (low, high) = words.split_at_mut(8);
    let carry = add_product(low, 38, high);
    let mut product = [0; 8];
    product.copy_from_slice(low);
    fold(&mut product, u64::from(carry));
    // SAFETY: as above.
    unsafe { *out = product };
}

/// Adds a · b to a number; returns the word that is carried out of it.
fn add_product(sum: &mut [u32], a: u32, b: &[u32]) -> u32 {
    let mut carry = 0;
    for (sum, b) in sum.iter_mut().zip(b) {
        // At most (2³² − 1)² + 2 (2³² − 1) = 2⁶⁴ − 1.
        let word = u64::from(a) * u64::from(*b) + u64::from(*sum) + carry;
        *sum = word as u32;
        carry = word >> 32;
    }
    carry as u32
}

/// Adds 38 for each carry out of the highest word, until there is none.
fn fold(number: &mut Element, mut carry: u64) {
    while carry != 0 {
        carry *= 38;
        for word in number.iter_mut() {
            carry += u64::from(*word);
            *word = carry as u32;
            carry >>= 32;
        }
    }
}
