//! `lifeboot rollout list`

use super::{RolloutCounts, RolloutPhase};
use crate::table::table;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Display};

/// The rollouts of this computer.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Rollouts {
    /// The rollouts, the newest first.
    pub rollouts: Vec<ListedRollout>,
    /// Those whose logs cannot be read.
    pub unreadable: Vec<UnreadableRollout>,
}

/// A rollout whose log cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct UnreadableRollout {
    /// Its name.
    pub rollout: String,
    /// Why not.
    pub reason: String,
    /// What to do.
    pub help: String,
}

/// A rollout in a list.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ListedRollout {
    /// Its name.
    pub rollout: String,
    /// The image's version.
    pub version: String,
    /// Where it is.
    pub phase: RolloutPhase,
    /// Whether a process drives it now.
    pub driven: bool,
    /// When it was started, in milliseconds since 1970 (UTC).
    pub started: u64,
    /// Devices in each state.
    pub counts: RolloutCounts,
}

impl Display for Rollouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rollouts.is_empty() && self.unreadable.is_empty() {
            return f.write_str("no rollout was started here yet: lifeboot rollout start IMAGE");
        }
        let rows = self.rollouts.iter().map(|rollout| {
            let phase = match (rollout.phase, rollout.driven) {
                (RolloutPhase::Running, false) => "interrupted".to_owned(),
                (phase, _) => phase.to_string(),
            };
            [rollout.rollout.clone(), rollout.version.clone(), phase, rollout.counts.to_string()]
        });
        f.write_str(&table(["rollout", "version", "phase", "devices"], rows))?;
        for UnreadableRollout { rollout, reason, help } in &self.unreadable {
            write!(f, "\n{rollout} cannot be read: {reason}; {help}")?;
        }
        Ok(())
    }
}
