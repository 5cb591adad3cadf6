//! The commands, one file each: the arguments with their help texts, and a `run` that returns the report.

pub mod cancel;
pub mod completions;
pub mod confirm;
pub mod diff;
pub mod doctor;
mod firmware;
pub mod flash;
pub mod inspect;
pub mod interrupt;
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
mod seconds;
pub mod sign;
pub mod status;
pub mod watch;
