//! Golden files: titled pieces of bytes, as lines of hex.

use crate::hex;
use std::path::PathBuf;
use std::{env, fs};

/// Bytes with a title.
pub struct Piece {
    pub title: String,
    pub bytes: Vec<u8>,
}

/// A piece.
pub fn piece(title: impl Into<String>, bytes: &[u8]) -> Piece {
    Piece { title: title.into(), bytes: bytes.to_vec() }
}

/// Compares with the committed file of this name, or writes it if that was requested. Returns the file's pieces:
/// what is read back in a test comes from the committed file.
pub fn compare(name: &str, pieces: &[Piece]) -> Vec<Piece> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    let now = text(pieces);
    if env::var_os("LIFEBOOT_ACCEPT_GOLDEN").is_some_and(|accept| accept == "1") {
        fs::write(&path, &now).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == now,
        "{} is not what Lifeboot makes now:\n{}\
         If this is meant, and devices in the field can still be reached, accept it:\n    \
         LIFEBOOT_ACCEPT_GOLDEN=1 cargo test -p lifeboot-tests golden\n",
        path.display(),
        difference(&committed, &now)
    );
    parse(&committed)
}

fn text(pieces: &[Piece]) -> String {
    let piece = |Piece { title, bytes }: &Piece| format!("# {title}\n{}", hex::lines(bytes));
    pieces.iter().map(piece).collect::<Vec<String>>().join("\n")
}

fn parse(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match (line.strip_prefix("# "), pieces.last_mut()) {
            (Some(title), _) => pieces.push(piece(title, &[])),
            (None, Some(Piece { bytes, .. })) => bytes.extend(hex::bytes(&line["0000 ".len()..])),
            (None, None) => panic!("bytes without a title: {line}"),
        }
    }
    pieces
}

/// The lines that only one of the texts has, under their title.
fn difference(committed: &str, now: &str) -> String {
    let (before, after) = (parse(committed), parse(now));
    let mut out = String::new();
    let titles = before.iter().chain(after.iter().filter(|new| before.iter().all(|old| old.title != new.title)));
    for title in titles.map(|piece| &piece.title) {
        let lines = |pieces: &[Piece]| -> Vec<String> {
            let piece = pieces.iter().find(|piece| piece.title == *title);
            piece.map_or(Vec::new(), |piece| hex::lines(&piece.bytes).lines().map(str::to_owned).collect())
        };
        let (old, new) = (lines(&before), lines(&after));
        if old == new {
            continue;
        }
        out += &format!("# {title}\n");
        for number in 0..old.len().max(new.len()) {
            let (old, new) = (old.get(number), new.get(number));
            if old != new {
                out.extend(old.map(|line| format!("- {line}\n")));
                out.extend(new.map(|line| format!("+ {line}\n")));
            }
        }
    }
    if out.is_empty() { "the order or the form of the file differs\n".to_owned() } else { out }
}

#[test]
fn a_difference_names_the_lines() {
    let before = text(&[piece("one", &[1; 40]), piece("two", &[2])]);
    let after =
        text(&[piece("one", &[&[1; 20][..], &[9], &[1; 19]].concat()), piece("two", &[2]), piece("three", &[3])]);
    let expected = "# one\n\
                    - 0010  01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01\n\
                    + 0010  01 01 01 01 09 01 01 01 01 01 01 01 01 01 01 01\n\
                    # three\n\
                    + 0000  03\n";
    assert_eq!(difference(&before, &after), expected);
    assert_eq!(parse(&after).iter().map(|piece| piece.bytes.len()).collect::<Vec<_>>(), [40, 1, 1]);
}
