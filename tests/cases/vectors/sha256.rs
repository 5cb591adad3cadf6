//! SHA-256: the examples of FIPS 180-4, and short messages of NIST's validation system (CAVS 11.0, `SHA256ShortMsg`).
//! A message that is long enough is treated as firmware: it is the payload in a slot, its published digest is in the
//! signed header, and the verifier reads and hashes it block by block.

use crate::hex;
use crate::signed_image::{SignedImage, info};
use lifeboot_core::Slot;
use lifeboot_core::image::{Invalid, Trust};
use lifeboot_core::layout::{Board, Region};
use lifeboot_core::record::Record;
use lifeboot_core::verify::verify;
use lifeboot_example_boards::{BOARDS, MICROBIT};
use lifeboot_tests::simulated_flash::SimulatedFlash;
use sha2::{Digest, Sha256};

/// A message, and its digest.
const SHORT_MESSAGES: [(&str, &str); 12] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
    ("11af", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"),
    ("5738c929c4f4ccb6", "963bb88f27f512777aab6c8b1a02c70ec0ad651d428f870036e1917120fb48bf"),
    ("3334c58075d3f4139e", "078da3d77ed43bd3037a433fd0341855023793f9afd08b4b08ea1e5597ceef20"),
    ("74cb9381d89f5aa73368", "73d6fad1caaa75b43b21733561fd3958bdc555194a037c2addec19dc2d7a52bd"),
    ("0a27847cdc98bd6f62220b046edd762b", "80c25ec1600587e7f28b18b1b18e3cdc89928e39cab3bc25e4d4a4c139bcedc4"),
    ("1b503fb9a73b16ada3fcf1042623ae7610", "d5c30315f72ed05fe519a1bf75ab5fd0ffec5ac1acb0daf66b6b769598594509"),
    (
        "09fc1accc230a205e4a208e64a8f204291f581a12756392da4b8c0cf5ef02b95",
        "4f44c1c7fbebb6f9601829f3897bfd650c56fa07844be76489076356ac1886a4",
    ),
    (
        "2d52447d1244d2ebc28650e7b05654bad35b3a68eedc7f8515306b496d75f3e7\
         3385dd1b002625024b81a02f2fd6dffb6e6d561cb7d0bd7a",
        "cfb88d6faf2de3a69d36195acec2e255e2af2b7d933997f348e09f6ce5758360",
    ),
    (
        "e2f76e97606a872e317439f1a03fcd92e632e5bd4e7cbc4e97f1afc19a16fde9\
         2d77cbe546416b51640cddb92af996534dfd81edb17c4424cf1ac4d75aceeb",
        "18041bd4665083001fba8c5411d2d748e8abbfdcdfd9218cb02b68a78e7d4c23",
    ),
    (
        "5a86b737eaea8ee976a0a24da63e7ed7eefad18a101c1211e2b3650c5187c2a8\
         a650547208251f6d4237e661c7bf4c77f335390394c37fa1a9f9be836ac28509",
        "42e61e174fbb3897d6dd6cef3dd2802fe67b331953b06114a65c772859dfc1aa",
    ),
];

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const BITS_448: (&str, &str) = (
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
);
const BITS_896: (&str, &str) = (
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
    "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
);
const MILLION_A: &str = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

/// Room for a payload of a million bytes, which no board has.
static ROOMY: Board = MICROBIT
    .with_name("roomy")
    .with_flash_length(4 << 20)
    .with_slots([Region { start: 1 << 20, length: 1 << 20 }, Region { start: 2 << 20, length: 1 << 20 }]);

/// The verifier's result for a slot whose payload is the message and whose header carries this digest.
fn verdict(board: &'static Board, message: &[u8], digest: [u8; 32]) -> Invalid {
    let mut image = SignedImage::new(board, 1024).bound();
    image.pointers.clear();
    image.filling = message.to_vec();
    image.seal();
    image.header.digest = digest;
    let mut flash = SimulatedFlash::new(board);
    image.put(&mut flash, Slot::A);
    let trust = Trust { board, info: &info().for_board(board), record: &Record::FACTORY };
    let verdict = verify(&mut flash, &trust, Slot::A);
    assert_eq!(flash.misuse(), None);
    verdict.expect_err("a message is no firmware")
}

fn check(board: &'static Board, message: &[u8], digest: &str) {
    let published: [u8; 32] = hex::array(digest);
    assert_eq!(<[u8; 32]>::from(Sha256::digest(message)), published);
    // Payloads have at least 8 bytes.
    if message.len() >= 8 {
        // The digest is right; the check after it fails.
        assert_eq!(verdict(board, message, published), Invalid::Stack, "{digest} on {}", board.name);
        let mut other = published;
        other[31] ^= 1;
        assert_eq!(verdict(board, message, other), Invalid::Digest, "{digest} on {}", board.name);
    }
}

#[test]
fn short_messages() {
    for board in BOARDS {
        for (message, digest) in SHORT_MESSAGES {
            check(board, &hex::bytes(message), digest);
        }
    }
}

#[test]
fn examples_of_the_standard() {
    for board in BOARDS {
        check(board, b"abc", ABC);
        check(board, BITS_448.0.as_bytes(), BITS_448.1);
        check(board, BITS_896.0.as_bytes(), BITS_896.1);
    }
}

#[test]
fn a_million_letters() {
    check(&ROOMY, &[b'a'; 1_000_000], MILLION_A);
}
