//! Which firmware was proved before: a list of what it was linked with, beside its ELF file.
//!
//! To link firmware for slot B takes as long as to build it, so during development it is not done for each change of the code.

use crate::files::{read_note, write_note};
use crate::relink::Relink;
use lifeboot_artifact::hex;
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The most that are remembered. Older ones are proved again.
const MOST: usize = 32;
/// The most bytes of the list: more than that many lines have.
const LENGTH: u64 = 8192;

/// The proofs of one ELF file.
#[derive(Debug)]
pub struct Proofs {
    path: PathBuf,
    lines: Vec<String>,
}

/// What decides about a proof: the firmware's link inputs, and how it is linked for slot B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofKey([u8; 32]);

impl ProofKey {
    /// Returns the key of firmware with these link inputs.
    pub fn new(inputs: &[u8; 32], how: &Relink) -> ProofKey {
        ProofKey(Sha256::new().chain_update(inputs).chain_update(format!("{how:?}")).finalize().into())
    }
}

/// What came of an attempt to prove firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The image is what the linker makes for slot B.
    Proved,
    /// The firmware could not be linked for slot B.
    Unlinked,
}

impl Proofs {
    /// Reads the proofs of an ELF file. Without a list there are none.
    pub fn of(elf: &Path) -> Proofs {
        let mut name = OsString::from(".");
        name.push(elf.file_name().unwrap_or_default());
        name.push(".proofs");
        let path = elf.with_file_name(name);
        let text = read_note(&path, LENGTH).unwrap_or_default();
        Proofs { path, lines: text.lines().map(str::to_owned).collect() }
    }

    /// Returns what came of the last attempt with this key; `None` if there was none.
    pub fn attempt(&self, key: &ProofKey) -> Option<Attempt> {
        let known = |attempt| self.lines.iter().any(|line| *line == line_of(key, attempt)).then_some(attempt);
        known(Attempt::Proved).or_else(|| known(Attempt::Unlinked))
    }

    /// Remembers an attempt. Where the list cannot be written, the next build is proved again.
    pub fn remember(mut self, key: &ProofKey, attempt: Attempt) {
        self.lines.push(line_of(key, attempt));
        let last = &self.lines[self.lines.len().saturating_sub(MOST)..];
        let _ = write_note(&self.path, (last.join("\n") + "\n").as_bytes());
    }
}

fn line_of(key: &ProofKey, attempt: Attempt) -> String {
    let word = match attempt {
        Attempt::Proved => "proved",
        Attempt::Unlinked => "unlinked",
    };
    format!("{} {word}", hex(&key.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempts_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let elf = folder.path().join("app.elf");
        let key = |number| ProofKey([number; 32]);
        assert_eq!(Proofs::of(&elf).attempt(&key(0)), None);
        for number in 0..=MOST as u8 {
            Proofs::of(&elf).remember(&key(number), Attempt::Unlinked);
        }
        assert_eq!(Proofs::of(&elf).attempt(&key(0)), None);
        assert_eq!(Proofs::of(&elf).attempt(&key(1)), Some(Attempt::Unlinked));
        Proofs::of(&elf).remember(&key(1), Attempt::Proved);
        assert_eq!(Proofs::of(&elf).attempt(&key(1)), Some(Attempt::Proved));
        assert_eq!(Proofs::of(&folder.path().join("other.elf")).attempt(&key(1)), None);
    }

    #[test]
    fn another_command_is_another_attempt() {
        let by = |line: &str| ProofKey::new(&[1; 32], &Relink::Command(line.to_owned()));
        assert_ne!(by("make b.elf"), by("make b-elf"));
        assert_ne!(by("make b.elf"), ProofKey::new(&[2; 32], &Relink::Command("make b.elf".to_owned())));
    }

    /// Whatever has the list's name, nothing else is read, followed or written.
    #[cfg(unix)]
    #[test]
    fn what_is_not_the_list_stays_as_it_is() {
        use std::fs;
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (elf, list, other) = (at("app.elf"), at(".app.elf.proofs"), at("other"));
        fs::write(&other, "precious\n").unwrap();
        symlink(&other, &list).unwrap();
        Proofs::of(&elf).remember(&ProofKey([1; 32]), Attempt::Proved);
        assert_eq!(fs::read_to_string(&other).unwrap(), "precious\n", "a symbolic link");
        fs::remove_file(&list).unwrap();
        fs::hard_link(&other, &list).unwrap();
        Proofs::of(&elf).remember(&ProofKey([1; 32]), Attempt::Proved);
        assert_eq!(fs::read_to_string(&other).unwrap(), "precious\n", "a second name");
        fs::remove_file(&list).unwrap();
        symlink("/dev/zero", &list).unwrap();
        assert_eq!(Proofs::of(&elf).attempt(&ProofKey([1; 32])), None);
        fs::remove_file(&list).unwrap();
        fs::create_dir(&list).unwrap();
        Proofs::of(&elf).remember(&ProofKey([1; 32]), Attempt::Proved);
        assert!(list.is_dir());
        fs::remove_dir(&list).unwrap();
        fs::write(&list, vec![b'x'; LENGTH as usize + 1]).unwrap();
        assert_eq!(Proofs::of(&elf).lines, [""; 0], "far too long");
    }
}
