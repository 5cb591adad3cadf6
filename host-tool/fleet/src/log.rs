//! The log of a rollout on disk, and the locks beside it. The only module that does I/O; the core does not use it.
//!
//! ```text
//! STATE/rollouts/ROLLOUT/log       {"crc":"5f3a0c11","format":"lifeboot-rollout","version":1}
//!                                  {"crc":"…","at":1704067200000,"event":{"event":"started",…}}
//!                                  {"crc":"…","at":1704067200017,"event":{"event":"begun",…}}
//! STATE/rollouts/ROLLOUT/lock      locked by the process that drives the rollout
//! STATE/devices/DEVICE.lock        locked by the process whose rollout has the device; holds the rollout's name
//! ```
//!
//! Each line is JSON. Its `crc` is the CRC-32 of the `crc` of the line before it, as eight digits (zeros before the first), and
//! of the line without its own; so a line that is missing or was moved is noticed as well as one that was changed.
//!
//! [`Log::append`] returns once the line is on the disk. If the machine crashes before, the last line may be torn: without its
//! end, or with blocks of zeros where it was not written. Such a line was never acknowledged, so no act followed, and
//! [`StateFolder::open`] cuts it off. Damage anywhere else is an error, and nothing is changed.
//!
//! Locks are those of the operating system. They end with the process that holds them, however it ends; the files stay and
//! mean nothing.

mod error;
mod file;
mod folder;
mod line;
mod lock;

pub use error::LogError;
pub use file::Log;
pub use folder::StateFolder;
pub use lock::DeviceLock;
