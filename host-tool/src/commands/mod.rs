//! The commands, one file each: its arguments and help text, and a `run` that returns what it has to report.

pub mod completions;
pub mod confirm;
pub mod diff;
pub mod doctor;
mod firmware;
pub mod flash;
pub mod inspect;
mod interrupt;
pub mod keygen;
pub mod keys;
pub mod man;
pub mod monitor;
mod passphrase;
mod patches;
mod port;
mod progress;
pub mod provision;
pub mod push;
mod release;
pub mod reset;
pub mod rollback;
pub mod run;
pub mod sign;
pub mod status;
pub mod watch;
