//! Which firmware was proved before: a list of what it was linked with, beside its ELF file.
//!
//! To link firmware for slot B takes as long as to build it, so during development it is not done for each change of the code.

use lifeboot_artifact::hex;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The most that are remembered. Older ones are proved again.
const MOST: usize = 32;

/// The proofs of one ELF file.
#[derive(Debug)]
pub struct Proofs {
    path: PathBuf,
    lines: Vec<String>,
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
        let text = fs::read_to_string(&path).unwrap_or_default();
        Proofs { path, lines: text.lines().map(str::to_owned).collect() }
    }

    /// Returns what came of the last attempt with these link inputs; `None` if there was none.
    pub fn attempt(&self, inputs: &[u8; 32]) -> Option<Attempt> {
        let known = |attempt| self.lines.iter().any(|line| *line == line_of(inputs, attempt)).then_some(attempt);
        known(Attempt::Proved).or_else(|| known(Attempt::Unlinked))
    }

    /// Remembers an attempt. Where the list cannot be written, the next build is proved again.
    pub fn remember(mut self, inputs: &[u8; 32], attempt: Attempt) {
        self.lines.push(line_of(inputs, attempt));
        let last = &self.lines[self.lines.len().saturating_sub(MOST)..];
        let _ = fs::write(&self.path, last.join("\n") + "\n");
    }
}

fn line_of(inputs: &[u8; 32], attempt: Attempt) -> String {
    let word = match attempt {
        Attempt::Proved => "proved",
        Attempt::Unlinked => "unlinked",
    };
    format!("{} {word}", hex(inputs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempts_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let elf = folder.path().join("app.elf");
        assert_eq!(Proofs::of(&elf).attempt(&[0; 32]), None);
        for number in 0..=MOST as u8 {
            Proofs::of(&elf).remember(&[number; 32], Attempt::Unlinked);
        }
        assert_eq!(Proofs::of(&elf).attempt(&[0; 32]), None);
        assert_eq!(Proofs::of(&elf).attempt(&[1; 32]), Some(Attempt::Unlinked));
        Proofs::of(&elf).remember(&[1; 32], Attempt::Proved);
        assert_eq!(Proofs::of(&elf).attempt(&[1; 32]), Some(Attempt::Proved));
        assert_eq!(Proofs::of(&folder.path().join("other.elf")).attempt(&[1; 32]), None);
    }
}
