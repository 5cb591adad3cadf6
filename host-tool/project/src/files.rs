//! The files that commands read and write: every input goes through [`read()`], every output through [`write()`],
//! [`stream`] or [`create`].
//!
//! Invariants:
//! - No file is read further than the largest file of its [`Kind`], and no further than its first bytes if these begin
//!   no file of that kind.
//! - No output replaces a file that this process has read or written, that its stdout goes to, or that holds a key.
//! - A regular file is replaced completely or not at all; anything else is written to where it is.

mod error;
mod identity;
mod inputs;
mod kind;
mod names;
mod outputs;
mod place;

pub use error::FileError;
pub use identity::mark_as_input;
pub use inputs::{Input, input, read, read_text};
pub use kind::Kind;
pub use names::{is_stdout, near, shown, with_ending};
pub use outputs::{check_outputs, create, read_note, stream, write, write_note};
