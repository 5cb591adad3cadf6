//! Images are proved during development, too: once for everything that firmware is linked with, not for each change of the
//! code.

use super::interrupt;
use crate::error::Error;
use crate::output;
use lifeboot_artifact::elf::link_inputs;
use lifeboot_artifact::sign::Program;
use lifeboot_core::Board;
use lifeboot_project::proofs::{Attempt, ProofKey, Proofs};
use lifeboot_project::relink::{self, Relink, RelinkError};
use std::path::Path;

#[derive(clap::Args)]
#[group(skip)]
pub struct Arguments {
    /// A shell command that links the firmware for slot B, to the file that LIFEBOOT_RELINKED names [default: cargo build]
    #[arg(long, value_name = "COMMAND", env = "LIFEBOOT_RELINK")]
    relink: Option<String>,
    /// Never link the firmware for slot B, which proves the image whenever the linker's inputs have changed
    #[arg(long)]
    no_prove: bool,
}

/// A proof that is due: how to link the firmware for slot B.
pub struct Due {
    key: ProofKey,
    how: Relink,
}

/// The firmware as linked for slot B, and what linked it.
pub type Relinked = Result<(Vec<u8>, String), RelinkError>;

impl Due {
    /// Links the firmware for slot B. This takes as long as building it.
    pub fn relink(&self, path: &Path, elf: &[u8]) -> Relinked {
        relink::relink(&self.how, path, elf, &interrupt::came)
    }
}

impl Arguments {
    /// Returns the proof that is due, if one is. `built` says how cargo built the firmware; `None` if it did not.
    pub fn due(
        &self,
        path: &Path,
        elf: &[u8],
        board: &'static Board,
        built: Option<Relink>,
    ) -> Result<Option<Due>, Error> {
        let how = self.relink.clone().map(Relink::Command).or(built);
        let Some(how) = how.filter(|_| !self.no_prove) else { return Ok(None) };
        let key = ProofKey::new(&link_inputs(elf)?, &how);
        let is_due = match Proofs::of(path).attempt(&key) {
            None => true,
            // Also what only a proof decides.
            Some(Attempt::Proved) => Program::read(elf, board, false).is_err(),
            Some(Attempt::Unlinked) => false,
        };
        Ok(is_due.then_some(Due { key, how }))
    }
}

/// Returns the firmware, proved if `relinked` is the proof that was due. If it could not be linked for slot B, that is said, and
/// it is as without a proof.
pub fn program(
    path: &Path,
    elf: &[u8],
    board: &'static Board,
    relinked: Option<(Due, Relinked)>,
) -> Result<Program, Error> {
    let Some((due, relinked)) = relinked else { return Ok(Program::read(elf, board, false)?) };
    match relinked {
        Ok((relinked, _)) => {
            let program = Program::read_and_prove(elf, board, &relinked)?;
            Proofs::of(path).remember(&due.key, Attempt::Proved);
            Ok(program)
        }
        Err(error) => {
            output::warn(format_args!("not proved: {error}; lifeboot sign --prove says what to do"));
            // What was stopped says nothing of the firmware.
            if !error.was_stopped() {
                Proofs::of(path).remember(&due.key, Attempt::Unlinked);
            }
            Ok(Program::read(elf, board, false)?)
        }
    }
}
