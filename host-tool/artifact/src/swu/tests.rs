use super::*;
use crate::image_file::{Release, UnsignedImage};
use lifeboot_core::{Board, KeyIds, Slot, Version};
use miette::Diagnostic;

fn image() -> ImageFile {
    let board: &'static Board = lifeboot_example_boards::BOARDS[0];
    let version = Version { major: 3, minor: 1, patch: 0, build: 7 };
    let release = Release { version, epoch: 1, lowest_bootloader: 1, schemas: (0, 0), revokes: KeyIds::NONE };
    let unsigned = UnsignedImage::new(board, Slot::A, vec![0x5A; 601], &[], release, [1; 4]).unwrap();
    unsigned.with_signature([7; 64]).unwrap()
}

fn container() -> Vec<u8> {
    write(&image(), "1").unwrap()
}

/// An archive with other files.
fn with(description: &str, name: &str) -> Vec<u8> {
    cpio::write(&[(DESCRIPTION, description.as_bytes()), ("readme", b"first"), (name, &image().to_bytes())])
}

#[test]
fn what_is_written_is_read() {
    let bytes = container();
    assert!(is_swu(&bytes) && bytes.len().is_multiple_of(512));
    assert_eq!(read(&bytes).unwrap().to_bytes(), image().to_bytes());
    assert_eq!(image_in(&bytes).unwrap().to_bytes(), image().to_bytes());
    assert_eq!(image_in(&image().to_bytes()).unwrap().to_bytes(), image().to_bytes());
}

#[test]
fn each_truncation_is_an_error_and_none_a_panic() {
    let bytes = container();
    // What follows the trailer's name only fills the last block.
    let end = bytes.len() - bytes.iter().rev().take_while(|byte| **byte == 0).count();
    for length in 0..end {
        // Without its trailer the archive still holds the whole image.
        if let Ok(read) = read(&bytes[..length]) {
            assert_eq!(read.to_bytes(), image().to_bytes(), "{length}");
            assert!(length > end - 130, "{length}");
        }
    }
}

#[test]
fn each_changed_byte_of_the_image_is_noticed() {
    let bytes = container();
    let start = bytes.windows(4).position(|window| window == b"LBIM").unwrap();
    for at in (start..start + image().to_bytes().len()).step_by(13) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        assert!(read(&bytes).is_err(), "{at}");
    }
}

#[test]
fn the_digest_of_the_description_counts() {
    let sha256 = hex(&Sha256::digest(image().to_bytes()));
    let stated = |name: &str, digest: &str| {
        format!(
            "software = {{ // {{\n # sha256 = \"00\"\n a = {{ files: ( {{ filename = \"other\"; sha256 = \"11\"; }} ); \
             images: ( {{ sha256 = \"{digest}\"; filename = \"{name}\"; }} ); }}; /* }} */ }};"
        )
    };
    assert!(read(&with(&stated("a.img", &sha256), "a.img")).is_ok());
    assert!(read(&with(&stated("a.img", &sha256.to_uppercase()), "a.img")).is_ok());
    assert!(read(&with(&stated(r#"a\"b.img"#, &sha256), "a\"b.img")).is_ok());
    assert!(matches!(read(&with(&stated("b.img", &sha256), "a.img")), Err(SwuError::NoDigest(_))));
    assert!(matches!(read(&with(&stated("a.img", "11"), "a.img")), Err(SwuError::Digest(_))));
    assert!(matches!(read(&with("software = {", "a.img")), Err(SwuError::NoDigest(_))));
    assert!(matches!(read(&with("}}}} \"", "a.img")), Err(SwuError::NoDigest(_))));
}

#[test]
fn what_is_no_container_says_what_to_do() {
    let archive = |files: &[(&str, &[u8])]| read(&cpio::write(files)).unwrap_err();
    assert!(matches!(archive(&[("other", b"x"), (DESCRIPTION, b"x")]), SwuError::NoDescription));
    assert!(matches!(archive(&[(DESCRIPTION, b"x")]), SwuError::NoImage));
    assert!(matches!(read(b"PK"), Err(SwuError::Archive(_))));
    let error = image_in(b"PK").unwrap_err();
    assert!(error.help().unwrap().to_string().contains("lifeboot sign"), "{error}");
}

#[test]
fn names_that_would_break_the_description_are_refused() {
    let write = |board, revision| description::write(board, revision, "1.0.0", IMAGE, "00");
    assert!(write("acme-press", "1.2").is_ok());
    for (board, revision) in [("4press", "1"), ("a\"", "1"), ("a", ""), ("a", "1\";"), ("a", "1\n"), ("", "1")] {
        assert!(matches!(write(board, revision), Err(SwuError::Name { .. })), "{board} {revision}");
    }
}
