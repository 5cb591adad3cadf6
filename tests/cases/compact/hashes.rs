//! The hashes against sha2.

use lifeboot_compact::{Sha256, sha512};
use lifeboot_tests::chance::Chance;
use lifeboot_tests::tier::IS_DEEP;
use sha2::Digest;

#[test]
fn digests_of_every_length_in_any_parts_are_those_of_sha2() {
    let mut chance = Chance::new(3);
    let data = chance.bytes(1000);
    for length in 0..=data.len() {
        for _ in 0..if IS_DEEP { 1000 } else { 3 } {
            let (head, c) = data[..length].split_at(chance.below(length + 1));
            let (a, b) = head.split_at(chance.below(head.len() + 1));
            assert_eq!(sha512([a, b, c])[..], sha2::Sha512::digest(&data[..length])[..], "{length} bytes");
            let mut hash = Sha256::new();
            [a, b, c].into_iter().for_each(|part| hash.update(part));
            assert_eq!(hash.clone().finalize()[..], sha2::Sha256::digest(&data[..length])[..], "{length} bytes");
            // A copy does not disturb the original.
            hash.update(b"more");
            let more = sha2::Sha256::new().chain_update(&data[..length]).chain_update(b"more").finalize();
            assert_eq!(hash.finalize()[..], more[..]);
        }
    }
}

/// 2²⁹ bytes and one: more bits than a word counts.
#[cfg(feature = "deep")]
#[test]
fn a_long_message_has_its_length_in_both_words() {
    let part = vec![0xa5; 1 << 20];
    let (mut ours, mut theirs) = (Sha256::new(), sha2::Sha256::new());
    for _ in 0..512 {
        ours.update(&part);
        theirs.update(&part);
    }
    ours.update(&[1]);
    theirs.update([1]);
    assert_eq!(ours.finalize()[..], theirs.finalize()[..]);
}
